import { setTimeout as sleep } from "node:timers/promises";

export interface ExportQueueOptions<Item> {
  /** Most items that wait. */
  readonly limit: number;
  /** Most bytes that wait, by `sizeOf`. */
  readonly limitBytes: number;
  readonly batchLimit: number;
  /** A batch ends where it would grow over this, unless its one item is larger. */
  readonly batchLimitBytes: number;
  /** How long an item waits for others. */
  readonly delayMs: number;
  readonly sizeOf: (item: Item) => number;
  /** Delivers a batch, however often it must try; never rejects. */
  readonly deliver: (batch: readonly Item[]) => Promise<void>;
  readonly onDropped: (count: number, reason: "queue_full" | "stopped") => void;
}

/**
 * What waits to be sent to one destination. Taking an item is an append: it never waits and never throws. One batch
 * is under way at a time; when the destination is slower than the items come, the newest are dropped and counted.
 */
export class ExportQueue<Item> {
  readonly #options: ExportQueueOptions<Item>;
  #waiting: Item[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #delivering: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: ExportQueueOptions<Item>) {
    this.#options = options;
  }

  push(item: Item): void {
    const { limit, limitBytes, batchLimit, batchLimitBytes, delayMs, sizeOf } = this.#options;
    const size = sizeOf(item);
    if (this.#waiting.length >= limit || this.#waitingBytes + size > limitBytes) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(item);
    this.#waitingBytes += size;
    if (this.#waiting.length >= batchLimit || this.#waitingBytes >= batchLimitBytes) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), delayMs).unref();
  }

  /** Sends what waits, and gives up after so long. */
  async flush(withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    while ((this.#waiting.length > 0 || this.#delivering !== undefined) && performance.now() < deadlineMs) {
      this.#begin();
      await Promise.race([this.#delivering, sleep(deadlineMs - performance.now(), undefined, { ref: false })]);
    }
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#options.onDropped(this.#waiting.length, "stopped");
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#tellDropped();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#delivering !== undefined || this.#waiting.length === 0) return;
    this.#delivering = this.#deliverAll().finally(() => {
      this.#delivering = undefined;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#begin(), this.#options.delayMs).unref();
    });
  }

  /** The batch under way, and whole batches that gathered behind it. */
  async #deliverAll(): Promise<void> {
    const { batchLimit, batchLimitBytes, deliver } = this.#options;
    do {
      const batch = this.#takeBatch();
      this.#tellDropped();
      await deliver(batch);
    } while (this.#waiting.length >= batchLimit || this.#waitingBytes >= batchLimitBytes);
  }

  #takeBatch(): Item[] {
    const { batchLimit, batchLimitBytes, sizeOf } = this.#options;
    let count = 0;
    let bytes = 0;
    for (const item of this.#waiting) {
      const size = sizeOf(item);
      if (count === batchLimit || (count > 0 && bytes + size > batchLimitBytes)) break;
      count += 1;
      bytes += size;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #tellDropped(): void {
    if (this.#dropped > 0) this.#options.onDropped(this.#dropped, "queue_full");
    this.#dropped = 0;
  }
}
