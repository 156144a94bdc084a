import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import { unkeptCharacter } from "./failures.ts";

/** Opens the file, which only this user may read, for its one writer; what is committed is on disk (WAL, full sync). */
export function openSqlite(file: string): DatabaseSync {
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;");
  // From here on `database.ts` waits for another process's lock: SQLite's own waiting would stop the event loop.
  database.exec("PRAGMA busy_timeout = 50");
  return database;
}

/** Opens an existing file for reading only; undefined while there is none. */
export function openSqliteReadOnly(file: string): DatabaseSync | undefined {
  return existsSync(file) ? new DatabaseSync(file, { timeout: 50, readOnly: true }) : undefined;
}

/** Kysely over Node's own SQLite. Kysely speaks better-sqlite3's interface; `node:sqlite` spreads parameters. */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const adapter: SqliteDatabase = {
    close: () => database.close(),
    // A transaction that reads first and writes later must not find that another writer came between.
    prepare: (sql) => adaptStatement(database, sql === "begin" ? "begin immediate" : sql),
  };
  return new SqliteDialect({ database: adapter });
}

function adaptStatement(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  const values = (parameters: readonly unknown[]) => {
    if (parameters.some((value) => typeof value === "string" && value.includes("\0"))) throw unkeptCharacter();
    return parameters as readonly SQLInputValue[];
  };
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}
