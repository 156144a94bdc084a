import {
  defaultRetentionDays,
  type MetricPointRow,
  type MetricType,
  newMetricPointRow,
  noSpanId,
  noTraceId,
  parseSpanId,
  parseTraceId,
} from "@weir/model";
import type {
  Exemplar,
  ExponentialHistogramPoint,
  HistogramPoint,
  Metric,
  MetricData,
  NumberPoint,
  SummaryPoint,
} from "@weir/otlp";
import type { NormalizeContext } from "./normalize-span.ts";
import { senderIdentity, textMap } from "./sender-identity.ts";

/** The rows of a metric's points, and how many points have none, with the reason. */
export interface MetricPointRows {
  readonly rows: readonly MetricPointRow[];
  readonly rejectedCount: number;
  /** Empty when nothing was rejected. */
  readonly reason: string;
}

type Data = Exclude<MetricData, { type: "none" }>;
type Point = Data["points"][number];

const types: Record<Data["type"], MetricType> = {
  gauge: "gauge",
  sum: "sum",
  histogram: "histogram",
  exponentialHistogram: "exponential_histogram",
  summary: "summary",
};

const temporalities = ["", "delta", "cumulative"] as const;
/** Bit 0 of a point's flags. */
const noRecordedValue = 1;
/** Exemplars beyond these of one point are dropped. */
const mostExemplars = 32;

/**
 * One row a point. NaN and infinite values are kept as they are, and left out of sums. Points are rejected that no chart
 * could read: of a metric without a name, of a sum or histogram that does not say whether its values are delta or
 * cumulative, and histograms whose buckets do not fit their bounds. Never throws.
 */
export function metricPointRows(metric: Metric, context: NormalizeContext, arrivedUnixNano: bigint): MetricPointRows {
  const { data } = metric;
  if (data.type === "none") return { rows: [], rejectedCount: 0, reason: "" };
  const fault = faultOf(metric, data);
  if (fault !== "") return { rows: [], rejectedCount: data.points.length, reason: fault };
  const shared = sharedFields(metric, data, context);
  const rows: MetricPointRow[] = [];
  for (const point of data.points) {
    if (data.type === "histogram" && !hasFittingBuckets(point as HistogramPoint)) continue;
    const row = newMetricPointRow(
      context.projectId,
      metric.name,
      types[data.type],
      point.timeUnixNano || arrivedUnixNano,
    );
    Object.assign(row, shared);
    row.start_time = point.startTimeUnixNano;
    row.flags = point.flags;
    row.attributes = textMap(point.attributes);
    setValues(row, data.type, point);
    rows.push(row);
  }
  const rejectedCount = data.points.length - rows.length;
  return { rows, rejectedCount, reason: rejectedCount === 0 ? "" : unfitBuckets };
}

const unfitBuckets = "A histogram needs one more bucket count than bounds, or neither.";

function faultOf({ name }: Metric, data: Data): string {
  if (name === "") return "A metric needs a name.";
  if (!("temporality" in data) || data.temporality === 1 || data.temporality === 2) return "";
  return "A sum or histogram must say whether it is delta or cumulative (aggregationTemporality 1 or 2).";
}

function sharedFields(metric: Metric, data: Data, context: NormalizeContext): Partial<MetricPointRow> {
  return {
    retention_days: context.retentionDays ?? defaultRetentionDays,
    unit: metric.unit,
    description: metric.description,
    // A summary counts from its start on, as OTLP defines it.
    temporality:
      data.type === "summary" ? "cumulative" : "temporality" in data ? (temporalities[data.temporality] ?? "") : "",
    is_monotonic: data.type === "sum" && data.isMonotonic ? 1 : 0,
    scope_name: metric.scope.name,
    resource: textMap(metric.resource),
    ...senderIdentity(metric.resource),
  };
}

function hasFittingBuckets({ bucketCounts, explicitBounds }: HistogramPoint): boolean {
  return bucketCounts.length === 0 ? explicitBounds.length === 0 : bucketCounts.length === explicitBounds.length + 1;
}

function setValues(row: MetricPointRow, type: Data["type"], point: Point): void {
  switch (type) {
    case "gauge":
    case "sum":
      setNumber(row, point as NumberPoint);
      break;
    case "histogram":
      setStatistics(row, point as HistogramPoint);
      row.bucket_bounds = (point as HistogramPoint).explicitBounds;
      row.bucket_counts = (point as HistogramPoint).bucketCounts.map(Number);
      break;
    case "exponentialHistogram":
      setStatistics(row, point as ExponentialHistogramPoint);
      setExponentialBuckets(row, point as ExponentialHistogramPoint);
      break;
    case "summary": {
      const { count, sum, quantileValues } = point as SummaryPoint;
      row.count = Number(count);
      row.sum = sum;
      row.quantiles = quantileValues.map(({ quantile }) => quantile);
      row.quantile_values = quantileValues.map(({ value }) => value);
    }
  }
}

function setNumber(row: MetricPointRow, { value, exemplars }: NumberPoint): void {
  row.value = value === null ? null : Number(value);
  if (value === null) row.flags |= noRecordedValue;
  setExemplars(row, exemplars);
}

function setStatistics(row: MetricPointRow, point: HistogramPoint | ExponentialHistogramPoint): void {
  row.count = Number(point.count);
  row.sum = point.sum;
  row.min = point.min;
  row.max = point.max;
  setExemplars(row, point.exemplars);
}

function setExponentialBuckets(row: MetricPointRow, point: ExponentialHistogramPoint): void {
  row.scale = point.scale;
  row.zero_count = Number(point.zeroCount);
  row.zero_threshold = point.zeroThreshold;
  row.positive_offset = point.positive.offset;
  row.positive_counts = point.positive.bucketCounts.map(Number);
  row.negative_offset = point.negative.offset;
  row.negative_counts = point.negative.bucketCounts.map(Number);
}

function setExemplars(row: MetricPointRow, exemplars: readonly Exemplar[]): void {
  const kept = exemplars.slice(0, mostExemplars);
  row.exemplar_times = kept.map(({ timeUnixNano }) => timeUnixNano);
  row.exemplar_values = kept.map(({ value }) => (value === null ? Number.NaN : Number(value)));
  row.exemplar_trace_ids = kept.map(({ traceId }) => parseTraceId(traceId) ?? noTraceId);
  row.exemplar_span_ids = kept.map(({ spanId }) => parseSpanId(spanId) ?? noSpanId);
}
