import { CodedError } from "@weir/model";
import { type Kysely, sql } from "kysely";
import type { CatalogDatabase, Transacted } from "../database/database.ts";
import { appliedMigrations, applyMissing, lockSchema, refuseNewer } from "../database/migrate.ts";
import { migrations } from "../database/migrations/index.ts";
import type { MigrationTables } from "../database/schema.ts";
import { copiedTableNames, presentTables, stateTables } from "./copied-tables.ts";

type Kind = CatalogDatabase["kind"];

/**
 * Makes a database ready to be copied into: every table there, and empty. What Weir kept there goes only when that is
 * wished (`replace`); tables that are not Weir's are never touched. Rejects with CONFLICT or SCHEMA_TOO_NEW.
 */
export async function prepareTarget(target: Transacted, kind: Kind, replace: boolean): Promise<void> {
  const schema = target as unknown as Kysely<MigrationTables>;
  if (kind === "postgres") await lockSchema(schema);
  const present = await presentTables(target, kind);
  if (present.has("catalog_migrations")) {
    refuseNewer(await appliedMigrations(schema), migrations);
    const filled = await filledTables(target, present);
    if (filled.length > 0 && !replace) throw notEmpty(filled);
    await dropTables(target, kind);
  } else {
    const foreign = copiedTableNames.filter((table) => present.has(table));
    if (foreign.length > 0) throw notOurs(foreign);
  }
  await applyMissing(schema, migrations, kind);
  for (const table of stateTables) await sql`delete from ${sql.table(table)}`.execute(target);
}

async function filledTables(target: Transacted, present: ReadonlySet<string>): Promise<string[]> {
  const filled: string[] = [];
  for (const table of copiedTableNames) {
    if (stateTables.has(table) || !present.has(table)) continue;
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(target);
    if (rows.length > 0) filled.push(table);
  }
  return filled;
}

/** Dropping is how the audit log's own triggers let it be replaced as a whole, and never in part. */
async function dropTables(target: Transacted, kind: Kind): Promise<void> {
  for (const table of [...copiedTableNames].reverse()) {
    await sql`drop table if exists ${sql.table(table)}`.execute(target);
  }
  await sql`drop table catalog_migrations`.execute(target);
  if (kind === "postgres") await sql`drop function if exists refuse_audit_change()`.execute(target);
}

function notEmpty(filled: readonly string[]): CodedError {
  return new CodedError(
    "CONFLICT",
    `The catalog to copy to is not empty (${filled.join(", ")}). With --replace what is there is given up.`,
  );
}

function notOurs(foreign: readonly string[]): CodedError {
  return new CodedError(
    "CONFLICT",
    `The database to copy to has tables that are not Weir's (${foreign.join(", ")}). Give Weir a database, or a schema, of its own.`,
  );
}
