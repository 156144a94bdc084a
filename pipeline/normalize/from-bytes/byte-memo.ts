import { hashOf } from "@weir/otlp";

const slotCount = 2048;
const longestBytes = 48;

/**
 * Remembers what was made of short stretches of bytes: what senders repeat in each span (a provider, a finish reason)
 * is read once. Of fixed size: an entry takes the place of whichever had its slot.
 *
 *   const value = memo.has(bytes, from, to, use) ? memo.found : memo.remember(bytes, from, to, use, read());
 */
export class ByteMemo<Value> {
  readonly #bytes = new Uint8Array(slotCount * longestBytes);
  readonly #lengths = new Int8Array(slotCount).fill(-1);
  readonly #uses = new Int32Array(slotCount);
  readonly #values = new Array<Value | undefined>(slotCount).fill(undefined);
  /** What the last `has` that was true found. */
  found: Value | undefined;

  /** Whether something was remembered of these bytes for this use, a number of the caller's. */
  has(bytes: Uint8Array, from: number, to: number, use: number): boolean {
    const length = to - from;
    if (length > longestBytes) return false;
    const slot = slotOf(bytes, from, to, use);
    if (this.#lengths[slot] !== length || this.#uses[slot] !== use) return false;
    const base = slot * longestBytes;
    const known = this.#bytes;
    for (let index = 0; index < length; index++) if (known[base + index] !== bytes[from + index]) return false;
    this.found = this.#values[slot];
    return true;
  }

  /** Remembers the value, unless the bytes are many, and returns it. */
  remember<Made extends Value | undefined>(
    bytes: Uint8Array,
    from: number,
    to: number,
    use: number,
    value: Made,
  ): Made {
    const length = to - from;
    if (length > longestBytes) return value;
    const slot = slotOf(bytes, from, to, use);
    this.#bytes.set(bytes.subarray(from, to), slot * longestBytes);
    this.#lengths[slot] = length;
    this.#uses[slot] = use;
    this.#values[slot] = value;
    return value;
  }
}

function slotOf(bytes: Uint8Array, from: number, to: number, use: number): number {
  return (hashOf(bytes, from, to) ^ Math.imul(use + 1, 0x9e37_79b1)) & (slotCount - 1);
}
