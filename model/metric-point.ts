import type { MetricPointRow } from "./columns.ts";
import type { ProjectId } from "./ids.ts";
import { defaultRetentionDays } from "./retention.ts";

export const metricTypes = ["gauge", "sum", "histogram", "exponential_histogram", "summary"] as const;
export type MetricType = (typeof metricTypes)[number];

/** A point with nothing known but its metric and time (nanoseconds since 1970), for the caller to fill. */
export function newMetricPointRow(
  projectId: ProjectId,
  metricName: string,
  type: MetricType,
  timeUnixNano: bigint,
): MetricPointRow {
  return {
    project_id: projectId,
    retention_days: defaultRetentionDays,
    metric_name: metricName,
    type,
    unit: "",
    description: "",
    temporality: "",
    is_monotonic: 0,
    service_name: "",
    environment: "",
    scope_name: "",
    start_time: 0n,
    time: timeUnixNano,
    flags: 0,
    value: null,
    count: null,
    sum: null,
    min: null,
    max: null,
    bucket_bounds: [],
    bucket_counts: [],
    scale: 0,
    zero_count: 0,
    zero_threshold: 0,
    positive_offset: 0,
    positive_counts: [],
    negative_offset: 0,
    negative_counts: [],
    quantiles: [],
    quantile_values: [],
    attributes: {},
    resource: {},
    exemplar_times: [],
    exemplar_values: [],
    exemplar_trace_ids: [],
    exemplar_span_ids: [],
  };
}
