import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { type SnapshotRows, snapshotRows } from "./snapshot-rows.ts";

/** The snapshot that was kept last; undefined when there is none that can be read. */
export function readSnapshotFile(file: string): SnapshotRows | undefined {
  try {
    return snapshotRows.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Keeps the rows for a start without the database. Secrets stay sealed, keys stay hashes. Whole or not at all. */
export function writeSnapshotFile(file: string, rows: SnapshotRows): void {
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, JSON.stringify(rows));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}
