import { CodedError, type MetricAggregation, type MetricType, type ProjectId } from "@weir/model";
import type { Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import { bucketSecondsFor, bucketStarts } from "./buckets.ts";
import type { RawRow } from "./call-row.ts";
import { type Bucket, explicitBuckets, exponentialBuckets, quantileOf } from "./histogram-quantile.ts";
import { latestMetric, type MetricRow } from "./list-metrics.ts";
import { type MetricSelection, metricSource, resolutionFor } from "./metric-source.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { type TimeRange, widened } from "./time-range.ts";
import { bucketOf, timeOf } from "./timeseries.ts";

export interface QueryMetricQuestion {
  readonly name: string;
  readonly range: TimeRange;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly filter?: Filter | undefined;
  readonly groupBy: readonly string[];
  readonly aggregation: MetricAggregation;
  readonly stepSeconds?: number | undefined;
  /** Most series in the answer. */
  readonly limit: number;
}

export interface MetricAnswer {
  readonly range: TimeRange;
  readonly step_seconds: number;
  readonly type: MetricType;
  readonly unit: string;
  /** Start of each step. */
  readonly times: string[];
  readonly series: { labels: Record<string, string>; values: (number | null)[] }[];
  readonly is_truncated: boolean;
}

/**
 * A metric in steps of time. Rates and increases are of what was counted: resets of cumulative values, which a new start
 * time or a fall tells, count from zero again, and delta values are added up. Percentiles come from buckets. Rejects with
 * NOT_FOUND for a metric without points in the range, and with BAD_REQUEST for an aggregation that its type has not.
 */
export async function queryMetric(
  reader: SqlReader,
  project: ProjectId,
  question: QueryMetricQuestion,
  options?: ReadOptions,
): Promise<MetricAnswer> {
  const stepSeconds = bucketSecondsFor(question.range, question.stepSeconds);
  const range = widened(question.range, BigInt(stepSeconds) * 1_000_000_000n);
  const metric = await latestMetric(reader, project, { range, name: question.name }, options);
  const kind = kindOf(metric);
  if (!aggregationsOf[kind].includes(question.aggregation)) throw notOfItsKind(kind, question.aggregation);
  const asked = { ...question, range, stepSeconds, metric, kind };
  const isLevel = kind === "gauge" || (kind === "level" && !isFlow(question.aggregation));
  const { sql, params } = isLevel ? levelsSql(project, asked) : flowsSql(project, asked);
  const rows = await reader.query<RawRow>(sql, params, options);
  const starts = bucketStarts(range, stepSeconds);
  const series = seriesOf(rows, asked, starts);
  return {
    range,
    step_seconds: stepSeconds,
    type: metric.type,
    unit: metric.unit,
    times: starts.map(timeOf),
    series: series.slice(0, question.limit),
    is_truncated: series.length > question.limit || rows.length >= mostRows,
  };
}

/** `level`: a sum that also falls, such as a queue's length. `counter`: one that only grows, or is told by its changes. */
type Kind = "gauge" | "level" | "counter" | "histogram" | "summary";

const aggregationsOf: Readonly<Record<Kind, readonly MetricAggregation[]>> = {
  gauge: ["avg", "sum", "min", "max", "count"],
  level: ["avg", "sum", "min", "max", "count", "rate", "increase"],
  counter: ["sum", "rate", "increase"],
  histogram: ["avg", "sum", "min", "max", "count", "rate", "increase", "p50", "p90", "p95", "p99"],
  summary: ["avg", "sum", "count", "rate", "increase"],
};

function kindOf({ type, temporality, is_monotonic }: MetricRow): Kind {
  if (type === "gauge" || type === "summary") return type;
  if (type !== "sum") return "histogram";
  return is_monotonic || temporality === "delta" ? "counter" : "level";
}

const kindNames: Readonly<Record<Kind, string>> = {
  gauge: "A gauge",
  level: "A sum that may fall",
  counter: "A counter",
  histogram: "A histogram",
  summary: "A summary",
};

function notOfItsKind(kind: Kind, aggregation: MetricAggregation): CodedError {
  const message = `${kindNames[kind]} has no ${aggregation}; it has ${aggregationsOf[kind].join(", ")}.`;
  return new CodedError("BAD_REQUEST", `aggregation: ${message}`, { details: [{ path: "aggregation", message }] });
}

const isFlow = (aggregation: MetricAggregation) => aggregation === "rate" || aggregation === "increase";
const percentiles: Partial<Record<MetricAggregation, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

interface Asked extends QueryMetricQuestion {
  readonly stepSeconds: number;
  readonly metric: MetricRow;
  readonly kind: Kind;
}

/** Rows of one answer: steps times groups, times the shapes of their buckets. */
const mostRows = 200_000;

function selectionOf({ name, metric, labels, filter, groupBy }: Asked): MetricSelection {
  return { name, type: metric.type, labels, filter, groupBy };
}

const labelNames = (groupBy: readonly string[]) => groupBy.map((_, index) => `label${index}`);

/** Of values that stand for themselves: in each step a series counts with the average of its points. */
function levelsSql(project: ProjectId, asked: Asked) {
  const bindings = new Bindings(project);
  const resolution = resolutionFor(asked.range, asked.stepSeconds);
  const source = metricSource(bindings, selectionOf(asked), asked.range, resolution);
  const labels = labelNames(asked.groupBy);
  const keys = ["bucket", ...labels].join(", ");
  const sql = `SELECT ${keys}, sum(series_sum) AS total, sum(series_count) AS points, min(low) AS lowest, max(high) AS highest,
  sum(series_sum / series_count) AS levels
FROM (
  SELECT ${bucketOf(bindings, "toUnixTimestamp(at)", asked.stepSeconds)} AS bucket, series${labels.map((name) => `, ${name}`).join("")},
    sum(value_sum) AS series_sum, sum(value_count) AS series_count, min(smallest) AS low, max(largest) AS high
  FROM ${source}
  GROUP BY ${keys}, series
  HAVING series_count > 0
)
GROUP BY ${keys}
LIMIT ${mostRows}`;
  return { sql, params: bindings.params };
}

/** How far back a value is looked for that the first one of the range has grown from. */
function lookBackSeconds({ stepSeconds }: Asked): number {
  return Math.max(stepSeconds, stepSeconds % 3600 === 0 ? 7200 : 900);
}

/** Of values that are counted up: what each row added to the one before it, in steps. */
function flowsSql(project: ProjectId, asked: Asked) {
  const bindings = new Bindings(project);
  const resolution = resolutionFor(asked.range, asked.stepSeconds);
  const { fromUnixNano, toUnixNano } = asked.range;
  const lookBack = BigInt(lookBackSeconds(asked)) * 1_000_000_000n;
  const seen = { fromUnixNano: fromUnixNano > lookBack ? fromUnixNano - lookBack : 0n, toUnixNano };
  const source = metricSource(bindings, selectionOf(asked), seen, resolution);
  const keys = ["bucket", ...labelNames(asked.groupBy)].join(", ");
  const isPercentile = percentiles[asked.aggregation] !== undefined;
  const bucketsOfRow = isPercentile
    ? `, ${addedMap("positive")} AS added_positive, ${addedMap("negative")} AS added_negative`
    : "";
  const bucketsOfStep = isPercentile
    ? ", bounds, any(common_scale) AS step_scale, sumMap(added_positive) AS positive, sumMap(added_negative) AS negative"
    : "";
  // A stream that was begun within what is seen began at zero; of one begun before, the first value tells nothing.
  const sql = `SELECT ${keys}, sum(added_value) AS value, sum(added_count) AS measure_count, sum(added_sum) AS measure_sum,
  sum(added_zero_count) AS zero_count, min(smallest) AS lowest, max(largest) AS highest${bucketsOfStep}
FROM (
  SELECT *, ${bucketOf(bindings, "toUnixTimestamp(at)", asked.stepSeconds)} AS bucket,
    row_number() OVER stream = 1 AS is_first,
    stream_start >= ${bindings.instant(seen.fromUnixNano)} AS is_begun_here,
    NOT is_first AND is_monotonic_stream AND (
      value < lagInFrame(value) OVER stream OR measure_count < lagInFrame(measure_count) OVER stream) AS is_reset,
    ${added("value", "Float64")} AS added_value, ${added("measure_count", "Int64")} AS added_count,
    ${added("measure_sum", "Float64")} AS added_sum, ${added("zero_count", "Int64")} AS added_zero_count${bucketsOfRow}
  FROM (SELECT *, is_monotonic = 1 OR ${asked.kind !== "level" && asked.kind !== "counter"} AS is_monotonic_stream${isPercentile ? `, ${common}` : ""} FROM ${source})
  WINDOW stream AS (PARTITION BY series, stream_start, is_cumulative ORDER BY last_time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE at >= ${bindings.second(fromUnixNano)}
GROUP BY ${keys}${isPercentile ? ", bounds" : ""}
LIMIT ${mostRows}`;
  return { sql, params: bindings.params };
}

function added(column: string, type: "Float64" | "Int64"): string {
  const amount = `CAST(${column}, '${type}')`;
  const before = `CAST(lagInFrame(${column}) OVER stream, '${type}')`;
  return `multiIf(NOT is_cumulative, ${amount}, is_first, if(is_begun_here, ${amount}, 0), is_reset, ${amount}, ${amount} - ${before})`;
}

/**
 * Buckets of an exponential histogram on the coarsest scale of all its rows: index i becomes i ÷ 2^difference, rounded
 * down. Explicit histograms have scale 0, and stay.
 */
const common = `min(scale) OVER () AS common_scale,
    ${rescaled("positive")} AS common_positive, ${rescaled("negative")} AS common_negative`;

function rescaled(column: string): string {
  const index = "toInt32(floor(index / exp2(scale - common_scale)))";
  const merged = `arrayReduce('sumMap', [arrayMap(index -> ${index}, mapKeys(${column}))], [mapValues(${column})])`;
  return `CAST(if(scale = common_scale, ${column}, mapFromArrays(tupleElement(${merged}, 1), tupleElement(${merged}, 2))), 'Map(Int32, Int64)')`;
}

function addedMap(column: "positive" | "negative"): string {
  const amount = `common_${column}`;
  const nothing = "CAST(map(), 'Map(Int32, Int64)')";
  return `multiIf(NOT is_cumulative, ${amount}, is_first, if(is_begun_here, ${amount}, ${nothing}), is_reset, ${amount}, mapSubtract(${amount}, lagInFrame(${amount}) OVER stream))`;
}

function seriesOf(rows: readonly RawRow[], asked: Asked, starts: readonly number[]): MetricAnswer["series"][number][] {
  const groups = new Map<string, { labels: Record<string, string>; steps: Map<number, RawRow[]> }>();
  for (const row of rows) {
    const values = asked.groupBy.map((_, index) => String(row[`label${index}`]));
    const key = JSON.stringify(values);
    const labels = () => Object.fromEntries(asked.groupBy.map((name, index) => [name, values[index] ?? ""]));
    const group = groups.get(key) ?? { labels: labels(), steps: new Map<number, RawRow[]>() };
    groups.set(key, group);
    const bucket = Number(row["bucket"]);
    group.steps.set(bucket, [...(group.steps.get(bucket) ?? []), row]);
  }
  const series = [...groups.values()].map(({ labels, steps }) => ({
    labels,
    values: starts.map((start) => stepValue(steps.get(start) ?? [], asked)),
  }));
  const weight = ({ values }: (typeof series)[number]) =>
    values.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0);
  return series.sort((one, other) => weight(other) - weight(one));
}

