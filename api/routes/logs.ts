import type { ProjectId } from "@weir/model";
import { checkFilter } from "@weir/query";
import { type LogFilter, listLogs, type TimeRange } from "@weir/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, listLogsQuery, logPage, queryLogsBody } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions } from "../scope.ts";

const tags = ["logs"];

export function registerLogs(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "listLogs",
    tags,
    summary: "List log records, newest first",
    querystring: listLogsQuery,
    response: answers({ 200: logPage }),
  };
  server.get(apiPaths.logs, { schema }, (request, reply) => logsOf(request, reply, request.query, options));
  const querySchema = {
    operationId: "queryLogs",
    tags,
    summary: "The same, with attributes",
    body: queryLogsBody,
    response: answers({ 200: logPage }),
  };
  server.post(apiPaths.queryLogs, { schema: querySchema }, (request, reply) =>
    logsOf(request, reply, request.body, options),
  );
}

type LogFields = z.output<typeof queryLogsBody>;

function logsOf(request: FastifyRequest, reply: FastifyReply, fields: LogFields, options: ApiOptions) {
  const { project, range } = logScopeOf(request, fields, options);
  const { severity, service_name, environment, event_name, scope_name, attributes, q } = fields;
  const filter: LogFilter = {
    service_name,
    environment,
    event_name,
    scope_name,
    attributes,
    q,
    query: fields.filter === undefined ? undefined : checkFilter(fields.filter),
    severity_from: severity,
    trace_id: fields.trace_id?.toLowerCase(),
    span_id: fields.span_id?.toLowerCase(),
  };
  const question = { range, filter, limit: fields.limit, cursor: fields.cursor };
  return listLogs(options.store, project, question, readOptions(reply, options));
}

/** A trace's records are few and found by its id: they are looked for at any time, unless a time is said. */
function logScopeOf(
  request: FastifyRequest,
  fields: LogFields,
  options: ApiOptions,
): { readonly project: ProjectId; readonly range: TimeRange } {
  const scope = rangeScopeOf(request, fields, options);
  const saysWhen = fields.from !== undefined || fields.start_time !== undefined;
  if (fields.trace_id === undefined || saysWhen) return scope;
  return { ...scope, range: { ...scope.range, fromUnixNano: 0n } };
}
