import type { Migration } from "../migrate.ts";

/** The audit log: only ever appended to, each entry with the hash of the one before. */
export const audit: Migration = {
  number: 3,
  name: "audit",
  statements: [
    `CREATE TABLE audit_entries (
      sequence bigint PRIMARY KEY,
      id text NOT NULL UNIQUE,
      time bigint NOT NULL,
      organization_id text,
      project_id text,
      actor_kind text NOT NULL,
      actor_id text NOT NULL,
      actor_name text NOT NULL,
      address text NOT NULL,
      user_agent text NOT NULL,
      action text NOT NULL,
      target_kind text NOT NULL,
      target_id text NOT NULL,
      before_value text,
      after_value text,
      previous_hash text NOT NULL,
      hash text NOT NULL
    )`,
    "CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, sequence)",
    "CREATE INDEX audit_entries_by_time ON audit_entries (time)",
    "CREATE TABLE audit_head (id integer PRIMARY KEY, sequence bigint NOT NULL, hash text NOT NULL)",
    "INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, '')",
  ],
  sqliteStatements: [
    `CREATE TRIGGER audit_entries_are_never_changed BEFORE UPDATE ON audit_entries
      BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END`,
    `CREATE TRIGGER audit_entries_are_never_deleted BEFORE DELETE ON audit_entries
      BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END`,
  ],
  postgresStatements: [
    `CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the audit log is only appended to'; END $$`,
    `CREATE TRIGGER audit_entries_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`,
  ],
};
