/** What a metric's points may be asked for. */
export const metricAggregations = [
  "avg",
  "sum",
  "min",
  "max",
  "count",
  "rate",
  "increase",
  "p50",
  "p90",
  "p95",
  "p99",
] as const;
export type MetricAggregation = (typeof metricAggregations)[number];
