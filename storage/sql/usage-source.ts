import { billedKinds } from "@weir/model";
import type { Filter } from "@weir/query";
import type { Bindings } from "./bindings.ts";
import { compileFilter, filterConditions, isAnsweredBy, withKinds } from "./compile-filter.ts";
import {
  type FilterColumns,
  rollupColumnsOfFilter,
  rollupFields,
  spanModel,
  userRollupColumnsOfFilter,
  userRollupFields,
  userTotalColumnsOfFilter,
  userTotalFields,
} from "./filter-columns.ts";
import { rollupMeasureColumns, rollupMeasures, spanMeasures } from "./measures.ts";
import { spansStartedWithin, type TimeRange } from "./time-range.ts";

/** Where totals are read from: the rollups where they know every field that is asked for, else the spans. */
export interface UsageSource {
  readonly kind: "rollups" | "spans";
  /** `FROM … WHERE …`. */
  readonly from: string;
  /** The measures, to be selected; empty where the source has but the sums of users. */
  readonly measures: string;
  /** The model of a row. */
  readonly model: string;
  /** Seconds since 1970 of a row. */
  readonly second: string;
}

export interface UsageQuestion {
  /** Of whole minutes; see `widened`. */
  readonly range: TimeRange;
  readonly filter: Filter;
  /** Buckets in time that rows will be put into. */
  readonly bucketSeconds?: number | undefined;
  /** Fields that rows will be grouped by, besides model and provider. */
  readonly by?: readonly string[] | undefined;
  /** True when a measure is asked for that the rollups do not have. */
  readonly needsSpans?: boolean | undefined;
  /** True when no measure is asked for but those of `userRollupSums` and the number of rows. */
  readonly isOfUserSums?: boolean | undefined;
}

/** What the rollup of users sums up, besides counting. */
export const userRollupSums: ReadonlySet<string> = new Set(["input_tokens", "output_tokens", "cost_nano_usd"]);

const hourSeconds = 3600;
const daySeconds = 86_400;

export function usageSource(bindings: Bindings, question: UsageQuestion): UsageSource {
  const { by = [], needsSpans = false } = question;
  const filter = withKinds(question.filter, [...billedKinds]);
  const known = new Set<string>(rollupFields);
  const isByRollups =
    !needsSpans && by.every((field) => known.has(field)) && isAnsweredBy(filter, rollupColumnsOfFilter);
  if (isByRollups) return rollupSource(bindings, { ...question, filter });
  const days = question.isOfUserSums === true ? daysOf(question) : undefined;
  const rollup = userRollups.find((one) => isByUsers(by, question.filter, one));
  if (days !== undefined && rollup !== undefined) return userSource(bindings, question, days, rollup);
  return spanSource(bindings, { ...question, filter });
}

/** Totals of users by day. */
interface UserRollup {
  readonly table: string;
  /** What its rows are keyed by besides the day. */
  readonly fields: readonly string[];
  readonly columns: FilterColumns;
  /** How many spans a row stands for. */
  readonly count: string;
  /** Whether its rows are of spans of any kind; else of those that a question is about unless it names kinds. */
  readonly hasKinds: boolean;
}

/** The smallest first. */
const userRollups: readonly UserRollup[] = [
  {
    table: "usage_user_total_1d",
    fields: userTotalFields,
    columns: userTotalColumnsOfFilter,
    count: "call_count",
    hasKinds: false,
  },
  {
    table: "usage_user_1d",
    fields: userRollupFields,
    columns: userRollupColumnsOfFilter,
    count: "span_count",
    hasKinds: true,
  },
];

/** The rollups of users have no rows for calls of nobody: they answer where only those of a user are asked for. */
function isByUsers(by: readonly string[], filter: Filter, { fields, columns }: UserRollup): boolean {
  const namesUser = ("and" in filter ? filter.and : [filter]).some(isOfNamedUser);
  return namesUser && by.every((field) => fields.includes(field)) && isAnsweredBy(filter, columns);
}

function isOfNamedUser(part: Filter): boolean {
  if ("and" in part) return part.and.some(isOfNamedUser);
  if (!("field" in part) || part.field !== "user_id") return false;
  if (part.op === "exists") return true;
  if (part.op === "eq") return part.value !== "";
  return part.op === "in" && !part.value.includes("");
}

function spanSource(bindings: Bindings, { range, filter }: UsageQuestion): UsageSource {
  const conditions = [bindings.tenant, spansStartedWithin(bindings, range), ...filterConditions(bindings, filter)];
  return {
    kind: "spans",
    from: `FROM spans WHERE ${conditions.join(" AND ")}`,
    measures: spanMeasures,
    model: spanModel,
    second: "toUnixTimestamp64Second(start_time)",
  };
}

