import { sql } from "kysely";
import type { CatalogDatabase, Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";

/** Every table of the catalog with its primary key; what others refer to comes before them. */
export const copiedTables = {
  organizations: ["id"],
  users: ["id"],
  projects: ["id"],
  api_keys: ["id"],
  provider_connections: ["id"],
  memberships: ["organization_id", "user_id"],
  teams: ["id"],
  team_members: ["team_id", "user_id"],
  project_members: ["project_id", "user_id"],
  project_teams: ["project_id", "team_id"],
  invitations: ["id"],
  identity_providers: ["id"],
  user_identities: ["provider_id", "subject"],
  sessions: ["id"],
  sign_in_links: ["token_hash"],
  password_resets: ["token_hash"],
  sign_in_failures: ["subject"],
  audit_entries: ["sequence"],
  audit_head: ["id"],
  catalog_state: ["id"],
} as const satisfies { readonly [Table in keyof CatalogTables]: readonly (keyof CatalogTables[Table])[] };

export type CopiedTable = keyof typeof copiedTables;
export const copiedTableNames = Object.keys(copiedTables) as readonly CopiedTable[];

/** Each schema makes their one row; it says nothing of whether anything was kept. */
export const stateTables: ReadonlySet<string> = new Set<CopiedTable>(["audit_head", "catalog_state"]);

/** The tables that a database has, Weir's and others'. */
export async function presentTables(database: Transacted, kind: CatalogDatabase["kind"]): Promise<ReadonlySet<string>> {
  const query =
    kind === "sqlite"
      ? sql<{ name: string }>`select name from sqlite_master where type = 'table'`
      : sql<{
          name: string;
        }>`select table_name as name from information_schema.tables where table_schema = current_schema()`;
  return new Set((await query.execute(database)).rows.map(({ name }) => name));
}
