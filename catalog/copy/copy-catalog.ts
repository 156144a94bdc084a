import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type Telemetry } from "@weir/model";
import { type Kysely, sql } from "kysely";
import { type CatalogDatabase, type CatalogLocation, openDatabase, type Transacted } from "../database/database.ts";
import { appliedMigrations, refuseNewer } from "../database/migrate.ts";
import { migrations } from "../database/migrations/index.ts";
import { applicationName } from "../database/postgres.ts";
import type { MigrationTables } from "../database/schema.ts";
import { firstBrokenEntry } from "../records/audit.ts";
import { type CopiedTable, copiedTableNames, copiedTables, presentTables } from "./copied-tables.ts";
import { prepareTarget } from "./copy-target.ts";

export interface CatalogCopyOptions {
  readonly from: CatalogLocation;
  readonly to: CatalogLocation;
  /** Gives up what the other catalog holds. Default: one that holds anything is refused. */
  readonly replace?: boolean;
  readonly telemetry: Telemetry;
}

export interface CatalogCopy {
  /** Rows of each table, as they were counted on both sides. */
  readonly rows: Readonly<Record<CopiedTable, number>>;
  /** The first entry of the audit log that is not as it was written, on both sides; undefined when all are. */
  readonly firstBrokenEntry: number | undefined;
}

type Row = Record<string, unknown>;

/** Times the columns, under SQLite's limit of 32,766 parameters. */
const pageRows = 500;

/**
 * Copies the whole catalog into another database: all of it, in one transaction, or nothing. The source takes no
 * writes meanwhile. Secrets stay sealed, for the same master key. Rejects with a CodedError: NOT_FOUND when there is
 * nothing to copy, CONFLICT when either is in use or the target holds something, SCHEMA_TOO_NEW, CATALOG_UNAVAILABLE.
 */
export async function copyCatalog({ from, to, replace = false, telemetry }: CatalogCopyOptions): Promise<CatalogCopy> {
  if (from.url === undefined && !existsSync(from.file)) throw nothingThere();
  await using source = openDatabase(from, telemetry);
  return await source.write(async (reading) => {
    await prepareSource(reading, source.kind);
    await using target = openDatabase(to, telemetry);
    return await target.write(async (writing) => {
      if (target.kind === "postgres") await refuseInUse(writing, "copy to");
      await prepareTarget(writing, target.kind, replace);
      for (const table of copiedTableNames) await copyTable(reading, writing, table);
      return compared(reading, writing);
    });
  });
}

/** Refuses a catalog of another schema than this program's, and holds off its writers. */
async function prepareSource(source: Transacted, kind: CatalogDatabase["kind"]): Promise<void> {
  if (kind === "postgres") await refuseInUse(source, "copy from");
  if (!(await presentTables(source, kind)).has("catalog_migrations")) throw nothingThere();
  const done = await appliedMigrations(source as unknown as Kysely<MigrationTables>);
  refuseNewer(done, migrations);
  if (migrations.some(({ number }) => !done.has(number))) {
    throw new CodedError(
      "CONFLICT",
      "The catalog has the schema of an earlier Weir. Start this Weir on it once, then copy it.",
    );
  }
  if (kind === "postgres") {
    const tables = sql.join(copiedTableNames.map((table) => sql.table(table)));
    await sql`lock table ${tables} in share mode`.execute(source);
  }
}

/** What another Weir changes there while it is copied, or after, would be lost without a word. */
async function refuseInUse(database: Transacted, which: string): Promise<void> {
  let connections = await connectionsOfOthers(database);
  // Of a Weir that has just stopped, PostgreSQL may still be ending them.
  for (let attempt = 0; connections > 0 && attempt < 10; attempt++) {
    await delay(100);
    connections = await connectionsOfOthers(database);
  }
  if (connections === 0) return;
  const found = `Weir runs on the PostgreSQL catalog to ${which} (${connections} connections)`;
  throw new CodedError("CONFLICT", `${found}. Stop every node first.`);
}

async function connectionsOfOthers(database: Transacted): Promise<number> {
  await sql`select pg_stat_clear_snapshot()`.execute(database);
  const { rows } = await sql`select pid from pg_stat_activity
    where datname = current_database() and application_name = ${applicationName} and pid <> pg_backend_pid()`.execute(
    database,
  );
  return rows.length;
}

async function copyTable(source: Transacted, target: Transacted, table: CopiedTable): Promise<void> {
  const writing = target as unknown as Kysely<Record<string, Row>>;
  for await (const rows of pagesOf(source, table)) await writing.insertInto(table).values(rows).execute();
}

/** In the order of the primary key, so that a table of any size takes the memory of a page. */
async function* pagesOf(source: Transacted, table: CopiedTable): AsyncGenerator<Row[]> {
  const key: readonly string[] = copiedTables[table];
  const columns = sql.join(key.map((column) => sql.ref(column)));
  let last: Row | undefined;
  do {
    const from: Row | undefined = last;
    const rest =
      from === undefined ? sql`` : sql`where (${columns}) > (${sql.join(key.map((column) => from[column]))})`;
    const page = sql<Row>`select * from ${sql.table(table)} ${rest} order by ${columns} limit ${pageRows}`;
    const { rows } = await page.execute(source);
    if (rows.length > 0) yield rows;
    last = rows.length === pageRows ? rows.at(-1) : undefined;
  } while (last !== undefined);
}

/** Before the copy is committed: as many rows in each table, and the same chain of audit entries. */
async function compared(source: Transacted, target: Transacted): Promise<CatalogCopy> {
  const rows = {} as Record<CopiedTable, number>;
  for (const table of copiedTableNames) {
    const [before, after] = [await countRows(source, table), await countRows(target, table)];
    if (before !== after)
      throw new CodedError("INTERNAL", `Of ${before} rows of ${table}, ${after} arrived; nothing was copied.`);
    rows[table] = after;
  }
  const [before, after] = [await firstBrokenEntry(source), await firstBrokenEntry(target)];
  if (before !== after)
    throw new CodedError(
      "INTERNAL",
      `The audit log changed on its way (entry ${after ?? before}); nothing was copied.`,
    );
  return { rows, firstBrokenEntry: after };
}

async function countRows(database: Transacted, table: CopiedTable): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}`.execute(database);
  return Number(rows[0]?.rows);
}

function nothingThere(): CodedError {
  return new CodedError("NOT_FOUND", "There is no catalog to copy from: Weir was never started on it.");
}
