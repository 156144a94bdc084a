import { asCodedError } from "@weir/model";
import type { ForwardedCall } from "./forward.ts";
import type { Exchange, ExchangeHandler } from "./http1/exchange.ts";

/** Holds a request back until the access token that goes with it is there. What it brings meanwhile is kept. */
export class TokenWait implements ExchangeHandler {
  readonly #exchange: Exchange;
  readonly #call: ForwardedCall;
  #held: Buffer[] = [];
  #isWhole = false;

  constructor(exchange: Exchange, call: ForwardedCall) {
    this.#exchange = exchange;
    this.#call = call;
  }

  /** `startWith` starts the call; without a token it fails. */
  until(token: Promise<string>, startWith: (token: string) => void): void {
    this.#exchange.handler = this;
    token
      .then((value) => this.#start(() => startWith(value)))
      .catch((error: unknown) => this.#call.fail(asCodedError(error)));
  }

  onRequestData(bytes: Buffer): void {
    this.#held.push(bytes);
    // Only now: while nothing is sent, a client that leaves is to be noticed.
    this.#exchange.pauseRequest();
  }

  onRequestEnd(): void {
    this.#isWhole = true;
  }

  onDrain(): void {}

  onClose(isSent: boolean): void {
    this.#held = [];
    this.#call.onClose(isSent);
  }

  #start(start: () => void): void {
    if (this.#call.isOver) return;
    start();
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.#call.onRequestData(bytes);
    if (this.#isWhole) this.#call.onRequestEnd();
    // Before that, what comes next would overtake what was held.
    this.#exchange.resumeRequest();
  }
}
