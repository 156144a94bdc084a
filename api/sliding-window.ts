/** How many of a window's requests are left, and when that changes. */
export interface WindowState {
  readonly isAdmitted: boolean;
  readonly remaining: number;
  /** Until the window that runs now ends; of somebody who was refused, until they may ask again. */
  readonly waitMs: number;
}

interface Counts {
  startMs: number;
  current: number;
  previous: number;
}

/** Beyond so many, those that have not asked for longest are forgotten: they begin anew. */
const mostRemembered = 50_000;

/**
 * Most requests of each asker in any stretch of a window's length: those of the window before count by the share of it
 * that the stretch still covers, so that nobody gets twice as much around a window's end. Who is refused is not counted.
 */
export class SlidingWindow {
  readonly limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  /** In the order of their last request. */
  readonly #askers = new Map<string, Counts>();

  constructor(limit: number, windowMs: number, now: () => number = () => performance.now()) {
    this.limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  admit(who: string): WindowState {
    const nowMs = this.#now();
    const counts = this.#rolled(who, nowMs);
    const elapsedMs = nowMs - counts.startMs;
    const covered = 1 - elapsedMs / this.#windowMs;
    const used = counts.current + counts.previous * covered;
    if (used + 1 > this.limit) {
      return { isAdmitted: false, remaining: 0, waitMs: this.#waitMs(counts, elapsedMs) };
    }
    counts.current += 1;
    return {
      isAdmitted: true,
      remaining: Math.floor(this.limit - used - 1),
      waitMs: this.#windowMs - elapsedMs,
    };
  }

  #rolled(who: string, nowMs: number): Counts {
    const counts = this.#askers.get(who) ?? { startMs: nowMs, current: 0, previous: 0 };
    const windows = Math.floor((nowMs - counts.startMs) / this.#windowMs);
    if (windows > 0) {
      counts.previous = windows === 1 ? counts.current : 0;
      counts.current = 0;
      counts.startMs += windows * this.#windowMs;
    }
    this.#askers.delete(who);
    this.#askers.set(who, counts);
    if (this.#askers.size > mostRemembered) {
      const [oldest] = this.#askers.keys();
      if (oldest !== undefined) this.#askers.delete(oldest);
    }
    return counts;
  }

  /** Until what counts has shrunk to one below the limit: within this window, else in the next one. */
  #waitMs({ current, previous }: Counts, elapsedMs: number): number {
    const room = this.limit - 1;
    if (current <= room) return Math.max(0, this.#windowMs * (1 - (room - current) / previous) - elapsedMs);
    return this.#windowMs - elapsedMs + this.#windowMs * (1 - room / current);
  }
}
