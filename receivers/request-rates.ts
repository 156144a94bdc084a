import { CodedError } from "@weir/model";

const minuteMs = 60_000;
/** Beyond so many, those that have not asked for longest are forgotten: they begin anew. */
const mostRemembered = 50_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * How often each address, or each key, may send: a bucket of as many tokens as a minute has, which fills evenly. A burst
 * of a minute's worth is taken at once. Counts are this process's own.
 */
export class RequestRates {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** In the order of their last request. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Throws RATE_LIMITED, with when to try again. `name` is how the sender is told who it is. */
  admit(who: string, name: string): void {
    const bucket = this.#filled(who);
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    if (bucket.tokens < 1) {
      throw new CodedError(
        "RATE_LIMITED",
        `${name} may send ${this.#perMinute} requests a minute; wait and send again.`,
        {
          retryAfterMs: Math.ceil(((1 - bucket.tokens) * minuteMs) / this.#perMinute),
        },
      );
    }
    bucket.tokens -= 1;
  }

  #filled(who: string): Bucket {
    const nowMs = this.#now();
    const bucket = this.#buckets.get(who);
    if (bucket === undefined) {
      this.#forgetOldest();
      return { tokens: this.#perMinute, atMs: nowMs };
    }
    const gained = ((nowMs - bucket.atMs) * this.#perMinute) / minuteMs;
    return { tokens: Math.min(this.#perMinute, bucket.tokens + gained), atMs: nowMs };
  }

  #forgetOldest(): void {
    if (this.#buckets.size < mostRemembered) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
