import type { Migration } from "../migrate.ts";

/** Who belongs where, and as what. Users that were there before become owners of the default organisation. */
export const people: Migration = {
  number: 2,
  name: "people",
  statements: [
    "ALTER TABLE organizations ADD COLUMN password_sign_in text NOT NULL DEFAULT 'everyone'",
    "ALTER TABLE users ADD COLUMN name text NOT NULL DEFAULT ''",
    // Null: this person has only the roles that a project or a team gives.
    `CREATE TABLE memberships (
      organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      role text,
      source text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (organization_id, user_id)
    )`,
    "CREATE INDEX memberships_by_user ON memberships (user_id)",
    `INSERT INTO memberships (organization_id, user_id, role, source, created_at)
      SELECT organizations.id, users.id, 'owner', 'direct', users.created_at FROM users, organizations
      WHERE organizations.id = 'default'`,
    `CREATE TABLE teams (
      id text PRIMARY KEY,
      organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name text NOT NULL,
      created_at bigint NOT NULL,
      UNIQUE (organization_id, name)
    )`,
    `CREATE TABLE team_members (
      team_id text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at bigint NOT NULL,
      PRIMARY KEY (team_id, user_id)
    )`,
    `CREATE TABLE project_members (
      project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      role text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (project_id, user_id)
    )`,
    `CREATE TABLE project_teams (
      project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
      team_id text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
      role text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (project_id, team_id)
    )`,
    `CREATE TABLE invitations (
      id text PRIMARY KEY,
      organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      email text NOT NULL,
      role text,
      project_id text REFERENCES projects (id) ON DELETE CASCADE,
      project_role text,
      token_hash text NOT NULL UNIQUE,
      invited_by text NOT NULL,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
    "CREATE INDEX invitations_by_organization ON invitations (organization_id)",
    // A personal key acts for its user, never with more than the user's own roles.
    "ALTER TABLE api_keys ADD COLUMN user_id text REFERENCES users (id) ON DELETE CASCADE",
    `UPDATE api_keys SET scopes = '["ingest","query","gateway"]' WHERE scopes = '["use"]'`,
    `UPDATE api_keys SET scopes = '["ingest","query","gateway","manage"]' WHERE scopes LIKE '%"all"%'`,
  ],
};
