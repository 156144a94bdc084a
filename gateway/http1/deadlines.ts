/** Something that must not last for ever. */
export interface Timed {
  /** On the clock of `performance.now()`; infinite when nothing is waited for. */
  deadlineMs: number;
  /** The deadline has passed. Called again at the next look unless it was moved or the object was taken out. */
  onDeadline(): void;
}

/**
 * One timer for all connections: it looks at each of them now and then, which costs a call nothing but writing down a
 * number. A deadline is met late by up to `lookEveryMs`.
 */
export class Deadlines implements Disposable {
  readonly #lookEveryMs: number;
  readonly #timed = new Set<Timed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(lookEveryMs: number) {
    this.#lookEveryMs = lookEveryMs;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
    this.#timer ??= setInterval(() => this.#look(), this.#lookEveryMs).unref();
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timed.size === 0) {
      this[Symbol.dispose]();
      return;
    }
    const nowMs = performance.now();
    for (const timed of this.#timed) if (timed.deadlineMs <= nowMs) timed.onDeadline();
  }
}
