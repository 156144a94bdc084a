import type { Migration } from "../migrate.ts";

/** Organisations, projects, keys, provider connections, users and how they come in. */
export const first: Migration = {
  number: 1,
  name: "first",
  statements: [
    "CREATE TABLE catalog_state (id integer PRIMARY KEY, version bigint NOT NULL)",
    "INSERT INTO catalog_state (id, version) VALUES (1, 1)",
    `CREATE TABLE organizations (
      id text PRIMARY KEY,
      name text NOT NULL,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE projects (
      id text PRIMARY KEY,
      organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name text NOT NULL,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE api_keys (
      id text PRIMARY KEY,
      project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
      name text NOT NULL,
      secret_hash text NOT NULL UNIQUE,
      mask text NOT NULL,
      scopes text NOT NULL,
      created_at bigint NOT NULL,
      expires_at bigint,
      revoked_at bigint,
      last_used_at bigint
    )`,
    "CREATE INDEX api_keys_by_project ON api_keys (project_id)",
    `CREATE TABLE provider_connections (
      id text PRIMARY KEY,
      project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
      provider text NOT NULL,
      base_url text,
      sealed_secret text NOT NULL,
      created_at bigint NOT NULL,
      UNIQUE (project_id, provider)
    )`,
    `CREATE TABLE users (
      id text PRIMARY KEY,
      email text NOT NULL UNIQUE,
      password_hash text,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE sessions (
      secret_hash text PRIMARY KEY,
      user_id text REFERENCES users (id) ON DELETE CASCADE,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
    "CREATE INDEX sessions_by_expiry ON sessions (expires_at)",
    `CREATE TABLE sign_in_links (
      token_hash text PRIMARY KEY,
      user_id text REFERENCES users (id) ON DELETE CASCADE,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
  ],
};
