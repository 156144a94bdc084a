import type { ExportKey } from "./export-key.ts";

/** Generations that are kept beside the one that is being filled. */
const pastGenerations = 3;

export interface ExportMemoryOptions {
  /** A key is remembered at least this long, unless there are too many. */
  readonly windowMs: number;
  /** Most keys; beyond them the oldest third is forgotten early. A key takes about 32 bytes. */
  readonly limit: number;
}

/**
 * The keys of the exports of the last minutes, in generations: the oldest is forgotten as a whole. A generation lasts
 * a third of the window, and three whole ones are kept, so that no key is forgotten sooner than the window.
 */
export class ExportMemory {
  readonly #generationMs: number;
  readonly #generationLimit: number;
  #generations: KeySet[] = [new KeySet()];
  #startedMs: number;

  constructor({ windowMs, limit }: ExportMemoryOptions, nowMs: number) {
    this.#generationMs = windowMs / pastGenerations;
    this.#generationLimit = Math.ceil(limit / (pastGenerations + 1));
    this.#startedMs = nowMs;
  }

  get size(): number {
    return this.#generations.reduce((sum, { size }) => sum + size, 0);
  }

  has(key: ExportKey): boolean {
    return this.#generations.some((generation) => generation.has(key));
  }

  /** True when a new generation began with this key. */
  add(key: ExportKey, nowMs: number): boolean {
    const isTurn =
      nowMs - this.#startedMs >= this.#generationMs || (this.#generations[0]?.size ?? 0) >= this.#generationLimit;
    if (isTurn) {
      this.#startedMs = nowMs;
      this.#generations = [new KeySet(), ...this.#generations.slice(0, pastGenerations)];
    }
    this.#generations[0]?.add(key);
    return isTurn;
  }
}

/** A set of keys in two arrays of numbers: a tenth of what a Set of strings takes. */
class KeySet {
  #parts = new Float64Array(2 * 1024);
  size = 0;

  has({ high, low }: ExportKey): boolean {
    return this.#parts[this.#slotOf(high, low)] !== 0;
  }

  add({ high, low }: ExportKey): void {
    const slot = this.#slotOf(high, low);
    if (this.#parts[slot] !== 0) return;
    this.#parts[slot] = high;
    this.#parts[slot + 1] = low;
    this.size++;
    if (this.size * 4 > this.#parts.length) this.#grow();
  }

  /** Where the key is, or the free place where it would be. */
  #slotOf(high: number, low: number): number {
    const parts = this.#parts;
    const mask = parts.length / 2 - 1;
    let index = (low % 0x1_0000_0000) & mask;
    for (;;) {
      const slot = index * 2;
      if (parts[slot] === 0 || (parts[slot] === high && parts[slot + 1] === low)) return slot;
      index = (index + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.#parts;
    this.#parts = new Float64Array(before.length * 2);
    for (let slot = 0; slot < before.length; slot += 2) {
      if (before[slot] === 0) continue;
      const to = this.#slotOf(before[slot] as number, before[slot + 1] as number);
      this.#parts[to] = before[slot] as number;
      this.#parts[to + 1] = before[slot + 1] as number;
    }
  }
}