function rollupSource(bindings: Bindings, { range, filter, bucketSeconds }: UsageQuestion): UsageSource {
  const columns = [...rollupFields, ...rollupMeasureColumns].join(", ");
  const days = daysOf({ range, bucketSeconds });
  const hours = wholeSteps({ range, bucketSeconds }, hourSeconds);
  const conditions = compileFilter(bindings, filter, rollupColumnsOfFilter);
  const part = (at: string, table: string, wanted: string) =>
    `SELECT ${at} AS at, ${columns} FROM ${table} WHERE ${bindings.tenant} AND ${wanted}`;
  const parts: string[] = [];
  if (days !== undefined) parts.push(part("toDateTime(day, 'UTC')", "usage_1d", onDays(bindings, days)));
  if (hours !== undefined) parts.push(part("hour", "usage_1h", withinBut(bindings, "hour", hours, days)));
  parts.push(part("minute", "usage_1m", withinBut(bindings, "minute", range, hours ?? days)));
  return {
    kind: "rollups",
    from: `FROM (${parts.join("\n  UNION ALL\n  ")}) WHERE ${conditions}`,
    measures: rollupMeasures,
    model: "model",
    second: "toUnixTimestamp(at)",
  };
}

/** Whole days from the rollup, and what is left of the range at its ends from the spans. */
function userSource(bindings: Bindings, question: UsageQuestion, days: TimeRange, rollup: UserRollup): UsageSource {
  const filter = withKinds(question.filter, [...billedKinds]);
  const { table, fields, columns, count, hasKinds } = rollup;
  const billed = `kind IN (${[...billedKinds].map((kind) => `'${kind}'`).join(", ")})`;
  const sums = [...userRollupSums];
  const ofSpans = fields.map((field) => (field === "model" ? `${spanModel} AS model` : field));
  const filterOfDays = filterConditions(bindings, hasKinds ? filter : question.filter, columns);
  const ofDays = [bindings.tenant, onDays(bindings, days), ...filterOfDays];
  const ends = endsAround(question.range, days).map((end) => `(${spansStartedWithin(bindings, end)})`);
  const ofEnds = [bindings.tenant, `(${ends.join(" OR ") || "0"})`, ...filterConditions(bindings, filter)];
  return {
    kind: "rollups",
    from: `FROM (SELECT toDateTime(day, 'UTC') AS at, ${fields.join(", ")}, ${count} AS span_count, ${sums.join(", ")}
  FROM ${table}
  WHERE ${ofDays.join(" AND ")}
  UNION ALL
  SELECT toDateTime(start_time) AS at, ${ofSpans.join(", ")}, toUInt64(1) AS span_count,
    ${sums.map((name) => `if(${billed}, ${name}, NULL) AS ${name}_sum`).join(", ")}
  FROM spans
  WHERE ${ofEnds.join(" AND ")})`,
    measures: "",
    model: "model",
    second: "toUnixTimestamp(at)",
  };
}

/** What is left of a range at its ends. */
function endsAround(range: TimeRange, days: TimeRange): TimeRange[] {
  const ends = [
    { fromUnixNano: range.fromUnixNano, toUnixNano: days.fromUnixNano },
    { fromUnixNano: days.toUnixNano, toUnixNano: range.toUnixNano },
  ];
  return ends.filter(({ fromUnixNano, toUnixNano }) => fromUnixNano < toUnixNano);
}

function onDays(bindings: Bindings, days: TimeRange): string {
  return `day >= ${day(bindings, days.fromUnixNano)} AND day < ${day(bindings, days.toUnixNano)}`;
}

function within(bindings: Bindings, column: string, { fromUnixNano, toUnixNano }: TimeRange): string {
  return `${column} >= ${bindings.second(fromUnixNano)} AND ${column} < ${bindings.second(toUnixNano)}`;
}

/** What a coarser rollup answers for is left to it. */
function withinBut(bindings: Bindings, column: string, range: TimeRange, coarser: TimeRange | undefined): string {
  const whole = within(bindings, column, range);
  return coarser === undefined ? whole : `${whole} AND NOT (${within(bindings, column, coarser)})`;
}

function day(bindings: Bindings, unixNano: bigint): string {
  return bindings.bind("Date", new Date(Number(unixNano / 1_000_000n)).toISOString().slice(0, 10));
}

/** The whole days that a rollup by day can answer for. */
function daysOf(question: Pick<UsageQuestion, "range" | "bucketSeconds">): TimeRange | undefined {
  return wholeSteps(question, daySeconds);
}

/** The whole days or hours within a range, where buckets do not cut them and they are enough to save work. */
function wholeSteps(
  { range, bucketSeconds = 0 }: Pick<UsageQuestion, "range" | "bucketSeconds">,
  stepSeconds: number,
): TimeRange | undefined {
  if (bucketSeconds % stepSeconds !== 0) return undefined;
  const stepNano = BigInt(stepSeconds) * 1_000_000_000n;
  const from = (range.fromUnixNano + stepNano - 1n) / stepNano;
  const to = range.toUnixNano / stepNano;
  return to - from >= 2n ? { fromUnixNano: from * stepNano, toUnixNano: to * stepNano } : undefined;
}
