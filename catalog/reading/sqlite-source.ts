import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { isBusy } from "../database/failures.ts";
import { openSqliteReadOnly } from "../database/sqlite.ts";
import { type SnapshotRows, snapshotParts, snapshotQueries, versionQuery } from "./snapshot-rows.ts";
import type { SnapshotSource, SourceListener } from "./source.ts";

const pollIntervalMs = 500;

interface OpenFile {
  readonly database: DatabaseSync;
  readonly inode: number;
  /** `PRAGMA data_version`: changes when another connection commits. */
  dataVersion: number;
  /** `catalog_state.version` of the rows that were given out. */
  version: number;
}

/** Watches a catalog file by asking, twice a second, for a number that SQLite keeps in memory. */
export function watchSqlite(file: string, listener: SourceListener): SnapshotSource {
  let open: OpenFile | undefined;

  const close = (): void => {
    open?.database.close();
    open = undefined;
  };

  const poll = (): void => {
    try {
      open = reopenIfReplaced(file, open);
      const rows = open === undefined ? undefined : changedRows(open);
      if (rows !== undefined) listener.rows(rows);
    } catch (thrown) {
      // The file is being recovered or moved: the next look will tell.
      if (isBusy(thrown)) return;
      close();
      listener.failed(thrown);
    }
  };

  poll();
  const timer = setInterval(poll, pollIntervalMs).unref();
  return {
    firstAttempt: Promise.resolve(),
    refresh: async () => poll(),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      close();
    },
  };
}

/** The file may come later, and may be replaced by another (a restored backup). While it is gone, nothing changes. */
function reopenIfReplaced(file: string, open: OpenFile | undefined): OpenFile | undefined {
  const inode = statSync(file, { throwIfNoEntry: false })?.ino;
  if (inode === undefined || inode === open?.inode) return open;
  open?.database.close();
  const database = openSqliteReadOnly(file);
  return database === undefined ? undefined : { database, inode, dataVersion: -1, version: -1 };
}

function changedRows(open: OpenFile): SnapshotRows | undefined {
  const dataVersion = numberOf(open.database, "PRAGMA data_version");
  if (dataVersion === open.dataVersion) return undefined;
  open.database.exec("BEGIN");
  try {
    const rows = readIfNewer(open);
    open.dataVersion = dataVersion;
    return rows;
  } finally {
    open.database.exec("COMMIT");
  }
}

/** A file that core has not yet given its schema reads as unchanged. */
function readIfNewer(open: OpenFile): SnapshotRows | undefined {
  const { database } = open;
  if (numberOf(database, "SELECT count(*) FROM sqlite_master WHERE name = 'catalog_state'") === 0) return undefined;
  const version = numberOf(database, versionQuery);
  if (version === open.version) return undefined;
  open.version = version;
  const parts = snapshotParts.map((part) => [part, database.prepare(snapshotQueries[part]).all()] as const);
  return { version, ...Object.fromEntries(parts) } as unknown as SnapshotRows;
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}
