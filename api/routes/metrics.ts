import {
  breakdown as readBreakdown,
  heatmap as readHeatmap,
  metricsSummary as readSummary,
  timeseries as readTimeseries,
} from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  breakdown,
  breakdownQuery,
  heatmap,
  heatmapQuery,
  metricsSummary,
  metricsSummaryQuery,
  timeseries,
  timeseriesQuery,
} from "../contract/index.ts";
import { filterOf } from "../filter.ts";
import { endsOf } from "../request-range.ts";
import { answers } from "../route-answers.ts";
import { rangeScopeOf, readOptions } from "../scope.ts";

const tags = ["metrics"];

export function registerMetrics(server: ApiServer, options: ApiOptions): void {
  registerSummary(server, options);
  registerTimeseries(server, options);
  registerHeatmap(server, options);
  registerBreakdown(server, options);
}

function registerSummary(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getMetricsSummary",
    tags,
    summary: "Volume, errors, latency, tokens and cost of a range, in total and by model",
    querystring: metricsSummaryQuery,
    response: answers({ 200: metricsSummary }),
  };
  server.get(apiPaths.metricsSummary, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    const question = { range, filter: filterOf(request.query) };
    const { range: answered, ...summary } = await readSummary(
      options.store,
      project,
      question,
      readOptions(reply, options),
    );
    return { ...endsOf(answered), project_id: project, ...summary };
  });
}

function registerTimeseries(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getMetricsTimeseries",
    tags,
    summary: "The same by buckets of time",
    querystring: timeseriesQuery,
    response: answers({ 200: timeseries }),
  };
  server.get(apiPaths.metricsTimeseries, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    const question = { range, filter: filterOf(request.query), bucketSeconds: request.query.bucket_seconds };
    const { range: answered, ...series } = await readTimeseries(
      options.store,
      project,
      question,
      readOptions(reply, options),
    );
    return { ...endsOf(answered), project_id: project, ...series };
  });
}

function registerHeatmap(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getMetricsHeatmap",
    tags,
    summary: "How many calls took how long, by buckets of time",
    querystring: heatmapQuery,
    response: answers({ 200: heatmap }),
  };
  server.get(apiPaths.metricsHeatmap, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    const { of, bucket_seconds } = request.query;
    const question = { range, filter: filterOf(request.query), of, bucketSeconds: bucket_seconds };
    const { range: answered, ...map } = await readHeatmap(
      options.store,
      project,
      question,
      readOptions(reply, options),
    );
    return { ...endsOf(answered), project_id: project, ...map };
  });
}

function registerBreakdown(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getMetricsBreakdown",
    tags,
    summary: "Totals by the values of one field",
    querystring: breakdownQuery,
    response: answers({ 200: breakdown }),
  };
  server.get(apiPaths.metricsBreakdown, { schema }, async (request, reply) => {
    const { project, range } = rangeScopeOf(request, request.query, options);
    const { by, limit } = request.query;
    const question = { range, filter: filterOf(request.query), by, limit };
    const answer = await readBreakdown(options.store, project, question, readOptions(reply, options));
    return { ...endsOf(answer.range), project_id: project, by, data: answer.data };
  });
}
