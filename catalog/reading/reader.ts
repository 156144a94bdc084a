import type { Telemetry } from "@weir/model";
import type { CatalogLocation } from "../database/database.ts";
import { refreshFailed, snapshotNotKept, startedFromSnapshot } from "../events.ts";
import type { MasterKeyPlace } from "../secrets/key-ring.ts";
import { watchPostgres } from "./postgres-source.ts";
import { openSecrets } from "./secrets-opener.ts";
import { buildSnapshot, type CatalogSnapshot } from "./snapshot.ts";
import { readSnapshotFile, writeSnapshotFile } from "./snapshot-file.ts";
import { noRows, type SnapshotRows } from "./snapshot-rows.ts";
import type { SnapshotSource, SourceListener } from "./source.ts";
import { watchSqlite } from "./sqlite-source.ts";

export type CatalogReaderOptions = CatalogLocation &
  MasterKeyPlace & {
    /** Where the last snapshot is kept for a start while the database cannot be read. */
    readonly cacheFile?: string | undefined;
    readonly telemetry: Telemetry;
    readonly now?: () => number;
  };

/** The catalog in memory, at most a second old while the database can be read, and as it was last otherwise. */
export interface CatalogReader extends AsyncDisposable {
  current(): CatalogSnapshot;
  /** Reads again now if anything changed. */
  refresh(): Promise<void>;
}

const startTimeoutMs = 3000;
const failureSilenceMs = 30_000;

/** Always resolves, within seconds: without a database and without a snapshot on disk, the catalog is empty. */
export async function openCatalogReader(options: CatalogReaderOptions): Promise<CatalogReader> {
  const { telemetry, cacheFile, now = Date.now } = options;
  const secrets = openSecrets(options, telemetry, now);
  const build = (rows: SnapshotRows): CatalogSnapshot => {
    secrets.keepOnly(rows.connections);
    return buildSnapshot(rows, { now, openSecret: secrets.open });
  };
  const kept = cacheFile === undefined ? undefined : readSnapshotFile(cacheFile);
  let snapshot = build(kept ?? noRows);
  let isRead = false;
  const source = watch(options, {
    rows(rows) {
      snapshot = build(rows);
      isRead = true;
      if (cacheFile !== undefined) keep(cacheFile, rows, telemetry);
    },
    failed: nowAndThen(now, (error) => telemetry.emit(refreshFailed, { error: String(error) })),
  });
  await Promise.race([source.firstAttempt, delay(startTimeoutMs)]);
  if (!isRead && kept !== undefined) telemetry.emit(startedFromSnapshot, { version: kept.version });
  return {
    current: () => snapshot,
    refresh: () => source.refresh(),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function watch(location: CatalogLocation, listener: SourceListener): SnapshotSource {
  return location.url === undefined ? watchSqlite(location.file, listener) : watchPostgres(location.url, listener);
}

function keep(file: string, rows: SnapshotRows, telemetry: Telemetry): void {
  try {
    writeSnapshotFile(file, rows);
  } catch (thrown) {
    telemetry.emit(snapshotNotKept, { error: String(thrown) });
  }
}

/** Reports the first failure, and then no more than one in half a minute. */
function nowAndThen(now: () => number, report: (error: unknown) => void): (error: unknown) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (now() - reportedAt < failureSilenceMs) return;
    reportedAt = now();
    report(error);
  };
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs).unref());
}
