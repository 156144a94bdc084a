import { billedKinds } from "@weir/model";
import type { Filter } from "@weir/query";
import type { Bindings } from "./bindings.ts";
import { compileFilter, filterConditions, isAnsweredBy, withKinds } from "./compile-filter.ts";
import { rollupColumnsOfFilter, rollupFields, spanModel } from "./filter-columns.ts";
import { rollupMeasureColumns, rollupMeasures, spanMeasures } from "./measures.ts";
import { startedWithin, type TimeRange } from "./time-range.ts";

/** Where totals are read from: the rollups where they know every field that is asked for, else the spans. */
export interface UsageSource {
  readonly kind: "rollups" | "spans";
  /** `FROM … WHERE …`. */
  readonly from: string;
  /** The measures, to be selected. */
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
}

const secondsOfDay = 86_400;
const dayNano = 86_400_000_000_000n;

export function usageSource(bindings: Bindings, question: UsageQuestion): UsageSource {
  const { by = [], needsSpans = false } = question;
  const filter = withKinds(question.filter, [...billedKinds]);
  const known = new Set<string>(rollupFields);
  const isByRollups =
    !needsSpans && by.every((field) => known.has(field)) && isAnsweredBy(filter, rollupColumnsOfFilter);
  return isByRollups ? rollupSource(bindings, { ...question, filter }) : spanSource(bindings, { ...question, filter });
}

function spanSource(bindings: Bindings, { range, filter }: UsageQuestion): UsageSource {
  const conditions = [bindings.tenant, startedWithin(bindings, range), ...filterConditions(bindings, filter)];
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
  const days = bucketSeconds === undefined || bucketSeconds % secondsOfDay === 0 ? wholeDays(range) : undefined;
  const conditions = compileFilter(bindings, filter, rollupColumnsOfFilter);
  const minutes = [bindings.tenant, ...within(bindings, "minute", range)];
  const parts: string[] = [];
  if (days !== undefined) {
    minutes.push(`NOT (${within(bindings, "minute", days).join(" AND ")})`);
    const wanted = `day >= ${day(bindings, days.fromUnixNano)} AND day < ${day(bindings, days.toUnixNano)}`;
    parts.push(`SELECT toDateTime(day, 'UTC') AS at, ${columns} FROM usage_1d WHERE ${bindings.tenant} AND ${wanted}`);
  }
  parts.push(`SELECT minute AS at, ${columns} FROM usage_1m WHERE ${minutes.join(" AND ")}`);
  return {
    kind: "rollups",
    from: `FROM (${parts.join("\n  UNION ALL\n  ")}) WHERE ${conditions}`,
    measures: rollupMeasures,
    model: "model",
    second: "toUnixTimestamp(at)",
  };
}

function within(bindings: Bindings, column: string, { fromUnixNano, toUnixNano }: TimeRange): string[] {
  return [`${column} >= ${bindings.second(fromUnixNano)}`, `${column} < ${bindings.second(toUnixNano)}`];
}

function day(bindings: Bindings, unixNano: bigint): string {
  return bindings.bind("Date", new Date(Number(unixNano / 1_000_000n)).toISOString().slice(0, 10));
}

/** The whole days within a range, where they are enough for the day's rollup to save work. */
function wholeDays({ fromUnixNano, toUnixNano }: TimeRange): TimeRange | undefined {
  const from = (fromUnixNano + dayNano - 1n) / dayNano;
  const to = toUnixNano / dayNano;
  return to - from >= 2n ? { fromUnixNano: from * dayNano, toUnixNano: to * dayNano } : undefined;
}
