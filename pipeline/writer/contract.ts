import type { StoredCall, TableName, Telemetry } from "@weir/model";
import type { Inserter } from "../consumer.ts";

export interface WriterSettings {
  /** Calm: how long a row waits for company before its insert. Default 150. */
  readonly gatherMs: number;
  /** After an insert storage rests this many times as long as it took, at most `longestRestMs`. Defaults 3 and 2,000. */
  readonly restFactor: number;
  readonly longestRestMs: number;
  /** A batch is closed at this many rows. Default 100,000. */
  readonly batchRows: number;
  /** … or at this many bytes. Default 64 MiB. */
  readonly batchBytes: number;
  /** Inserts under way at once. Default 2. */
  readonly inserters: number;
  /** How often folders are looked at when no notice of a change came. Default 2,000. */
  readonly pollMs: number;
  /** Waits between tries of a batch: doubled from the first to the last. Defaults 100 and 10,000. */
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
  /** Rows that storage refuses are kept in `set-aside/` up to this; beyond it they stay in the journal. Default 1 GiB. */
  readonly setAsideBytes: number;
  /** The latest calls, by which a later record of one is known; 72 bytes each. Default 500,000. */
  readonly rememberedCalls: number;
}

/** A batch that is now stored. */
export interface InsertedRows {
  readonly table: TableName;
  readonly rowCount: number;
  /** The projects that have rows in it. */
  readonly projects: ReadonlySet<string>;
}

export interface WriterOptions {
  /** The folder of all journals of this machine. */
  readonly directory: string;
  readonly insert: Inserter;
  readonly telemetry: Telemetry;
  /** Called after each insert. Must not throw. */
  readonly onInserted?: (rows: InsertedRows) => void;
  /** Calls of the last minutes that storage has, oldest first, so that a restart forgets none. */
  readonly recentCalls?: () => Promise<readonly StoredCall[]>;
  readonly settings?: Partial<WriterSettings>;
}

export interface WriterStatus {
  /** `retrying`: storage does not take the rows at present. `blocked`: the writer's own log cannot be written. */
  readonly state: "ok" | "retrying" | "blocked";
  /** What is durable in the journals and not yet stored. */
  readonly lagRows: number;
  readonly lagBytes: number;
  /** Age of the oldest such row, 0 when there is none. */
  readonly lagMs: number;
  readonly insertedRows: number;
  readonly insertedBatches: number;
  readonly setAsideRows: number;
  readonly journals: number;
  readonly lastError: string | undefined;
}

export interface Writer extends AsyncDisposable {
  status(): WriterStatus;
  /** Resolves once everything that was durable at the time of the call is stored or set aside. */
  drain(): Promise<void>;
}
