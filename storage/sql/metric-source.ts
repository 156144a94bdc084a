import type { MetricType } from "@weir/model";
import type { Filter } from "@weir/query";
import type { Bindings } from "./bindings.ts";
import { conditionOn } from "./compile-filter.ts";
import { metricColumnsOfFilter } from "./filter-columns.ts";
import { happenedWithin, type TimeRange } from "./time-range.ts";

/** Which series of which metric. */
export interface MetricSelection {
  readonly name: string;
  readonly type: MetricType;
  /** By `labelExpression`; any of a label's values matches. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Of the fields that metrics have; another one throws a FilterError. */
  readonly filter?: Filter | undefined;
  readonly groupBy: readonly string[];
}

/** Where points are read from: themselves, or their rollups by minute or by hour. */
export type MetricResolution = "points" | "minutes" | "hours";

const hourSeconds = 3600;
const dayNano = 86_400_000_000_000n;
const longestOfPoints = 6n * 3_600_000_000_000n;

/** The coarsest that gives exact buckets of so many seconds, where the range is long enough to save work by it. */
export function resolutionFor({ fromUnixNano, toUnixNano }: TimeRange, stepSeconds: number): MetricResolution {
  const length = toUnixNano - fromUnixNano;
  if (stepSeconds % 60 !== 0 || length <= longestOfPoints) return "points";
  return stepSeconds % hourSeconds === 0 && length >= 2n * dayNano ? "hours" : "minutes";
}

/**
 * A label of a series as SQL: `service_name` and `environment`, `resource.…` of the sender, anything else is an
 * attribute of the points.
 */
export function labelExpression(bindings: Bindings, label: string): string {
  if (label === "service_name" || label === "environment") return label;
  const prefix = "resource.";
  return label.startsWith(prefix)
    ? `resource[${bindings.bind("String", label.slice(prefix.length))}]`
    : `attributes[${bindings.bind("String", label)}]`;
}

/** The columns of a source besides the labels `label0` …; what `value` to `negative` hold depends on `is_cumulative`. */
const shared = "series, stream_start, temporality = 'cumulative' AS is_cumulative, scale";

/**
 * `(SELECT …)` of the selection's rows in the range, each a point or a rollup's row: series, stream_start,
 * is_cumulative, is_monotonic, scale, bounds, at (DateTime), last_time, value, measure_count, measure_sum, zero_count,
 * positive and negative (by index of bucket), value_count, value_sum, smallest, largest, label0 …
 * Of cumulative rows the amounts are those reached, of delta rows those added.
 */
export function metricSource(
  bindings: Bindings,
  selection: MetricSelection,
  range: TimeRange,
  resolution: MetricResolution,
): string {
  const conditions = [
    bindings.tenant,
    resolution === "points" ? happenedWithin(bindings, range) : rolledUpWithin(bindings, range, columnOf[resolution]),
    `metric_name = ${bindings.bind("String", selection.name)}`,
    `type = ${bindings.bind("String", selection.type)}`,
    ...Object.entries(selection.labels).map(
      ([label, values]) => `${labelExpression(bindings, label)} IN ${bindings.bind("Array(String)", values)}`,
    ),
  ];
  if (selection.filter !== undefined) {
    conditions.push(conditionOn(bindings, selection.filter, metricColumnsOfFilter, "metrics"));
  }
  const labels = selection.groupBy.map((label) => labelExpression(bindings, label));
  return resolution === "points"
    ? pointsSource(conditions, labels)
    : rollupSource(conditions, labels, resolution, columnOf[resolution]);
}

const columnOf = { minutes: "minute", hours: "hour" } as const;
const tableOf = { minutes: "metric_1m", hours: "metric_1h" } as const;

function rolledUpWithin(bindings: Bindings, { fromUnixNano, toUnixNano }: TimeRange, column: string): string {
  return `${column} >= ${bindings.second(fromUnixNano)} AND ${column} < ${bindings.second(toUnixNano)}`;
}

/** Counts by index of bucket, of an array that begins at an index. */
const byIndex = (offset: string, counts: string) =>
  `mapFromArrays(arrayMap(index -> toInt32(${offset} + index - 1), arrayEnumerate(${counts})), ${counts})`;

function pointsSource(conditions: readonly string[], labels: readonly string[]): string {
  const finite = (column: string) => `if(ifNull(isFinite(${column}), 0), ${column}, NULL)`;
  return `(
  SELECT series, if(temporality = 'cumulative', start_time, fromUnixTimestamp64Nano(toInt64(0), 'UTC')) AS stream_start,
    temporality = 'cumulative' AS is_cumulative, is_monotonic, scale, bucket_bounds AS bounds, toDateTime(time, 'UTC') AS at,
    time AS last_time, ifNull(metric_points.value, 0) AS value, ifNull(metric_points.count, 0) AS measure_count,
    ifNull(${finite("metric_points.sum")}, 0) AS measure_sum, metric_points.zero_count AS zero_count,
    ${byIndex("positive_offset", "arrayConcat(bucket_counts, positive_counts)")} AS positive,
    ${byIndex("negative_offset", "negative_counts")} AS negative,
    toUInt64(isNotNull(metric_points.value)) AS value_count, ifNull(metric_points.value, 0) AS value_sum,
    ifNull(metric_points.value, ${finite("metric_points.min")}) AS smallest,
    ifNull(metric_points.value, ${finite("metric_points.max")}) AS largest${labelled(labels)}
  FROM metric_points
  WHERE ${conditions.join(" AND ")} AND bitAnd(flags, 1) = 0 AND ifNull(isFinite(metric_points.value), 1)
)`;
}

function rollupSource(
  conditions: readonly string[],
  labels: readonly string[],
  resolution: "minutes" | "hours",
  column: string,
): string {
  const amount = (position: number, added: string) => `if(is_cumulative, tupleElement(reached, ${position}), ${added})`;
  const passed = labels.map((_, index) => `, label${index}`).join("");
  return `(
  SELECT series, stream_start, is_cumulative, is_monotonic, scale, bounds, at, last_time,
    ${amount(1, "sum_value")} AS value, ${amount(2, "sum_count")} AS measure_count, ${amount(3, "sum_sum")} AS measure_sum,
    ${amount(4, "sum_zero_count")} AS zero_count, ${amount(5, "sum_positive")} AS positive,
    ${amount(6, "sum_negative")} AS negative, value_count, value_sum, smallest, largest${passed}
  FROM (
    SELECT ${shared}, is_monotonic, any(bucket_bounds) AS bounds, ${column} AS at, max(rolled.last_time) AS last_time,
      argMaxMerge(last) AS reached, sum(added_value) AS sum_value, sum(added_count) AS sum_count,
      sum(added_sum) AS sum_sum, sum(added_zero_count) AS sum_zero_count, sumMap(added_positive) AS sum_positive,
      sumMap(added_negative) AS sum_negative, sum(rolled.value_count) AS value_count,
      sum(rolled.value_sum) AS value_sum, min(rolled.smallest) AS smallest,
      max(rolled.largest) AS largest${labels.map((label, index) => `, any(${label}) AS label${index}`).join("")}
    FROM ${tableOf[resolution]} AS rolled
    WHERE ${conditions.join(" AND ")}
    GROUP BY series, stream_start, temporality, is_monotonic, scale, shape, ${column}
  )
)`;
}

function labelled(labels: readonly string[]): string {
  return labels.map((label, index) => `, ${label} AS label${index}`).join("");
}
