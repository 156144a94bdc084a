import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiOptions, ApiServer } from "./context.ts";
import { changesBy } from "./scope.ts";

/** Pages ask for their lists again and again: one entry in this time stands for all alike. */
const listSilenceMs = 10 * 60_000;
const rememberedLists = 10_000;

/**
 * Writes each read of captured content into the audit log before its answer is sent; an answer that cannot be
 * recorded is not given. A call or a trace that is opened is an entry each time; a list or search is one for each
 * caller, project and route in ten minutes.
 */
export function auditContentReads(server: ApiServer, options: ApiOptions): void {
  const listedAt = new Map<string, number>();

  const isNews = (list: string): boolean =>
    Date.now() - (listedAt.get(list) ?? Number.NEGATIVE_INFINITY) >= listSilenceMs;
  const remember = (list: string): void => {
    if (listedAt.size >= rememberedLists) listedAt.clear();
    listedAt.set(list, Date.now());
  };

  server.addHook("onSend", async (request, reply, payload) => {
    const target = readTarget(request, reply);
    if (target === undefined) return payload;
    const { project } = request.grant ?? {};
    const changes = changesBy(request, options);
    const list = target.id === "" ? [callerName(request), project, target.kind].join("\n") : undefined;
    if (list !== undefined && !isNews(list)) return payload;
    await changes.auditLog.record({ action: "content.read", projectId: project, target });
    if (list !== undefined) remember(list);
    return payload;
  });
}

/** What was read, where the route gives content and did; a list has no id. */
function readTarget(request: FastifyRequest, reply: FastifyReply): { kind: string; id: string } | undefined {
  const { rule } = request.routeOptions.config;
  if (reply.statusCode >= 300 || rule?.for !== "action" || rule.readsContent !== true) return undefined;
  const { span_id, trace_id } = request.params as Record<string, string | undefined>;
  if (span_id !== undefined) return { kind: "call", id: span_id.toLowerCase() };
  if (trace_id !== undefined) return { kind: "trace", id: trace_id.toLowerCase() };
  return { kind: request.routeOptions.url?.replace("/api/v1/", "") ?? "", id: "" };
}

function callerName({ caller }: FastifyRequest): string {
  if (caller === null) return "";
  return caller.via === "key" ? caller.key.id : (caller.session?.id ?? "machine");
}
