import type { JournalReader, Place } from "./journal-reader.ts";

export interface Drain {
  /** How far each journal has to be taken; set once the journals were looked at after the call. */
  targets: ReadonlyMap<JournalReader, Place> | undefined;
  /** The last batch that took some of it. */
  lastBatch: number | undefined;
  resolve(): void;
  reject(error: Error): void;
}

/** Those who wait for everything up to a moment: first for the journals to be read so far, then for the batches. */
export class Drains {
  readonly #waiting = new Set<Drain>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ targets: undefined, lastBatch: undefined, resolve, reject });
    });
  }

  /** Those who wait for a look at all journals: for one that begins now, since one under way may have passed by their rows. */
  get unaimed(): readonly Drain[] {
    return [...this.#waiting].filter(({ targets }) => targets === undefined);
  }

  /** The journals were all looked at since these were asked for. */
  aim(drains: readonly Drain[], journals: readonly JournalReader[]): void {
    for (const drain of drains) drain.targets = new Map(journals.map((reader) => [reader, reader.durableEnd]));
  }

  /** `begun` is the number of the newest batch, `oldestUnderWay` of the oldest that is not stored. */
  advance(journals: readonly JournalReader[], begun: number, oldestUnderWay: number): void {
    for (const drain of this.#waiting) {
      const { targets } = drain;
      if (targets === undefined) continue;
      const isTaken = journals.every((reader) => reader.hasPassed(targets.get(reader)));
      if (isTaken) drain.lastBatch ??= begun;
      if (drain.lastBatch === undefined || oldestUnderWay <= drain.lastBatch) continue;
      this.#waiting.delete(drain);
      drain.resolve();
    }
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
