const longestKey = 128;
const slotCount = 8192;
/** Half of the slots: a search stays short. */
export const mostKeys = slotCount / 2;

/**
 * Gives each attribute key that it meets a small number, found again by a hash over its bytes, so that a key that
 * was met before makes no string. Bounded: keys that are too long or too many have the number 0.
 */
export class KeyTable {
  readonly #known: readonly string[];
  readonly #slots = new Int32Array(slotCount);
  #texts: string[] = [];
  #bytes: Uint8Array[] = [];
  /** The same, as far as they are whole words of four bytes. */
  #words: Int32Array[] = [];
  /** Goes up when the numbers given before become void. */
  generation = 0;

  /** The known keys are numbered from 1 on, in their order, whatever else is met. */
  constructor(known: readonly string[] = []) {
    this.#known = known;
    this.#reset();
  }

  /** The number of the key that stands between the offsets; 0 when it has none. */
  idOf(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length === 0 || length > longestKey) return 0;
    let slot = hashOf(bytes, from, to) & (slotCount - 1);
    for (;;) {
      const id = this.#slots[slot] as number;
      if (id === 0) return this.#add(slot, bytes, from, to);
      if (isSame(this.#bytes[id] as Uint8Array, bytes, from, length)) return id;
      slot = (slot + 1) & (slotCount - 1);
    }
  }

  /** Whether the number is that of the key between the offsets of the view. Quicker than `idOf`, for a good guess. */
  isAt(id: number, view: DataView, from: number, to: number): boolean {
    const known = this.#bytes[id];
    if (known === undefined || known.length !== to - from || to > view.byteLength) return false;
    const words = this.#words[id] as Int32Array;
    let at = from;
    for (let index = 0; index < words.length; index++, at += 4) {
      if (view.getInt32(at, true) !== words[index]) return false;
    }
    for (; at < to; at++) if (view.getUint8(at) !== known[at - from]) return false;
    return true;
  }

  /** The key of a number that `idOf` gave. */
  textOf(id: number): string {
    return this.#texts[id] as string;
  }

  /** When the table is full, forgets all but the known keys: true then, and numbers given before are void. */
  refresh(): boolean {
    const isFull = this.#texts.length >= mostKeys;
    if (isFull) this.#reset();
    return isFull;
  }

  #reset(): void {
    this.generation++;
    this.#slots.fill(0);
    this.#texts = [""];
    this.#bytes = [new Uint8Array(0)];
    this.#words = [new Int32Array(0)];
    for (const key of this.#known) {
      const bytes = Buffer.from(key);
      this.idOf(bytes, 0, bytes.length);
    }
  }

  #add(slot: number, bytes: Uint8Array, from: number, to: number): number {
    const id = this.#texts.length;
    if (id >= mostKeys) return 0;
    const copy = Buffer.from(bytes.subarray(from, to));
    this.#bytes.push(copy);
    this.#words.push(Int32Array.from({ length: copy.length >> 2 }, (_, index) => copy.readInt32LE(index * 4)));
    this.#texts.push(copy.toString("utf8"));
    this.#slots[slot] = id;
    return id;
  }
}

/** Over the length and some of the bytes: keys of one vocabulary share their beginnings, so the end counts. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  let hash = length * 0x9e37_79b1;
  const tailFrom = length > 8 ? to - 8 : from;
  for (let at = tailFrom; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
  if (length > 16) {
    const middle = from + (length >> 1);
    hash = Math.imul(hash ^ (bytes[middle] as number), 0x0100_0193);
    hash = Math.imul(hash ^ (bytes[middle - 1] as number), 0x0100_0193);
    hash = Math.imul(hash ^ (bytes[from + 7] as number), 0x0100_0193);
  }
  return hash ^ (hash >>> 15);
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[from + index]) return false;
  return true;
}
