import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type Telemetry } from "@weir/model";
import { type Dialect, Kysely, sql, type Transaction } from "kysely";
import { databaseUnreachable } from "../events.ts";
import { asCatalogError, isBusy } from "./failures.ts";
import { openPostgres, postgresDialect } from "./postgres.ts";
import type { CatalogTables } from "./schema.ts";
import { openSqlite, sqliteDialect } from "./sqlite.ts";

/** Where the catalog lies: a PostgreSQL address, or the path of a SQLite file. */
export type CatalogLocation =
  | { readonly url: string; readonly file?: undefined }
  | { readonly file: string; readonly url?: undefined };

export type Transacted = Transaction<CatalogTables>;

/** The channel on which PostgreSQL tells the readers of a change. */
export const changeChannel = "weir_catalog";

const busyPatienceMs = 5000;
const busyRetryMs = 20;

/** The writer's database. Every method rejects with a CodedError. */
export interface CatalogDatabase extends AsyncDisposable {
  readonly kind: "sqlite" | "postgres";
  readonly connection: Kysely<CatalogTables>;
  /** Reads. */
  read<Result>(query: (connection: Kysely<CatalogTables>) => Promise<Result>): Promise<Result>;
  /** Writes that no reader keeps in memory: sessions, last uses. All or nothing, on disk when it resolves. */
  write<Result>(statements: (transaction: Transacted) => Promise<Result>): Promise<Result>;
  /** Writes that readers must see within a second. All or nothing, on disk when it resolves. */
  change<Result>(statements: (transaction: Transacted) => Promise<Result>): Promise<Result>;
}

export function openDatabase(location: CatalogLocation, telemetry: Telemetry): CatalogDatabase {
  const kind = location.url === undefined ? "sqlite" : "postgres";
  const connection = new Kysely<CatalogTables>({ dialect: dialectFor(location, telemetry) });
  return {
    kind,
    connection,
    read: (query) => guarded(() => query(connection)),
    write: (statements) => guarded(() => connection.transaction().execute(statements)),
    change: (statements) =>
      guarded(() =>
        connection.transaction().execute(async (transaction) => {
          const result = await statements(transaction);
          await announceChange(transaction, kind);
          return result;
        }),
      ),
    [Symbol.asyncDispose]: () => connection.destroy(),
  };
}

/** Waits for another process's lock on the file; nothing was begun then. Other failures become coded errors. */
export async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + busyPatienceMs;
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isBusy(thrown) || Date.now() > deadline) throw asCatalogError(thrown);
      await delay(busyRetryMs);
    }
  }
}

function dialectFor(location: CatalogLocation, telemetry: Telemetry): Dialect {
  if (location.url === undefined) {
    mkdirSync(dirname(location.file), { recursive: true });
    return sqliteDialect(openFile(location.file));
  }
  if (!/^postgres(ql)?:\/\//.test(location.url)) {
    throw new CodedError("CONFIG_INVALID", "The catalog's address must begin with postgres:// or postgresql://.");
  }
  const onIdleError = (error: Error) => telemetry.emit(databaseUnreachable, { error: error.message });
  return postgresDialect(openPostgres(location.url, onIdleError));
}

function openFile(file: string) {
  try {
    return openSqlite(file);
  } catch (thrown) {
    throw new CodedError("CATALOG_UNAVAILABLE", `The catalog file ${file} could not be opened.`, { cause: thrown });
  }
}

async function announceChange(transaction: Transacted, kind: "sqlite" | "postgres"): Promise<void> {
  await transaction
    .updateTable("catalog_state")
    .set((expression) => ({ version: expression("version", "+", 1) }))
    .execute();
  if (kind === "postgres") await sql`select pg_notify(${changeChannel}, '')`.execute(transaction);
}
