import type { BufferPool } from "../blocks/buffer-pool.ts";

/** The memory in which the rows of one batch stand, taken from a pool and given back to it all at once. */
export class BatchMemory {
  readonly #pool: BufferPool;
  readonly #taken: Buffer[] = [];

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** A buffer of that length, with anything in it; valid until `giveBack`. */
  readonly take = (length: number): Buffer => {
    const buffer = this.#pool.take(length);
    this.#taken.push(buffer);
    return buffer;
  };

  get byteLength(): number {
    return this.#taken.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  /** Nobody may read or write the buffers any more. */
  giveBack(): void {
    for (const buffer of this.#taken.splice(0)) this.#pool.giveBack(buffer);
  }
}
