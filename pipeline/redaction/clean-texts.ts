const slotCount = 1024;
const longestBytes = 64;

/**
 * Short texts of a buffer in which nothing was found: what rows repeat (a model, a scope, an id that stands in two
 * columns) is looked into once. Of fixed size: a text takes the place of whichever had its slot.
 */
export class CleanTexts {
  readonly #bytes: Uint8Array;
  /** By slot, where a text begins and how long it is; a slot without one has the length 0. */
  readonly #from = new Uint32Array(slotCount);
  readonly #lengths = new Uint8Array(slotCount);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  has(from: number, to: number): boolean {
    const length = to - from;
    if (length > longestBytes) return false;
    const slot = this.#slotOf(from, to);
    if (length === 0 || this.#lengths[slot] !== length) return false;
    const bytes = this.#bytes;
    let known = this.#from[slot] as number;
    for (let place = from; place < to; place++, known++) if (bytes[place] !== bytes[known]) return false;
    return true;
  }

  add(from: number, to: number): void {
    if (to - from > longestBytes) return;
    const slot = this.#slotOf(from, to);
    this.#from[slot] = from;
    this.#lengths[slot] = to - from;
  }

  /** By the length and the last bytes: ids and names of one kind begin alike. */
  #slotOf(from: number, to: number): number {
    const bytes = this.#bytes;
    let hash = to - from;
    for (let place = Math.max(from, to - 8); place < to; place++)
      hash = Math.imul(hash ^ (bytes[place] as number), 0x0100_0193);
    return (hash ^ (hash >>> 15)) & (slotCount - 1);
  }
}
