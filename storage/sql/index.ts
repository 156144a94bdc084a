export * from "./aggregate.ts";
export * from "./breakdown.ts";
export type { CallDetailRow, CallSummaryRow } from "./call-row.ts";
export * from "./content-logs.ts";
export * from "./decide-traces.ts";
export * from "./delete-data.ts";
export * from "./expire-data.ts";
export * from "./export-rows.ts";
export * from "./get-call.ts";
export * from "./get-trace.ts";
export * from "./heatmap.ts";
export { rfc3339OfNano } from "./instant.ts";
export { type ListCallsQuestion, type ListOrder, listCalls, type Page } from "./list-calls.ts";
export * from "./list-logs.ts";
export {
  type ExemplarRow,
  getMetric,
  listMetrics,
  type MetricDetail,
  type MetricRow,
  type MetricSeriesRow,
} from "./list-metrics.ts";
export { type ListTracesQuestion, listTraces, type TraceSummaryRow } from "./list-traces.ts";
export type { CallTotals, Quantiles } from "./measures.ts";
export * from "./metrics-summary.ts";
export * from "./query-metric.ts";
export type * from "./reader.ts";
export * from "./recent-calls.ts";
export * from "./storage-usage.ts";
export type { TimeRange } from "./time-range.ts";
export { type ModelSeries, type Timeseries, type TimeseriesQuestion, timeseries } from "./timeseries.ts";
export * from "./unindexed-rows.ts";
