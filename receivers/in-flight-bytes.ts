import { CodedError } from "@weir/model";

const retryAfterMs = 1000;

/** What all requests together may hold in memory from their first byte until their answer. */
export class InFlightBytes {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  lease(): InFlightLease {
    return new InFlightLease(
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
  readonly #take: (byteCount: number) => void;
  readonly #giveBack: (byteCount: number) => void;
  #held = 0;

  constructor(take: (byteCount: number) => void, giveBack: (byteCount: number) => void) {
    this.#take = take;
    this.#giveBack = giveBack;
  }

  /** Throws RECEIVER_BUSY when there is no room for so many more. */
  add(byteCount: number): void {
    this.#take(byteCount);
    this.#held += byteCount;
  }

  [Symbol.dispose](): void {
    this.#giveBack(this.#held);
    this.#held = 0;
  }
}
