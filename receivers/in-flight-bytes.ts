import { CodedError } from "@weir/model";
import { BufferPool } from "@weir/pipeline";

const retryAfterMs = 1000;

/** What all requests together may hold in memory from their first byte until their answer. */
export class InFlightBytes {
  readonly #limit: number;
  readonly #pool = new BufferPool();
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  lease(): InFlightLease {
    return new InFlightLease(
      this.#pool,
      (byteCount) => {
        if (this.#used + byteCount > this.#limit) {
          throw new CodedError("RECEIVER_BUSY", "Too much is being received at once; send it again later.", {
            retryAfterMs,
          });
        }
        this.#used += byteCount;
      },
      (byteCount) => {
        this.#used -= byteCount;
      },
    );
  }
}

/** What one request holds. Disposing gives it back. */
export class InFlightLease implements Disposable {
  readonly #pool: BufferPool;
  readonly #buffers: Buffer[] = [];
  readonly #take: (byteCount: number) => void;
  readonly #giveBack: (byteCount: number) => void;
  #held = 0;

  constructor(pool: BufferPool, take: (byteCount: number) => void, giveBack: (byteCount: number) => void) {
    this.#pool = pool;
    this.#take = take;
    this.#giveBack = giveBack;
  }

  /** Throws RECEIVER_BUSY when there is no room for so many more. */
  add(byteCount: number): void {
    this.#take(byteCount);
    this.#held += byteCount;
  }

  /** Adds so many bytes and gives memory for them, which nobody may look at once the lease is disposed. */
  buffer(byteCount: number): Buffer {
    this.add(byteCount);
    const buffer = this.#pool.take(byteCount);
    this.#buffers.push(buffer);
    return buffer;
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers.splice(0)) this.#pool.giveBack(buffer);
    this.#giveBack(this.#held);
    this.#held = 0;
  }
}
