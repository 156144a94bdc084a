import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiOptions, ApiServer } from "./context.ts";
import { type FilterQuery, looksIntoContent } from "./filter.ts";
import { changesBy } from "./scope.ts";

/** Pages ask for their lists again and again: one entry in this time stands for all alike. */
const listSilenceMs = 10 * 60_000;
const rememberedLists = 10_000;

const longestQuestion = 500;

/**
 * Writes each read of captured content into the audit log before its answer is sent; an answer that cannot be
 * recorded is not given. A call or a trace that is opened is an entry each time; a list or search is one for each
 * caller, project, route and question in ten minutes, and says what was asked.
 */
export function auditContentReads(server: ApiServer, options: ApiOptions): void {
  const listedAt = new Map<string, number>();

  const isRecorded = (key: string): boolean =>
    Date.now() - (listedAt.get(key) ?? Number.NEGATIVE_INFINITY) < listSilenceMs;
  const remember = (key: string): void => {
    if (listedAt.size >= rememberedLists) listedAt.clear();
    listedAt.set(key, Date.now());
  };

  server.addHook("onSend", async (request, reply, payload) => {
    const target = readTarget(request, reply);
    if (target === undefined) return payload;
    const { project } = request.grant ?? {};
    const changes = changesBy(request, options);
    const isList = target.id === "";
    const question = isList ? questionOf(request) : "";
    const key = isList ? hash("sha256", [callerName(request), project, target.kind, question].join("\n")) : "";
    if (isList && isRecorded(key)) return payload;
    // Somebody may look for a secret, to see where it went: that is not kept, as it is not in what was captured.
    const kept = project === undefined ? undefined : options.redactText?.(project, question).slice(0, longestQuestion);
    const after = kept === undefined || kept === "" ? undefined : { question: kept };
    await changes.auditLog.record({ action: "content.read", projectId: project, target, after });
    // Not before: what could not be recorded is recorded when it is asked again.
    if (isList) remember(key);
    return payload;
  });
}

/** What was read, where the route gives content and did; a list has no id. */
function readTarget(request: FastifyRequest, reply: FastifyReply): { kind: string; id: string } | undefined {
  const { rule } = request.routeOptions.config;
  if (reply.statusCode >= 300 || rule?.for !== "action" || rule.readsContent === undefined) return undefined;
  if (rule.readsContent === "by filter" && !looksIntoContent(request.query as FilterQuery)) return undefined;
  const { span_id, trace_id } = request.params as Record<string, string | undefined>;
  if (span_id !== undefined) return { kind: "call", id: span_id.toLowerCase() };
  if (trace_id !== undefined) return { kind: "trace", id: trace_id.toLowerCase() };
  return { kind: request.routeOptions.url?.replace("/api/v1/", "") ?? "", id: "" };
}

/** When, where and how much: pages ask the same question again and again. */
const notTheQuestion = new Set([
  ...["from", "to", "start_time", "end_time", "project_id", "organization_id"],
  ...["limit", "cursor", "order", "order_by", "bucket_seconds"],
]);

/** What narrows a list or is asked of it, as JSON; empty for all there is. */
function questionOf({ query, body }: FastifyRequest): string {
  const fields = Object.entries({ ...(query as object), ...(body as object | undefined) });
  const asked = fields.filter(([name, value]) => !notTheQuestion.has(name) && value !== undefined && value !== "");
  return asked.length === 0 ? "" : JSON.stringify(Object.fromEntries(asked));
}

function callerName({ caller }: FastifyRequest): string {
  if (caller === null) return "";
  return caller.via === "key" ? caller.key.id : (caller.session?.id ?? "machine");
}
