import { CodedError, type Telemetry } from "@weir/model";
import { type Kysely, sql } from "kysely";
import { migrated } from "../events.ts";
import { type CatalogDatabase, guarded } from "./database.ts";
import type { MigrationTables } from "./schema.ts";

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SQL that both databases understand. */
  readonly statements: readonly string[];
  /** What each says in its own way, after the others. */
  readonly sqliteStatements?: readonly string[];
  readonly postgresStatements?: readonly string[];
}

/** Any number that no other program is likely to lock. */
const migrationLock = 7_238_190_427;

/**
 * Brings the schema up to the last migration, all in one transaction: a process that dies leaves the old schema.
 * Rejects with SCHEMA_TOO_NEW, and touches nothing, when a newer Weir has been here.
 */
export async function migrate(
  database: CatalogDatabase,
  migrations: readonly Migration[],
  telemetry: Telemetry,
): Promise<void> {
  const connection = database.connection as unknown as Kysely<MigrationTables>;
  const applied = await guarded(() =>
    connection.transaction().execute(async (transaction) => {
      if (database.kind === "postgres") await lockSchema(transaction);
      return applyMissing(transaction, migrations, database.kind);
    }),
  );
  const newest = applied.at(-1);
  if (newest === undefined) return;
  telemetry.emit(migrated, { schema_version: newest.number, migrations: applied.length });
}

/** PostgreSQL: until the transaction ends nobody else brings this schema up to date. */
export async function lockSchema(transaction: Kysely<MigrationTables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(transaction);
}

/** Numbers of the migrations that were applied; rejects where there is no schema at all. */
export async function appliedMigrations(connection: Kysely<MigrationTables>): Promise<ReadonlySet<number>> {
  const rows = await connection.selectFrom("catalog_migrations").select("number").execute();
  return new Set(rows.map((row) => row.number));
}

/** Applies what is missing, in the caller's transaction. */
export async function applyMissing(
  transaction: Kysely<MigrationTables>,
  migrations: readonly Migration[],
  kind: CatalogDatabase["kind"],
): Promise<readonly Migration[]> {
  await sql`CREATE TABLE IF NOT EXISTS catalog_migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)`.execute(
    transaction,
  );
  const done = await appliedMigrations(transaction);
  refuseNewer(done, migrations);
  const missing = migrations.filter(({ number }) => !done.has(number));
  for (const migration of missing) await apply(transaction, migration, kind);
  return missing;
}

/** Throws SCHEMA_TOO_NEW where a migration was applied that this program does not know. */
export function refuseNewer(done: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const newest = Math.max(0, ...done);
  const known = migrations.at(-1)?.number ?? 0;
  if (newest > known) {
    throw new CodedError(
      "SCHEMA_TOO_NEW",
      `The catalog has schema ${newest}, this Weir knows schemas up to ${known}. Install the version that wrote it, or a newer one.`,
    );
  }
}

async function apply(
  transaction: Kysely<MigrationTables>,
  { number, name, statements, sqliteStatements = [], postgresStatements = [] }: Migration,
  kind: CatalogDatabase["kind"],
): Promise<void> {
  const own = kind === "sqlite" ? sqliteStatements : postgresStatements;
  for (const statement of [...statements, ...own]) await sql.raw(statement).execute(transaction);
  await transaction.insertInto("catalog_migrations").values({ number, name, applied_at: Date.now() }).execute();
}
