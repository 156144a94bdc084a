import type { SnapshotRows } from "./snapshot-rows.ts";

/** Where a reader's rows come from. It watches for changes by itself, and never throws or rejects. */
export interface SnapshotSource extends AsyncDisposable {
  /** Resolves when the first attempt to read has come to an end, well or not. */
  readonly firstAttempt: Promise<void>;
  /** Reads again now if anything changed. */
  refresh(): Promise<void>;
}

export interface SourceListener {
  rows(rows: SnapshotRows): void;
  failed(error: unknown): void;
}
