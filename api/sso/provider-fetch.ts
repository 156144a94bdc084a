import { CodedError, type OutgoingGuard } from "@weir/model";
import { Agent, fetch, type RequestInit } from "undici";

/** How identity providers are reached, whose addresses an organisation's owner typed in or a provider's own metadata name. */
export type ProviderFetch = (url: string, options: object) => Promise<Response>;

const timeoutMs = 10_000;
/** Metadata, keys and claims are a few kilobytes; who sends more wants something else. */
const answerLimitBytes = 1 << 20;

/** Fetches as the guard allows; closing it ends the connections that it keeps. */
export interface GuardedFetch extends AsyncDisposable {
  readonly fetch: ProviderFetch;
}

/** Follows no redirects: an address must answer itself. Rejects with ADDRESS_FORBIDDEN where the guard says so. */
export function openGuardedFetch(outgoing: OutgoingGuard): GuardedFetch {
  const dispatcher = new Agent({
    connect: { lookup: outgoing.lookup },
    maxResponseSize: answerLimitBytes,
  });
  return {
    async fetch(url, options) {
      // Names are judged as the connection is made; an address is looked up by nobody.
      outgoing.checkUrl(new URL(url));
      const signal = AbortSignal.timeout(timeoutMs);
      const init: RequestInit = { ...options, redirect: "manual", signal, dispatcher };
      const answer = await fetch(url, init).catch(throwReason);
      return answer as unknown as Response;
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** What stands behind "fetch failed", where it is ours. */
function throwReason(thrown: unknown): never {
  const { cause } = thrown as Error;
  throw cause instanceof CodedError ? cause : thrown;
}

/** Plain HTTP is for providers on this machine alone. */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
