import type { ProjectId } from "@weir/model";
import {
  type Aggregation,
  attributeKey,
  fieldNamed,
  type HavingCondition,
  type Measure,
  measureName,
} from "@weir/query";
import { Bindings } from "./bindings.ts";
import { numberOrUnknown, type RawRow } from "./call-row.ts";
import { spanColumnsOfFilter } from "./filter-columns.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import type { Statement } from "./statement.ts";
import { type TimeRange, widened } from "./time-range.ts";
import { timeOf } from "./timeseries.ts";
import { type UsageSource, usageSource, userRollupSums } from "./usage-source.ts";

export interface AggregateQuestion {
  readonly range: TimeRange;
  readonly aggregation: Aggregation;
}

/** One group's figures: `group` by the long names of its fields, `values` by the names of the measures. */
export interface AggregateRow {
  /** Start of the bucket, RFC 3339; absent without buckets. */
  time?: string;
  group: Record<string, string>;
  /** Null where no row of the group has a known value. */
  values: Record<string, number | null>;
}

export interface Aggregate {
  /** The range of the question, widened to whole minutes. */
  readonly range: TimeRange;
  readonly data: AggregateRow[];
  /** True when there are more groups than the limit. */
  readonly is_truncated: boolean;
}

/**
 * Figures over the calls of models (kinds llm, embedding and reranker, unless the filter is about kinds) by groups.
 * Answered from the rollups where they know every field and figure that is asked for; a percentile may differ from that
 * of the rows by about one in a hundred.
 */
export async function aggregate(
  reader: SqlReader,
  project: ProjectId,
  question: AggregateQuestion,
  options?: ReadOptions,
): Promise<Aggregate> {
  const { aggregation, range } = question;
  const { sql, params } = aggregateStatement(project, question);
  const rows = await reader.query<RawRow>(sql, params, options);
  return {
    range: widened(range),
    data: toAggregateRows(rows.slice(0, aggregation.limit), aggregation),
    is_truncated: rows.length > aggregation.limit,
  };
}

/** The statement of an aggregation: tenant, time and filter, then groups; one group more than the limit. */
export function aggregateStatement(project: ProjectId, { range, aggregation }: AggregateQuestion): Statement {
  const { filter, measures, groupBy, bucketSeconds, having, orderBy, limit } = aggregation;
  const bindings = new Bindings(project);
  const all = [...measures, ...having.map(({ measure }) => measure), ...orderBy.flatMap(measureOf)];
  const isOffMinutes = bucketSeconds !== undefined && bucketSeconds % 60 !== 0;
  const needsSpans = isOffMinutes || !all.every(isInRollups);
  const isOfUserSums = all.every(({ fn, field = "" }) => fn === "count" || (fn === "sum" && userRollupSums.has(field)));
  const asked = { range: widened(range), filter, bucketSeconds, by: groupBy, needsSpans, isOfUserSums };
  const source = usageSource(bindings, asked);
  const groups = groupBy.map((name) => groupExpression(bindings, source, name));
  const keys = groups.map((_, index) => `group_${index}`);
  const selected = groups.map((group, index) => `${group} AS group_${index}`);
  if (bucketSeconds !== undefined) {
    const step = bindings.bind("UInt32", bucketSeconds);
    selected.push(`intDiv(${source.second}, ${step}) * ${step} AS bucket`);
    keys.push("bucket");
  }
  const figure = (measure: Measure) => measureExpression(bindings, source, measure);
  selected.push(...measures.map((measure, index) => `${figure(measure)} AS measure_${index}`));
  const lines = [`SELECT ${selected.join(",\n  ")}`, source.from];
  if (keys.length > 0) lines.push(`GROUP BY ${keys.join(", ")}`);
  if (having.length > 0)
    lines.push(`HAVING ${having.map((one) => havingCondition(bindings, figure, one)).join(" AND ")}`);
  const order = orderBy.map(({ by, direction }) => {
    const what = typeof by !== "string" ? figure(by) : by === "time" ? "bucket" : `group_${groupBy.indexOf(by)}`;
    return direction === "desc" ? `${what} DESC NULLS LAST` : what;
  });
  // What was not asked for comes in the order of the keys, so that the same question has the same answer.
  if (keys.length > 0)
    lines.push(`ORDER BY ${[...order, ...(bucketSeconds === undefined ? [] : ["bucket"]), ...keys].join(", ")}`);
  lines.push(`LIMIT ${bindings.bind("UInt32", limit + 1)}`);
  return { sql: lines.join("\n"), params: bindings.params };
}

