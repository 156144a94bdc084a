import type { Socket } from "node:net";
import { CodedError } from "@weir/model";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { GatewayConfig } from "./config.ts";

/** What a failed socket had read before: more than nothing means that it had served an earlier request. */
interface SocketFacts {
  weirBytesRead?: number;
  socket?: { bytesRead?: number };
  code?: string;
}

/** Longer than this after the request was sent, a closed connection is no longer the keep-alive race. */
const keepAliveRaceMs = 250;

const closedCodes = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "ECONNABORTED"]);

let isSocketFailing = false;

function noteFailure(this: Socket, error: Error & SocketFacts): void {
  error.weirBytesRead = this.bytesRead;
  isSocketFailing = true;
  queueMicrotask(() => {
    isSocketFailing = false;
  });
}

/**
 * Whether a connection is failing just now. undici takes a reset for the end of an answer that only the connection's
 * end delimits, and reports it so while it handles the error: asked then, this tells the truth.
 */
export function isConnectionFailing(): boolean {
  return isSocketFailing;
}

/**
 * The connections to all providers: HTTP/1.1, one request a connection at a time, as many as needed, with this
 * gateway's deadlines in place of undici's.
 */
export class Upstream {
  readonly #kept: Agent;
  readonly #fresh: Agent;

  constructor(timeouts: GatewayConfig["timeouts"]) {
    const connect = connectorFor(timeouts.connectMs);
    const options = {
      connect,
      headersTimeout: timeouts.firstByteMs,
      bodyTimeout: timeouts.idleMs,
      connections: null,
      keepAliveTimeout: 4_000,
      maxHeaderSize: 128 << 10,
    };
    this.#kept = new Agent({ ...options, pipelining: 1 });
    this.#fresh = new Agent({ ...options, pipelining: 0 });
  }

  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#kept.dispatch(request, handler);
  }

  /** Over a connection of its own: where one kept connection was closed, the others may be too. */
  dispatchFresh(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#fresh.dispatch(request, handler);
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#kept.destroy(), this.#fresh.destroy()]);
  }
}

function connectorFor(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false });
  return (options, callback) =>
    connect(options, (...args) => {
      // After a failure there is none, whatever the types say.
      const socket = args[1] as Socket | null | undefined;
      socket?.setNoDelay(true).prependListener("error", noteFailure);
      callback(...args);
    });
}

/**
 * The one case in which a request may be sent a second time: it went out on a kept connection that the provider was
 * just closing. That is so when the connection had served another request, broke at once, and brought not a byte of
 * an answer. Everything else may have been acted on and is the client's to repeat.
 */
export function isKeepAliveRace(error: Error, sentMsAgo: number): boolean {
  const facts = error as Error & SocketFacts;
  if (!closedCodes.has(facts.code ?? "") || sentMsAgo > keepAliveRaceMs) return false;
  return (facts.weirBytesRead ?? facts.socket?.bytesRead ?? 0) > 0;
}

const unreachableCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT",
]);

const timeoutPhases: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "accept the connection",
  UND_ERR_HEADERS_TIMEOUT: "begin its answer",
  UND_ERR_BODY_TIMEOUT: "go on with its answer",
  ETIMEDOUT: "accept the connection",
};

/** What went wrong with the provider, in our own words: never its address with a key in it. */
export function upstreamError(error: Error, provider: string): CodedError {
  const code = (error as { code?: string }).code ?? "";
  const phase = timeoutPhases[code];
  if (phase !== undefined) {
    return new CodedError("UPSTREAM_TIMEOUT", `${provider} did not ${phase} in time.`, { cause: error });
  }
  if (error instanceof CodedError) return error;
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return new CodedError("BAD_REQUEST", `The request cannot be forwarded: ${error.message}.`, { cause: error });
  }
  if (unreachableCodes.has(code) || code.startsWith("ERR_TLS") || code.includes("CERT")) {
    return new CodedError("UPSTREAM_UNREACHABLE", `${provider} could not be reached (${code}).`, { cause: error });
  }
  return new CodedError("UPSTREAM_CUT", `${provider} closed the connection before its answer was whole.`, {
    cause: error,
  });
}
