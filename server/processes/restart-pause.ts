export interface RestartPauseSettings {
  readonly firstMs: number;
  readonly lastMs: number;
  /** A process that lived this long starts afresh. */
  readonly settledMs: number;
}

export const defaultRestartPause: RestartPauseSettings = { firstMs: 100, lastMs: 10_000, settledMs: 30_000 };

/** How long to wait before the next start: doubled with each short life, from the first after a long one. */
export class RestartPause {
  readonly #settings: RestartPauseSettings;
  #nextMs: number;

  constructor(settings: RestartPauseSettings = defaultRestartPause) {
    this.#settings = settings;
    this.#nextMs = settings.firstMs;
  }

  /** After a life of `livedMs`. */
  next(livedMs: number): number {
    const { firstMs, lastMs, settledMs } = this.#settings;
    if (livedMs >= settledMs) this.#nextMs = firstMs;
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(lastMs, pauseMs * 2);
    return pauseMs;
  }
}
