import { checkAggregation } from "@weir/query";
import { aggregate } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, queryBody, queryResult } from "../contract/index.ts";
import { endsOf } from "../request-range.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions } from "../scope.ts";

export function registerQuery(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "query",
    tags: ["metrics"],
    summary: "Figures over calls by any fields, attributes and buckets of time",
    body: queryBody,
    response: answers({ 200: queryResult }),
  };
  server.post(apiPaths.query, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.body, options);
    const { filter, select, group_by, bucket_seconds, having, order_by, limit } = request.body;
    const aggregation = checkAggregation({ filter, select, group_by, bucket_seconds, having, order_by, limit });
    const answer = await aggregate(options.store, project, { range, aggregation }, readOptions(reply, options));
    // Up to ten thousand rows, made field by field just now: checking them against the schema would cost more than writing them.
    reply.type("application/json; charset=utf-8").serializer(JSON.stringify);
    return {
      ...endsOf(answer.range),
      project_id: project,
      data: answer.data,
      is_truncated: answer.is_truncated,
    };
  });
}
