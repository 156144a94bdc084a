import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/** A request's body on its way up: what the client sends is pushed in, and the client is held back by the provider. */
export class RelayedBody extends Readable {
  readonly #source: IncomingMessage;

  constructor(source: IncomingMessage) {
    super({ highWaterMark: 256 << 10 });
    this.#source = source;
    // Breaking off is told through the dispatch's own error.
    this.on("error", () => {});
  }

  override _read(): void {
    this.#source.resume();
  }

  /** When the provider has had enough (an early answer), the rest of the upload is read and thrown away. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.resume();
    callback(error);
  }
}
