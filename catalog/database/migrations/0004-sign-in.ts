import type { Migration } from "../migrate.ts";

/** Sessions that can be listed and rotated, failed sign-ins, password resets, single sign-on. Everybody signs in again. */
export const signIn: Migration = {
  number: 4,
  name: "sign-in",
  statements: [
    "DROP TABLE sessions",
    `CREATE TABLE sessions (
      id text PRIMARY KEY,
      secret_hash text NOT NULL UNIQUE,
      previous_hash text UNIQUE,
      user_id text REFERENCES users (id) ON DELETE CASCADE,
      organization_id text REFERENCES organizations (id) ON DELETE CASCADE,
      method text NOT NULL,
      address text NOT NULL,
      user_agent text NOT NULL,
      created_at bigint NOT NULL,
      rotated_at bigint NOT NULL,
      last_seen_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
    "CREATE INDEX sessions_by_expiry ON sessions (expires_at)",
    "CREATE INDEX sessions_by_user ON sessions (user_id)",
    "DROP TABLE sign_in_links",
    `CREATE TABLE sign_in_links (
      token_hash text PRIMARY KEY,
      user_id text REFERENCES users (id) ON DELETE CASCADE,
      organization_id text REFERENCES organizations (id) ON DELETE CASCADE,
      attempt text,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
    `CREATE TABLE password_resets (
      token_hash text PRIMARY KEY,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at bigint NOT NULL,
      expires_at bigint NOT NULL
    )`,
    `CREATE TABLE sign_in_failures (
      subject text PRIMARY KEY,
      failures bigint NOT NULL,
      failed_at bigint NOT NULL,
      blocked_until bigint NOT NULL
    )`,
    `CREATE TABLE identity_providers (
      id text PRIMARY KEY,
      organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      kind text NOT NULL,
      name text NOT NULL,
      settings text NOT NULL,
      sealed_secret text,
      created_at bigint NOT NULL
    )`,
    `CREATE TABLE user_identities (
      provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
      subject text NOT NULL,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at bigint NOT NULL,
      PRIMARY KEY (provider_id, subject)
    )`,
    "CREATE INDEX user_identities_by_user ON user_identities (user_id)",
  ],
};