function measureOf({ by }: Aggregation["orderBy"][number]): Measure[] {
  return typeof by === "string" ? [] : [by];
}

const summed = new Set([
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost_nano_usd",
]);
const digests = new Map([
  ["duration_ns", "duration_state"],
  ["ttft_ns", "ttft_state"],
]);
const levels = new Map([
  ["p50", 0.5],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
]);
/** The levels that the states of the rollups were made with. */
const stateLevels = "0.5, 0.9, 0.95, 0.99";

function isInRollups({ fn, field = "" }: Measure): boolean {
  return fn === "count" || (fn === "sum" && summed.has(field)) || (levels.has(fn) && digests.has(field));
}

function groupExpression(bindings: Bindings, source: UsageSource, name: string): string {
  if (name === "model") return source.model;
  const key = attributeKey(name);
  if (key !== undefined) return `attributes[${bindings.bind("String", key)}]`;
  if (name === "tags") return "arrayJoin(tags)";
  const expression = spanColumnsOfFilter.expression(name) ?? name;
  const field = fieldNamed(name);
  if (field?.type === "text") return expression;
  if (field?.type === "id") return `lower(hex(${expression}))`;
  return field?.isNullable === true ? `ifNull(toString(${expression}), '')` : `toString(${expression})`;
}

function measureExpression(bindings: Bindings, source: UsageSource, { fn, field }: Measure): string {
  if (source.kind === "rollups") return rollupMeasure({ fn, ...(field !== undefined && { field }) });
  if (fn === "count" || field === undefined) return "count()";
  const key = attributeKey(field);
  const attribute = key === undefined ? "" : `attributes[${bindings.bind("String", key)}]`;
  if (fn === "uniq") return key === undefined ? uniqExpression(field) : `uniqIf(${attribute}, ${attribute} != '')`;
  const value = key === undefined ? (spanColumnsOfFilter.expression(field) ?? field) : `toFloat64OrNull(${attribute})`;
  const level = levels.get(fn);
  return level === undefined ? `${fn}(${value})` : `quantileTDigest(${level})(${value})`;
}

/** Different values; "none" is no value. */
function uniqExpression(name: string): string {
  const expression = spanColumnsOfFilter.expression(name) ?? name;
  if (fieldNamed(name)?.type === "list") return `uniqArray(${expression})`;
  return fieldNamed(name)?.type === "text" ? `uniqIf(${expression}, ${expression} != '')` : `uniq(${expression})`;
}

function rollupMeasure({ fn, field = "" }: Measure): string {
  if (fn === "count") return "sum(span_count)";
  if (fn === "sum") return `sum(${field})`;
  const index = [...levels.keys()].indexOf(fn) + 1;
  return `quantilesTDigestMerge(${stateLevels})(${digests.get(field)})[${index}]`;
}

const signs = { eq: "=", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function havingCondition(
  bindings: Bindings,
  figure: (measure: Measure) => string,
  { measure, op, value }: HavingCondition,
): string {
  return `ifNull(${figure(measure)} ${signs[op]} ${bindings.bind("Float64", value)}, 0)`;
}

/** There may be ten thousand rows: names of measures and times of buckets are made once. */
function toAggregateRows(rows: readonly RawRow[], { measures, groupBy, bucketSeconds }: Aggregation): AggregateRow[] {
  const names = measures.map(measureName);
  const times = new Map<unknown, string>();
  const timeAt = (bucket: unknown) => {
    const time = times.get(bucket) ?? timeOf(Number(bucket));
    times.set(bucket, time);
    return time;
  };
  return rows.map((row) => ({
    ...(bucketSeconds !== undefined && { time: timeAt(row["bucket"]) }),
    group: Object.fromEntries(groupBy.map((name, index) => [name, String(row[`group_${index}`])])),
    values: Object.fromEntries(names.map((name, index) => [name, known(row[`measure_${index}`])])),
  }));
}

function known(value: unknown): number | null {
  const number = numberOrUnknown(value);
  return number === null || Number.isNaN(number) ? null : number;
}