/** The rows of one step and group: one, or one for each shape of buckets. */
function stepValue(rows: readonly RawRow[], { aggregation, kind, stepSeconds }: Asked): number | null {
  if (rows.length === 0) return null;
  const share = percentiles[aggregation];
  if (share !== undefined) return quantileOf(rows.flatMap(bucketsOf), share);
  const sumOf = (column: string) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
  const counted = kind === "histogram" || kind === "summary";
  const amount = () => sumOf(counted ? "measure_count" : "value");
  switch (aggregation) {
    case "increase":
      return amount();
    case "rate":
      return amount() / stepSeconds;
    case "min":
      return finiteOrNull(rows[0]?.["lowest"]);
    case "max":
      return finiteOrNull(rows[0]?.["highest"]);
    case "count":
      return sumOf(counted ? "measure_count" : "points");
    case "avg":
      return counted ? ratio(sumOf("measure_sum"), sumOf("measure_count")) : ratio(sumOf("total"), sumOf("points"));
    default:
      if (counted) return sumOf("measure_sum");
      return kind === "counter" ? sumOf("value") : sumOf("levels");
  }
}

const ratio = (sum: number, count: number) => (count > 0 ? sum / count : null);
const finiteOrNull = (value: unknown) => (value === null || value === undefined ? null : Number(value));

function bucketsOf(row: RawRow): Bucket[] {
  const positive = countsOf(row["positive"]);
  const bounds = row["bounds"] as number[];
  if (bounds.length > 0) return explicitBuckets(bounds, positive);
  return exponentialBuckets({
    scale: Number(row["step_scale"]),
    zeroCount: Number(row["zero_count"]),
    positive,
    negative: countsOf(row["negative"]),
  });
}

function countsOf(value: unknown): Map<number, number> {
  return new Map(
    Object.entries(value as Record<string, number>).map(([index, count]) => [Number(index), Number(count)]),
  );
}
