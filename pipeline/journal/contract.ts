import type { Telemetry } from "@weir/model";
import type { CallLog } from "../consumer.ts";
import type { SegmentFiles } from "./segment-file.ts";

export interface JournalOptions {
  /** The folder of all journals of this machine. */
  readonly directory: string;
  /** Who writes: `gateway-0`, `ingest`. Letters, digits, `-` and `_`. Several processes may share a name. */
  readonly producer: string;
  /** What this producer's files may take on disk, drained ones not counted. Default 4 GiB. */
  readonly limitBytes?: number;
  /** A segment is closed once it is this long. Default 64 MiB, at most an eighth of the limit. */
  readonly segmentBytes?: number;
  /** Bytes handed over and not yet on disk; beyond them `consume` refuses. Default 64 MiB. */
  readonly queueBytes?: number;
  /** Free space that is left to others on the disk: below it the disk counts as full. Default 32 MiB. */
  readonly reserveBytes?: number;
  /** Under load, the least time between two commits. Default 5. */
  readonly commitIntervalMs?: number;
  readonly telemetry: Telemetry;
  /** Wall clock in ms since 1970; for tests. */
  readonly now?: () => number;
  /** The disk; for tests. */
  readonly files?: SegmentFiles;
}

export interface JournalStatus {
  readonly state: "ok" | "full" | "disk_full" | "failed" | "closed";
  /** On disk as last counted, and what was handed over since. */
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly queuedBytes: number;
  readonly openCalls: number;
  /** Since the journal was opened. */
  readonly acknowledgedRows: number;
  readonly refusedRows: number;
  readonly commits: number;
}

/**
 * The log of one process: segments in a folder of its own, `<directory>/<producer>/<incarnation>/`. What is
 * consumed is acknowledged after fdatasync, in groups. Disposing commits what was handed over and closes.
 */
export interface Journal extends CallLog, AsyncDisposable {
  readonly folder: string;
  readonly incarnation: string;
  status(): JournalStatus;
}
