const leastLength = 64 << 10;
const largestLength = 4 << 20;
/** What lies ready at most, all buffers together. */
const defaultKeptBytes = 8 << 20;

/**
 * Large buffers to be used again. A fresh one costs the clearing of its pages, and each few of them a collection of all
 * garbage, since they count as memory that a program of its own holds. Bounded; small and huge ones are not kept.
 */
export class BufferPool {
  /** By the power of two that their lengths are. */
  readonly #ready = new Map<number, ArrayBuffer[]>();
  #readyBytes = 0;
  readonly #keptBytes: number;

  constructor(keptBytes = defaultKeptBytes) {
    this.#keptBytes = keptBytes;
  }

  /** A buffer of that length, with anything in it. */
  take(length: number): Buffer {
    if (length < leastLength || length > largestLength) return Buffer.allocUnsafeSlow(length);
    const size = 2 ** Math.ceil(Math.log2(length));
    const memory = this.#ready.get(size)?.pop();
    if (memory === undefined) return Buffer.from(new ArrayBuffer(size), 0, length);
    this.#readyBytes -= size;
    return Buffer.from(memory, 0, length);
  }

  /** Gives back what `take` gave. Nobody may read or write it any more. */
  giveBack({ buffer }: Buffer): void {
    const size = buffer.byteLength;
    const isOurs = size >= leastLength && size <= largestLength && Number.isInteger(Math.log2(size));
    if (!isOurs || this.#readyBytes + size > this.#keptBytes) return;
    const ready = this.#ready.get(size) ?? [];
    ready.push(buffer as ArrayBuffer);
    this.#ready.set(size, ready);
    this.#readyBytes += size;
  }

  /** Gives what lies ready back to the system, at once and not with the next collection of garbage. */
  clear(): void {
    for (const ready of this.#ready.values()) for (const memory of ready) memory.transfer(0);
    this.#ready.clear();
    this.#readyBytes = 0;
  }
}
