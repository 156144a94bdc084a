import { CodedError } from "@weir/model";
import type { FastifyRequest, RouteOptions } from "fastify";
import { authorize, type TargetWish } from "./authorize.ts";
import { type CallerSources, identifyCaller, renewSession } from "./caller.ts";
import type { ApiServer } from "./context.ts";
import { type AccessRule, accessRules, apiPaths, type Method } from "./contract/index.ts";
import type { RequestLimits } from "./rate-limit.ts";
import { callerOf } from "./scope.ts";

const nameByPath = new Map(
  Object.entries(apiPaths).map(([name, path]) => [path as string, name as keyof typeof apiPaths]),
);

/**
 * Puts the guard before every route that is registered from here on: who is it, and may they, before the handler. A
 * route without a rule in the contract throws when it is registered.
 */
export function guardRoutes(server: ApiServer, sources: CallerSources, limits: RequestLimits): void {
  server.decorateRequest("caller", null);
  server.decorateRequest("grant", null);
  server.addHook("onRoute", (route) => {
    route.config = { ...route.config, rule: ruleOf(route) };
  });
  server.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store");
    limits.admitAddress(request, reply);
    if (requiredRule(request).for === "anybody") return;
    request.caller = await identifyCaller(request, sources);
    limits.admitCaller(request.caller, reply);
    await renewSession(request.caller, request, reply, sources);
  });
  // Bodies are checked by now: a project or organisation may be named there.
  server.addHook("preHandler", async (request) => {
    const rule = requiredRule(request);
    if (rule.for === "anybody") return;
    request.grant = authorize(callerOf(request), rule, wishOf(request), sources.catalog);
  });
}

function ruleOf({ url, method }: RouteOptions): AccessRule {
  const name = nameByPath.get(url);
  const [first = "GET"] = typeof method === "string" ? [method] : method;
  const rule = name === undefined ? undefined : accessRules[name][(first === "HEAD" ? "GET" : first) as Method];
  if (rule === undefined) throw new Error(`The route ${first} ${url} has no rule in api/contract/access.ts.`);
  return rule;
}

function requiredRule(request: FastifyRequest): AccessRule {
  const { rule } = request.routeOptions.config;
  if (rule === undefined) throw new CodedError("INTERNAL", "This route has no access rule.");
  return rule;
}

/** What the path names counts; else the query string or the body, which must not contradict it. */
function wishOf(request: FastifyRequest): TargetWish {
  const places = [request.params, request.query, request.body].map((part) => (part ?? {}) as Record<string, unknown>);
  return { project_id: named(places, "project_id"), organization_id: named(places, "organization_id") };
}

function named(places: readonly Record<string, unknown>[], field: string): string | undefined {
  const values = new Set(places.map((place) => place[field]).filter((value) => typeof value === "string"));
  if (values.size > 1) throw new CodedError("BAD_REQUEST", `The request names more than one ${field}.`);
  return values.values().next().value;
}
