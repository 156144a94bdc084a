import type { Socket } from "node:net";
import { CodedError } from "@weir/model";
import { Agent, buildConnector } from "undici";
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

function noteBytesRead(this: Socket, error: Error & SocketFacts): void {
  error.weirBytesRead = this.bytesRead;
}

/** undici's agent with this gateway's deadlines: HTTP/1.1, one request a connection at a time, as many as needed. */
export function openUpstream(timeouts: GatewayConfig["timeouts"]): Agent {
  const connect = buildConnector({ timeout: timeouts.connectMs, allowH2: false });
  return new Agent({
    connect: (options, callback) =>
      connect(options, (...args) => {
        const socket = args[1];
        if (socket !== null) {
          socket.setNoDelay(true);
          socket.prependListener("error", noteBytesRead);
        }
        callback(...args);
      }),
    headersTimeout: timeouts.firstByteMs,
    bodyTimeout: timeouts.idleMs,
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    maxHeaderSize: 128 << 10,
    maxResponseSize: -1,
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
