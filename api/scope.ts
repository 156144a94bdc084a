import type { Catalog } from "@weir/catalog";
import { CodedError, type OrganizationId, type ProjectId } from "@weir/model";
import type { ReadOptions, TimeRange } from "@weir/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Grant, projectFor, type TargetWish } from "./authorize.ts";
import { actorOf, type Caller } from "./caller.ts";
import type { ApiOptions } from "./context.ts";
import type { AccessRule } from "./contract/index.ts";
import { type RangeFields, rangeOf } from "./request-range.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set before any handler of a route that is not for anybody. */
    caller: Caller | null;
    /** Set by the guard, before any handler runs. */
    grant: Grant | null;
  }
  interface FastifyContextConfig {
    /** From `accessRules`; absent on pages and the API's description. */
    rule?: AccessRule;
  }
}

export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new CodedError("UNAUTHENTICATED", "Sign in first.");
  return request.caller;
}

/**
 * The project that the guard granted. There is no other way for a handler to a ProjectId: on a route whose rule is
 * about something else, and for a wish that the guard did not see, it throws.
 */
export function scopeOf(request: FastifyRequest, wish: TargetWish, { catalog }: ApiOptions): ProjectId {
  const granted = request.grant?.project;
  if (granted === undefined) throw new CodedError("INTERNAL", "This route's rule is about no project.");
  const isGone = catalog.current().project(granted) === undefined;
  if (!isGone && projectFor(callerOf(request), wish, catalog).id !== granted) {
    throw new CodedError("INTERNAL", "The guard was asked for another project.");
  }
  return granted;
}

/** The organisation that the guard granted. */
export function organizationOf(request: FastifyRequest): OrganizationId {
  const granted = request.grant?.organization;
  if (granted === undefined) throw new CodedError("INTERNAL", "This route's rule is about no organisation.");
  return granted;
}

export function grantOf(request: FastifyRequest): Grant {
  if (request.grant === null) throw new CodedError("UNAUTHENTICATED", "Sign in first.");
  return request.grant;
}

/** The catalog whose changes the audit log has under the caller's name. */
export function changesBy(request: FastifyRequest, { catalog }: Pick<ApiOptions, "catalog">): Catalog {
  return catalog.actingAs(actorOf(request.caller, request));
}

export interface RangeScope {
  readonly project: ProjectId;
  readonly range: TimeRange;
}

export function rangeScopeOf(
  request: FastifyRequest,
  query: TargetWish & RangeFields,
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
