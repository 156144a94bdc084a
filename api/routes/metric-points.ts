import { checkFilter, parseFilter } from "@weir/query";
import { getMetric, listMetrics, queryMetric } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  getMetricQuery,
  listMetricsQuery,
  metricAnswer,
  metricDetail,
  metricList,
  metricParams,
  queryMetricBody,
} from "../contract/index.ts";
import { endsOf } from "../request-range.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions } from "../scope.ts";

const tags = ["metric points"];

/** Metrics that were received; what Weir itself counts of calls is in `metrics.ts`, whose paths win over a metric's name. */
export function registerMetricPoints(server: ApiServer, options: ApiOptions): void {
  registerList(server, options);
  registerDetail(server, options);
  registerQuery(server, options);
}

function registerList(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "listMetrics",
    tags,
    summary: "List the metrics that were received",
    querystring: listMetricsQuery,
    response: answers({ 200: metricList }),
  };
  server.get(apiPaths.metrics, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    const filter = request.query.filter === undefined ? undefined : parseFilter(request.query.filter);
    const data = await listMetrics(options.store, project, { range, filter }, readOptions(reply, options));
    return { ...endsOf(range), project_id: project, data };
  });
}

function registerDetail(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getMetric",
    tags,
    summary: "Read a metric's labels, series and exemplars",
    params: metricParams,
    querystring: getMetricQuery,
    response: answers({ 200: metricDetail }),
  };
  server.get(apiPaths.metric, { schema }, (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    return getMetric(options.store, project, { range, name: request.params.name }, readOptions(reply, options));
  });
}

function registerQuery(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "queryMetric",
    tags,
    summary: "A metric in steps of time",
    body: queryMetricBody,
    response: answers({ 200: metricAnswer }),
  };
  server.post(apiPaths.queryMetric, { schema }, async (request, reply) => {
    const { name, aggregation, labels, group_by, step_seconds, limit } = request.body;
    const { project, range: asked } = rangeScopeOf(request, request.body, options);
    const question = {
      name,
      aggregation,
      labels,
      filter: request.body.filter === undefined ? undefined : checkFilter(request.body.filter),
      groupBy: group_by,
      stepSeconds: step_seconds,
      limit,
      range: asked,
    };
    const { range, ...answer } = await queryMetric(options.store, project, question, readOptions(reply, options));
    return { ...endsOf(range), project_id: project, name, aggregation, ...answer };
  });
}
