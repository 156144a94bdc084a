import type { CodedError, SpanRow } from "@weir/model";
import { readBlocks } from "./blocks/block-reader.ts";
import type { Batch, CallLog, Consumer, InsertBatch, Inserter, OpenCall } from "./consumer.ts";
import type { ExportKey } from "./exports/export-key.ts";
import type { ExportLedger } from "./exports/export-ledger.ts";

export { readBlocks } from "./blocks/block-reader.ts";

/** The rows of a batch as its producer had them, texts as strings. */
export function rowsOf({ block, table }: Pick<Batch, "block" | "table">): SpanRow[] {
  return readBlocks(block, table) as unknown as SpanRow[];
}

/** A CallLog that keeps everything in memory, for tests of whoever writes to the journal. */
export class MemoryLog implements CallLog {
  readonly batches: Batch[] = [];
  readonly announced: OpenCall[] = [];
  #refusal: CodedError | undefined;
  #waiting: { rowCount: number; resolve: () => void }[] = [];

  /** Everything consumed, decoded. */
  get rows(): SpanRow[] {
    return this.batches.flatMap(rowsOf);
  }

  /** Announced calls that no batch has closed. */
  get open(): OpenCall[] {
    const closed = new Set(this.batches.flatMap(({ closes }) => closes ?? []));
    return this.announced.filter(({ callNumber }) => !closed.has(callNumber));
  }

  /** From now on `consume` rejects with the error; undefined lets it work again. */
  refuseWith(error: CodedError | undefined): void {
    this.#refusal = error;
  }

  async consume(batch: Batch): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.batches.push(batch);
    const rowCount = this.#rowCount();
    for (const waiting of this.#waiting) if (waiting.rowCount <= rowCount) waiting.resolve();
  }

  async announce(calls: readonly OpenCall[]): Promise<void> {
    this.announced.push(...calls);
  }

  /** Resolves with all rows once there are at least so many; rejects when they do not come in time. */
  async waitForRows(rowCount: number, timeoutMs = 5000): Promise<SpanRow[]> {
    if (this.#rowCount() < rowCount) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${this.#rowCount()} of ${rowCount} rows after ${timeoutMs} ms`)),
          timeoutMs,
        );
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#waiting.push({ rowCount, resolve: done });
      });
    }
    return this.rows;
  }

  #rowCount(): number {
    return this.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  }
}

/** An ExportLedger that remembers in memory, for tests of receivers. */
export class MemoryLedger implements ExportLedger {
  readonly #consumer: () => Consumer;
  readonly #taken = new Set<string>();

  constructor(consumer: () => Consumer) {
    this.#consumer = consumer;
  }

  async takeOnce({ high, low }: ExportKey, rows: () => Batch | undefined): Promise<boolean> {
    if (this.#taken.has(`${high}/${low}`)) return false;
    const batch = rows();
    if (batch === undefined) return true;
    await this.#consumer().consume(batch);
    this.#taken.add(`${high}/${low}`);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** An Inserter that stores in memory and, as ClickHouse does, drops a token that it has seen. */
export class MemoryInserter implements Inserter {
  /** What was stored, once a token. */
  readonly stored: InsertBatch[] = [];
  /** All calls, repeated and failed ones too. */
  readonly calls: InsertBatch[] = [];
  readonly #tokens = new Set<string>();
  /** Runs before each insert; may wait, or throw what the insert then rejects with. */
  before: (batch: InsertBatch) => void | Promise<void> = () => {};
  /** Runs after the rows are stored; may throw, as a connection does that breaks before the answer. */
  after: (batch: InsertBatch) => void | Promise<void> = () => {};

  get rows(): SpanRow[] {
    return this.stored.flatMap(({ table, blocks }) => rowsOf({ block: Buffer.concat([...blocks]), table }));
  }

  async insert(batch: InsertBatch): Promise<void> {
    this.calls.push(batch);
    await this.before(batch);
    if (!this.#tokens.has(batch.token)) {
      this.#tokens.add(batch.token);
      this.stored.push({ ...batch, blocks: [Buffer.concat([...batch.blocks])] });
    }
    await this.after(batch);
  }
}
