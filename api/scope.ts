import { CodedError, type ProjectId } from "@weir/model";
import type { ReadOptions, TimeRange } from "@weir/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Caller, type ProjectWish, projectOf } from "./caller.ts";
import type { ApiOptions } from "./context.ts";
import { type RangeFields, rangeOf } from "./request-range.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set before any handler of a route that is not public. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** True: answered to anyone. */
    isPublic?: boolean;
  }
}

export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new CodedError("UNAUTHENTICATED", "Sign in first.");
  return request.caller;
}

/** The project that the request's query string names and its caller may see. */
export function scopeOf(request: FastifyRequest, wish: ProjectWish, { catalog }: ApiOptions): ProjectId {
  return projectOf(callerOf(request), wish, catalog);
}

export interface RangeScope {
  readonly project: ProjectId;
  readonly range: TimeRange;
}

export function rangeScopeOf(
  request: FastifyRequest,
  query: ProjectWish & RangeFields,
  options: ApiOptions,
): RangeScope {
  return { project: scopeOf(request, query, options), range: rangeOf(query, Date.now()) };
}

/** Ends a query when the client leaves, and when it takes too long. */
export function readOptions(reply: FastifyReply, { config }: ApiOptions): ReadOptions {
  const leaving = new AbortController();
  reply.raw.once("close", () => leaving.abort());
  return { signal: leaving.signal, timeoutMs: config.queryTimeoutMs };
}
