import { CodedError } from "@weir/model";
import { checkFilter, everything } from "@weir/query";
import { getTrace, listCalls, listTraces } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  getTraceQuery,
  listTracesQuery,
  searchResult,
  searchTracesBody,
  traceDetail,
  tracePage,
  traceParams,
} from "../contract/index.ts";
import { fieldFilterOf, textFilterOf } from "../filter.ts";
import { addLogContent } from "../log-content.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions, scopeOf } from "../scope.ts";

export function registerTraces(server: ApiServer, options: ApiOptions): void {
  const { store } = options;
  server.get(
    apiPaths.traces,
    {
      schema: {
        operationId: "listTraces",
        tags: ["traces"],
        summary: "List traces, newest first",
        querystring: listTracesQuery,
        response: answers({ 200: tracePage }),
      },
    },
    (request, reply) => {
      const { limit, cursor } = request.query;
      const { project, range } = rangeScopeOf(request, request.query, options);
      const filters = { filter: fieldFilterOf(request.query), spanFilter: textFilterOf(request.query) };
      const question = { range, ...filters, limit, cursor };
      return listTraces(store, project, question, readOptions(reply, options));
    },
  );
  server.get(
    apiPaths.trace,
    {
      schema: {
        operationId: "getTrace",
        tags: ["traces"],
        summary: "Read a trace with its spans",
        params: traceParams,
        querystring: getTraceQuery,
        response: answers({ 200: traceDetail }),
      },
    },
    async (request, reply) => {
      const project = scopeOf(request, request.query, options);
      const question = {
        traceId: request.params.trace_id.toLowerCase(),
        withContent: request.query.include === "content",
      };
      const trace = await getTrace(store, project, question, readOptions(reply, options));
      if (trace === undefined) throw new CodedError("NOT_FOUND", "This project has no trace of that id.");
      await addLogContent(store, project, trace.trace_id, trace.spans, readOptions(reply, options));
      return trace;
    },
  );
  registerSearch(server, options);
}

function registerSearch(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "searchTraces",
    tags: ["traces"],
    summary: "Find traces or spans by a filter over every field, attribute and text",
    body: searchTracesBody,
    response: answers({ 200: searchResult }),
  };
  server.post(apiPaths.tracesSearch, { schema }, async (request, reply) => {
    const { of, order, limit, cursor, filter: wanted } = request.body;
    const { project, range } = rangeScopeOf(request, request.body, options);
    const filter = wanted === undefined ? everything : checkFilter(wanted);
    const page = { range, order, limit, cursor };
    const reading = readOptions(reply, options);
    if (of === "spans") {
      return { of, ...(await listCalls(options.store, project, { ...page, filter, everyKind: true }, reading)) };
    }
    const question = { ...page, filter: everything, spanFilter: filter };
    return { of, ...(await listTraces(options.store, project, question, reading)) };
  });
}
