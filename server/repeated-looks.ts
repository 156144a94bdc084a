import { setTimeout as sleep } from "node:timers/promises";

export interface RepeatedLooksOptions {
  readonly everyMs: number;
  look(): Promise<void>;
  /** A look failed, as while storage is away; it is tried again at the next. */
  onFailure(error: Error): void;
}

/** Looks every so often, the first time after one such while, never twice at once. Disposing waits for a look under way. */
export class RepeatedLooks implements AsyncDisposable {
  readonly #options: RepeatedLooksOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: RepeatedLooksOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { everyMs } = this.#options;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#tryLook();
    }
  }

  async #tryLook(): Promise<void> {
    try {
      await this.#options.look();
    } catch (thrown) {
      this.#options.onFailure(thrown as Error);
    }
  }
}
