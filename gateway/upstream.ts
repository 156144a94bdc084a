import { CodedError, type OutgoingGuard } from "@weir/model";
import type { GatewayConfig } from "./config.ts";
import { ConnectionPool } from "./http1/connection-pool.ts";
import { Deadlines } from "./http1/deadlines.ts";
import { HttpFault } from "./http1/http-fault.ts";
import type { AnswerHandler, Endpoint, UpstreamConnection, UpstreamRequest } from "./http1/upstream-connection.ts";

/** Longer than this after the request was sent, a closed connection is no longer the keep-alive race. */
const keepAliveRaceMs = 250;
/** Origins beyond this many that nobody uses any more are forgotten. */
const poolsLimit = 1000;

/** A request for one of the providers. */
export interface ProviderRequest extends UpstreamRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The origin comes from a user, and is reached as the guard allows. */
  readonly isUserGiven: boolean;
}

/**
 * The connections to all providers: HTTP/1.1, one request a connection at a time, as many as needed, with this
 * gateway's deadlines.
 */
export class Upstream implements Disposable {
  readonly #timeouts: GatewayConfig["timeouts"];
  readonly #deadlines: Deadlines;
  readonly #guard: OutgoingGuard;
  /** To origins of the configuration. */
  readonly #ownPools = new Map<string, ConnectionPool>();
  /** To origins of users: apart, so that no connection that was made unguarded serves them. */
  readonly #userPools = new Map<string, ConnectionPool>();

  constructor(timeouts: GatewayConfig["timeouts"], guard: OutgoingGuard) {
    this.#timeouts = timeouts;
    this.#guard = guard;
    const shortestMs = Math.min(timeouts.connectMs, timeouts.firstByteMs, timeouts.idleMs);
    this.#deadlines = new Deadlines(Math.min(500, Math.max(10, shortestMs / 10)));
  }

  /** Connections of all providers, idle ones too. */
  get openConnections(): number {
    let count = 0;
    for (const pool of this.#pools()) count += pool.openConnections;
    return count;
  }

  dispatch(request: ProviderRequest, handler: AnswerHandler): UpstreamConnection {
    return this.#poolOf(request).send(request, handler);
  }

  /** Over a connection of its own: where one kept connection was closed, the others may be too. */
  dispatchFresh(request: ProviderRequest, handler: AnswerHandler): UpstreamConnection {
    return this.#poolOf(request).send(request, handler, true);
  }

  [Symbol.dispose](): void {
    for (const pool of this.#pools()) pool[Symbol.dispose]();
    this.#deadlines[Symbol.dispose]();
  }

  #pools(): ConnectionPool[] {
    return [...this.#ownPools.values(), ...this.#userPools.values()];
  }

  #poolOf({ origin, isUserGiven }: ProviderRequest): ConnectionPool {
    const pools = isUserGiven ? this.#userPools : this.#ownPools;
    let pool = pools.get(origin);
    if (pool === undefined) {
      if (pools.size >= poolsLimit) forgetUnused(pools);
      const endpoint = endpointOf(origin, isUserGiven ? this.#guard : undefined);
      pool = new ConnectionPool(endpoint, this.#timeouts, this.#deadlines);
      pools.set(origin, pool);
    }
    return pool;
  }
}

function forgetUnused(pools: Map<string, ConnectionPool>): void {
  for (const [origin, pool] of pools) if (pool.openConnections === 0) pools.delete(origin);
}

function endpointOf(origin: string, guard: OutgoingGuard | undefined): Endpoint {
  const url = new URL(origin);
  const isTls = url.protocol === "https:";
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    isTls,
    hostHeader: url.host,
    guard,
  };
}

/**
 * The one case in which a request may be sent a second time: it went out on a kept connection that the provider was
 * just closing. That is so when the connection had served another request, broke at once, and brought not a byte of
 * an answer. Everything else may have been acted on and is the client's to repeat.
 */
export function isKeepAliveRace(isStale: boolean, sentMsAgo: number): boolean {
  return isStale && sentMsAgo <= keepAliveRaceMs;
}

const unreachableCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
]);

const timeoutPhases: Readonly<Record<string, string>> = {
  CONNECT_TIMEOUT: "accept the connection",
  ANSWER_TIMEOUT: "begin its answer",
  IDLE_TIMEOUT: "go on with its answer",
  ETIMEDOUT: "accept the connection",
};

/** What went wrong with the provider, in our own words: never its address with a key in it. */
export function upstreamError(error: Error, provider: string): CodedError {
  const code = systemCode(error);
  const phase = timeoutPhases[code];
  if (phase !== undefined) {
    return new CodedError("UPSTREAM_TIMEOUT", `${provider} did not ${phase} in time.`, { cause: error });
  }
  if (error instanceof CodedError) return error;
  if (unreachableCodes.has(code) || code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || code.includes("CERT")) {
    return new CodedError("UPSTREAM_UNREACHABLE", `${provider} could not be reached (${code}).`, { cause: error });
  }
  if (error instanceof HttpFault) {
    return new CodedError("UPSTREAM_CUT", `What ${provider} sent cannot be passed on. ${error.message}`, {
      cause: error,
    });
  }
  return new CodedError("UPSTREAM_CUT", `${provider} closed the connection before its answer was whole.`, {
    cause: error,
  });
}

/** Trying several addresses of a name ends in one error of many: they say the same but for the address. */
function systemCode(error: Error & { code?: string }): string {
  if (error.code !== undefined) return error.code;
  const [first] = error instanceof AggregateError ? (error.errors as { code?: string }[]) : [];
  return first?.code ?? "";
}
