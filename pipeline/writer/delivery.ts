import { setTimeout as sleep } from "node:timers/promises";
import { asCodedError, type CodedError, type TableName, type Telemetry } from "@weir/model";
import { collectFirstColumn } from "../blocks/block-reader.ts";
import type { Inserter } from "../consumer.ts";
import { batchInserted, insertRetried, rowsHeldBack, rowsSetAside, writerStepFailed } from "../events.ts";
import type { BatchLog } from "./batch-log.ts";
import type { InsertedRows, WriterSettings } from "./contract.ts";
import { JointBlocks, piecesOf, type RowBlock } from "./joint-blocks.ts";
import type { SetAside } from "./set-aside.ts";

/** Rows that go out as one insert. */
export interface Delivery {
  readonly table: TableName;
  readonly token: string;
  readonly blocks: readonly RowBlock[];
}

export interface Counts {
  insertedRows: number;
  insertedBatches: number;
  setAsideRows: number;
}

export interface DelivererOptions {
  readonly inserter: Inserter;
  readonly log: BatchLog;
  readonly setAside: SetAside;
  readonly settings: WriterSettings;
  readonly telemetry: Telemetry;
  readonly onInserted: ((rows: InsertedRows) => void) | undefined;
  /** Ends all waiting between tries. */
  readonly signal: AbortSignal;
}

const rowsIn = (blocks: readonly RowBlock[]) => blocks.reduce((sum, { rowCount }) => sum + rowCount, 0);

/**
 * Brings rows into storage, however long that takes: the same rows under the same token until they are in. Rows that
 * storage refuses for good are narrowed down by halving, so that one bad frame does not take others with it, and
 * set aside.
 */
export class Deliverer {
  readonly counts: Counts = { insertedRows: 0, insertedBatches: 0, setAsideRows: 0 };
  readonly #options: DelivererOptions;
  readonly #joint = new JointBlocks();
  /** The tokens that storage does not take at present, with the last answer. */
  readonly #failing = new Map<string, string>();
  #failures = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  get failingCount(): number {
    return this.#failing.size;
  }

  /** How many inserts have failed so far. A request that failed may still hold its rows' bytes. */
  get failures(): number {
    return this.#failures;
  }

  get lastError(): string | undefined {
    return [...this.#failing.values()].at(-1);
  }

  /** Resolves once every row is stored or set aside. Rejects only when the signal ends the waiting. */
  async deliver({ table, token, blocks }: Delivery): Promise<void> {
    const { log } = this.#options;
    if (!log.isSplit(token)) {
      const refusal = await this.#insert({ table, token, blocks });
      if (refusal === undefined) return;
      if (blocks.length === 1) return this.#putAside({ table, token, blocks }, refusal);
      await this.#untilDone(token, () => log.split(token));
    }
    const middle = Math.ceil(blocks.length / 2);
    await this.deliver({ table, token: `${token}a`, blocks: blocks.slice(0, middle) });
    await this.deliver({ table, token: `${token}b`, blocks: blocks.slice(middle) });
  }

  /** Tries until the rows are in, or returns the error that says they never will be. */
  async #insert({ table, token, blocks }: Delivery): Promise<CodedError | undefined> {
    const rowCount = rowsIn(blocks);
    const batch = { table, token, rowCount, blocks: this.#joint.of(table, blocks) };
    const refusal = await this.#untilDone(token, async () => {
      try {
        await this.#options.inserter.insert(batch);
        return undefined;
      } catch (error) {
        this.#failures++;
        const coded = asCodedError(error);
        if (coded.retryable) throw coded;
        return coded;
      }
    });
    if (refusal === undefined) this.#inserted(table, rowCount, blocks);
    return refusal;
  }

  #inserted(table: TableName, rowCount: number, blocks: readonly RowBlock[]): void {
    this.counts.insertedRows += rowCount;
    this.counts.insertedBatches++;
    this.#options.telemetry.emit(batchInserted, { table, rows: rowCount }, rowCount);
    if (this.#options.onInserted === undefined) return;
    // The rows are stored: whatever goes wrong in telling of it must not send them again.
    try {
      const projects = new Set<string>();
      for (const { block } of blocks) collectFirstColumn(block, projects);
      this.#options.onInserted({ table, rowCount, projects });
    } catch (error) {
      this.#options.telemetry.emit(writerStepFailed, { error: String(error) });
    }
  }

  async #putAside({ table, token, blocks }: Delivery, refusal: CodedError): Promise<void> {
    const rowCount = rowsIn(blocks);
    const reason = { table, token, rows: rowCount, code: refusal.code, message: refusal.message };
    const bytes = blocks.flatMap(piecesOf);
    const isKept = await this.#untilDone(token, async () => {
      if (await this.#options.setAside.keep(`${table}.${token}.native`, bytes, reason)) return true;
      this.#options.telemetry.emit(rowsHeldBack, { table, rows: rowCount, error: refusal.message }, rowCount);
      // Storage may have changed its mind, or the operator makes room.
      await this.#options.inserter.insert({ table, token, rowCount, blocks: bytes });
      return false;
    });
    if (!isKept) return this.#inserted(table, rowCount, blocks);
    this.counts.setAsideRows += rowCount;
    this.#options.telemetry.emit(rowsSetAside, { table, rows: rowCount, error: refusal.message }, rowCount);
  }

  /** Repeats the step, waiting twice as long after each failure, until it succeeds. */
  async #untilDone<Result>(token: string, step: () => Promise<Result>): Promise<Result> {
    const { firstRetryMs, lastRetryMs } = this.#options.settings;
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, lastRetryMs)) {
      try {
        const result = await step();
        this.#failing.delete(token);
        return result;
      } catch (error) {
        this.#options.signal.throwIfAborted();
        const { code, message, retryAfterMs = 0 } = asCodedError(error);
        this.#failing.set(token, message);
        this.#options.telemetry.emit(insertRetried, { code, token, wait_ms: waitMs, error: message });
        await sleep(Math.max(waitMs, Math.min(retryAfterMs, lastRetryMs)), undefined, { signal: this.#options.signal });
      }
    }
  }
}
