import { CodedError } from "@weir/model";
import { getCall, listCalls } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, callDetail, callPage, callParams, getCallQuery, listCallsQuery } from "../contract/index.ts";
import { filterOf } from "../filter.ts";
import { addLogContent } from "../log-content.ts";
import { unixNanoOf } from "../request-range.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions, scopeOf } from "../scope.ts";

export function registerCalls(server: ApiServer, options: ApiOptions): void {
  const { store } = options;
  server.get(
    apiPaths.calls,
    {
      schema: {
        operationId: "listCalls",
        tags: ["calls"],
        summary: "List calls, newest first",
        querystring: listCallsQuery,
        response: answers({ 200: callPage }),
      },
    },
    (request, reply) => {
      const { limit, cursor } = request.query;
      const { project, range } = rangeScopeOf(request, request.query, options);
      const question = { range, filter: filterOf(request.query), limit, cursor };
      return listCalls(store, project, question, readOptions(reply, options));
    },
  );
  server.get(
    apiPaths.call,
    {
      schema: {
        operationId: "getCall",
        tags: ["calls"],
        summary: "Read a call with its content",
        params: callParams,
        querystring: getCallQuery,
        response: answers({ 200: callDetail }),
      },
    },
    async (request, reply) => {
      const { trace_id, start_time } = request.query;
      const question = {
        spanId: request.params.span_id.toLowerCase(),
        traceId: trace_id,
        startTimeUnixNano: start_time === undefined ? undefined : unixNanoOf(start_time),
      };
      const project = scopeOf(request, request.query, options);
      const call = await getCall(store, project, question, readOptions(reply, options));
      if (call === undefined) throw new CodedError("NOT_FOUND", "This project has no call of that id.");
      await addLogContent(store, project, call.trace_id, [call], readOptions(reply, options));
      return call;
    },
  );
}
