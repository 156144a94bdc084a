import type { Socket } from "node:net";
import { CodedError, type Telemetry } from "@weir/model";
import { relayFailed } from "./events.ts";
import { ConnectionPool } from "./http1/connection-pool.ts";
import { Deadlines } from "./http1/deadlines.ts";
import type { Exchange, ExchangeHandler } from "./http1/exchange.ts";
import { chunked, type ResponseHead } from "./http1/message-head.ts";
import { openTunnel } from "./http1/tunnel.ts";
import type { AnswerHandler, UpstreamConnection } from "./http1/upstream-connection.ts";
import { answerError } from "./own-answer.ts";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Our own processes may take as long as they need: a live tail says nothing for hours. */
const timeouts = {
  connectMs: 10_000,
  firstByteMs: Number.POSITIVE_INFINITY,
  idleMs: Number.POSITIVE_INFINITY,
};
const lookEveryMs = 1000;

export interface RelayOptions {
  /** The process, as errors name it. */
  readonly part: string;
  readonly socketPath: string;
  /** Clients come over TLS. */
  readonly isSecure: boolean;
  readonly telemetry: Telemetry;
}

/** Passes requests that are not LLM calls on to another process of this Weir, over its Unix socket. */
export class Relay implements Disposable {
  readonly #part: string;
  readonly #isSecure: boolean;
  readonly #telemetry: Telemetry;
  readonly #deadlines = new Deadlines(lookEveryMs);
  readonly #pool: ConnectionPool;

  constructor({ part, socketPath, isSecure, telemetry }: RelayOptions) {
    this.#part = part;
    this.#isSecure = isSecure;
    this.#telemetry = telemetry;
    this.#pool = new ConnectionPool({ path: socketPath, hostHeader: "weir" }, timeouts, this.#deadlines);
  }

  pass(exchange: Exchange): void {
    const relayed = new RelayedExchange(exchange, (error) => this.#fail(exchange, error));
    exchange.handler = relayed;
    const { method, target, bodyLength, upgrade } = exchange.head;
    relayed.connection = this.#pool.send(
      {
        method,
        path: target,
        headers: relayedHeaders(exchange, this.#isSecure),
        body: bodyLength === 0 ? null : bodyLength,
        ...(upgrade === "websocket" && bodyLength === 0 ? { upgrade } : {}),
      },
      relayed,
    );
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    this.#deadlines[Symbol.dispose]();
  }

  #fail(exchange: Exchange, error: Error): void {
    if (exchange.isClosed || exchange.isEnded) return;
    this.#telemetry.emit(relayFailed, { part: this.#part, error: error.message });
    if (exchange.isHeadWritten) {
      exchange.breakOff();
      return;
    }
    const message = `Weir's ${this.#part} process does not answer; it is starting or restarting.`;
    answerError(exchange, new CodedError("PART_UNAVAILABLE", message, { cause: error, retryAfterMs: 1000 }), "openai");
  }
}

/** One request on its way to another process and back. Either side's end ends the other. */
class RelayedExchange implements ExchangeHandler, AnswerHandler {
  connection: UpstreamConnection | undefined;
  readonly #exchange: Exchange;
  readonly #onFailure: (error: Error) => void;
  #passesFramed = false;

  constructor(exchange: Exchange, onFailure: (error: Error) => void) {
    this.#exchange = exchange;
    this.#onFailure = onFailure;
  }

  onRequestData(bytes: Buffer): void {
    if (this.connection?.writeBody(bytes) === false) this.#exchange.pauseRequest();
  }

  onRequestEnd(): void {
    this.connection?.endBody();
  }

  onRequestDrain(): void {
    this.#exchange.resumeRequest();
  }

  onAnswerHead(head: ResponseHead): void {
    const headers = endToEnd(head.rawHeaders);
    const length = lengthTold(headers) ?? (head.bodyLength === 0 ? 0 : chunked);
    this.#passesFramed = head.bodyLength === chunked && this.#exchange.takesFramed;
    this.#exchange.writeHead(head.status, head.reason, headers, { length, isFramed: this.#passesFramed });
  }

  onAnswerData(bytes: Buffer): void {
    if (!this.#passesFramed) this.#exchange.write(bytes);
  }

  onAnswerRead(framed: Buffer, isEnd: boolean, trailers: readonly string[]): void {
    if (this.#passesFramed) this.#exchange.write(framed);
    if (!isEnd) {
      if (!this.#exchange.flush()) this.connection?.pause();
      return;
    }
    this.connection = undefined;
    this.#exchange.end(trailers);
    this.#exchange.resumeRequest();
  }

  onDrain(): void {
    this.connection?.resume();
  }

  onUpgraded(head: ResponseHead, socket: Socket, rest: Buffer): void {
    this.connection = undefined;
    if (this.#exchange.isClosed) {
      socket.destroy();
      return;
    }
    const headers = [...endToEnd(head.rawHeaders), "connection", "Upgrade", "upgrade", head.upgrade];
    const client = this.#exchange.switchProtocols(head.reason, headers);
    openTunnel(client, { socket, rest }, { onUp() {}, onDown() {}, onClosed() {} });
  }

  onAnswerError(error: Error): void {
    this.connection = undefined;
    this.#onFailure(error);
  }

  onClose(isSent: boolean): void {
    if (!isSent) this.connection?.abort();
  }
}

/**
 * End-to-end headers as they came, the client's address as the last one of `x-forwarded-for`, and that it came over
 * TLS. In plain text, what a proxy before Weir says of the browser's connection stays.
 */
function relayedHeaders(exchange: Exchange, isSecure: boolean): string[] {
  const { rawHeaders } = exchange.head;
  const replaced = ["x-forwarded-for", "content-length", ...(isSecure ? ["x-forwarded-proto"] : [])];
  const headers = endToEnd(rawHeaders, replaced);
  if (isSecure) headers.push("x-forwarded-proto", "https");
  const addresses = [...valuesOf(rawHeaders, "x-forwarded-for"), exchange.remoteAddress];
  headers.push("x-forwarded-for", addresses.join(", "));
  return headers;
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

function endToEnd(rawHeaders: readonly string[], leftOut: readonly string[] = []): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (!hopByHop.has(name) && !leftOut.includes(name))
      kept.push(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  return kept;
}

function lengthTold(headers: readonly string[]): number | undefined {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-length");
  return at === -1 ? undefined : Number(headers[at + 1]);
}
