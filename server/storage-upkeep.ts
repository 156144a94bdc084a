import { setTimeout as sleep } from "node:timers/promises";
import { asCodedError, type Telemetry } from "@weir/model";
import {
  type InsertedRows,
  type Inserter,
  startWriter,
  type Writer,
  type WriterSettings,
  type WriterStatus,
} from "@weir/pipeline";
import { recentCalls, type Store } from "@weir/storage";
import { storageReady, storageWaiting } from "./events.ts";
import type { PartState } from "./role.ts";

/** What is asked of the store. */
export type UpkeptStore = Inserter & Pick<Store, "whyUnavailable" | "migrate" | "query">;

export interface StorageUpkeepOptions {
  readonly store: UpkeptStore;
  readonly journalDirectory: string;
  readonly writerSettings: Partial<WriterSettings>;
  readonly telemetry: Telemetry;
  readonly onInserted: (rows: InsertedRows) => void;
}

const retryMs = { first: 25, last: 2000 } as const;
const reportEveryMs = 30_000;

/**
 * Brings the schema up to date as soon as storage answers, however late that is, and only then starts the writer:
 * until it runs, rows wait in the journals.
 */
export class StorageUpkeep implements AsyncDisposable {
  readonly #options: StorageUpkeepOptions;
  readonly #stopping = new AbortController();
  readonly #opened: Promise<void>;
  #writer: Writer | undefined;
  #problem = "It was not asked yet.";

  constructor(options: StorageUpkeepOptions) {
    this.#options = options;
    this.#opened = this.#open();
  }

  writerStatus(): WriterStatus | undefined {
    return this.#writer?.status();
  }

  async storageState(): Promise<PartState> {
    if (this.#writer === undefined) return { status: "starting", message: this.#problem };
    const message = await this.#options.store.whyUnavailable();
    return message === undefined ? { status: "ok" } : { status: "unavailable", message };
  }

  journalState(): PartState {
    const status = this.writerStatus();
    if (status === undefined)
      return { status: "starting", message: "Rows wait in the journal until storage is ready." };
    return {
      status: status.state === "ok" ? "ok" : "degraded",
      lag_rows: status.lagRows,
      lag_bytes: status.lagBytes,
      lag_seconds: status.lagMs / 1000,
      set_aside_rows: status.setAsideRows,
      ...(status.lastError !== undefined && status.state !== "ok" && { message: status.lastError }),
    };
  }

  /**
   * Stores what is in the journals, for as long as the deadline allows and storage answers; the rest waits for the
   * next start.
   */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#writer === undefined) return;
    const isOver = new AbortController();
    await Promise.race([this.#writer.drain(), this.#storageIsGone(deadlineMs, isOver.signal)]);
    isOver.abort();
  }

  async #storageIsGone(deadlineMs: number, isOver: AbortSignal): Promise<void> {
    const untilMs = performance.now() + deadlineMs;
    const { store } = this.#options;
    while (!isOver.aborted && performance.now() < untilMs && (await store.whyUnavailable()) === undefined) {
      await sleep(200, undefined, { signal: isOver }).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#opened;
    await this.#writer?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    let pauseMs: number = retryMs.first;
    let reportedAtMs = performance.now() - reportEveryMs + 3000;
    while (!this.#stopping.signal.aborted) {
      if (await this.#tryOpen()) return;
      if (performance.now() - reportedAtMs >= reportEveryMs) {
        reportedAtMs = performance.now();
        this.#options.telemetry.emit(storageWaiting, { error: this.#problem });
      }
      await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(retryMs.last, pauseMs * 1.5);
    }
  }

  async #tryOpen(): Promise<boolean> {
    const { store, telemetry, journalDirectory, writerSettings, onInserted } = this.#options;
    try {
      const problem = await store.whyUnavailable();
      if (problem !== undefined) {
        this.#problem = problem;
        return false;
      }
      const { schemaVersion, applied } = await store.migrate();
      this.#writer = await startWriter({
        directory: journalDirectory,
        insert: store,
        telemetry,
        onInserted,
        recentCalls: () => recentCalls(store),
        settings: writerSettings,
      });
      telemetry.emit(storageReady, { schema_version: schemaVersion, migrations: applied.length });
      return true;
    } catch (thrown) {
      this.#problem = asCodedError(thrown).code === "INTERNAL" ? String(thrown) : asCodedError(thrown).message;
      return false;
    }
  }
}
