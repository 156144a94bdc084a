import { nearestWord } from "@weir/model/browser";
import { checkField, checkFilter } from "./check-filter.ts";
import type { Field } from "./fields.ts";
import { everything, type Filter } from "./filter.ts";
import { FilterError } from "./filter-error.ts";
import { aggregationLimits } from "./limits.ts";
import { readPlainNumber } from "./value.ts";

const measureFunctions = ["count", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99", "uniq"] as const;
export type MeasureFunction = (typeof measureFunctions)[number];

/** One figure over the rows of a group. `count` has no field. */
export interface Measure {
  readonly fn: MeasureFunction;
  /** The long name of a number's field; of any field for `uniq`. */
  readonly field?: string;
}

export interface HavingCondition {
  readonly measure: Measure;
  readonly op: "eq" | "gt" | "gte" | "lt" | "lte";
  /** In the measure's unit: ns, nano-USD, bytes. */
  readonly value: number;
}

export interface Ordering {
  /** A measure, a field of `groupBy`, or `time`: the bucket. */
  readonly by: Measure | string;
  readonly direction: "asc" | "desc";
}

/** A question about many rows at once, checked. */
export interface Aggregation {
  readonly filter: Filter;
  readonly measures: readonly Measure[];
  /** Long names of fields. A row counts for each of its tags. */
  readonly groupBy: readonly string[];
  /** Undefined: the whole range is one bucket. */
  readonly bucketSeconds?: number | undefined;
  /** All must hold. */
  readonly having: readonly HavingCondition[];
  readonly orderBy: readonly Ordering[];
  readonly limit: number;
}

/** `p95(duration_ns)`: how an answer names the figure; read again by `checkMeasure`. */
export function measureName({ fn, field }: Measure): string {
  return `${fn}(${field ?? ""})`;
}

/**
 * Reads the JSON form: `{ filter, select: ["count()", "p95(duration)"], group_by: ["model", "@tier"], bucket_seconds,
 * having: [{ measure, op, value }], order_by: ["-count()"], limit }`. Throws FilterError alone.
 */
export function checkAggregation(json: unknown): Aggregation {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong("", "must be an object");
  const keys = ["filter", "select", "group_by", "bucket_seconds", "having", "order_by", "limit"];
  const stranger = Object.keys(json).find((key) => !keys.includes(key));
  if (stranger !== undefined)
    throw new FilterError({ path: stranger, problem: "there is no such key", suggestion: nearestWord(stranger, keys) });
  const { filter, select, group_by, bucket_seconds, having, order_by, limit } = json as Record<string, unknown>;
  const { measures: mostMeasures, groups, having: mostHaving, rows } = aggregationLimits;
  const measures = listOf(select, "select", mostMeasures).map((one, index) => checkMeasure(one, `select[${index}]`));
  if (measures.length === 0) throw wrong("select", "must have at least one measure, such as count()");
  const groupBy = listOf(group_by ?? [], "group_by", groups).map((one, index) => checkGroup(one, `group_by[${index}]`));
  const bucketSeconds =
    bucket_seconds === undefined ? undefined : wholeOf(bucket_seconds, "bucket_seconds", 1, 366 * 86_400);
  const names = { measures, groupBy, hasBuckets: bucketSeconds !== undefined };
  return {
    filter: filter === undefined ? everything : checkFilter(filter),
    measures,
    groupBy: [...new Set(groupBy)],
    bucketSeconds,
    having: listOf(having ?? [], "having", mostHaving).map((one, index) => checkHaving(one, `having[${index}]`)),
    orderBy: listOf(order_by ?? [], "order_by", 5).map((one, index) => checkOrdering(one, `order_by[${index}]`, names)),
    limit: limit === undefined ? 1000 : wholeOf(limit, "limit", 1, rows),
  };
}

/** Reads `p95(duration)`. Throws FilterError. */
export function checkMeasure(json: unknown, path: string): Measure {
  const [, word = "", inner = ""] = (typeof json === "string" && /^\s*(\w+)\s*\((.*)\)\s*$/s.exec(json)) || [];
  if (word === "") throw wrong(path, "must be a measure such as count() or p95(duration)");
  const fn = measureFunctions.find((name) => name === word.toLowerCase());
  if (fn === undefined)
    throw new FilterError({
      path,
      problem: `there is no function ${word}`,
      suggestion: nearestWord(word, measureFunctions),
    });
  if (fn === "count") {
    if (inner.trim() !== "") throw wrong(path, "count() has no field; filter the rows, or use uniq");
    return { fn };
  }
  const { field } = checkField(inner.trim(), path);
  if (fn !== "uniq" && !isNumber(field)) throw wrong(path, `${fn} is of a number, and ${field.short} is none`);
  if (field.type === "content") throw wrong(path, `${field.short} cannot be counted`);
  return { fn, field: field.name };
}

function isNumber({ type }: Field): boolean {
  return ["count", "duration", "money", "bytes", "attribute"].includes(type);
}

function checkGroup(json: unknown, path: string): string {
  const { field } = checkField(json, path);
  if (field.type === "content" || field.type === "time") throw wrong(path, `rows are not grouped by ${field.short}`);
  return field.name;
}

const havingOperators: Readonly<Record<string, HavingCondition["op"]>> = {
  "=": "eq",
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
};

function checkHaving(json: unknown, path: string): HavingCondition {
  const { measure, op, value } = (json ?? {}) as Record<string, unknown>;
  const known = Object.entries(havingOperators).find((names) => names.includes(op as string))?.[1];
  if (known === undefined) throw wrong(`${path}.op`, "must be one of eq, gt, gte, lt, lte");
  const number = readPlainNumber(String(value));
  if (number === undefined) throw wrong(`${path}.value`, "must be a number, in the measure's unit");
  return { measure: checkMeasure(measure, `${path}.measure`), op: known, value: number };
}

interface Names {
  readonly measures: readonly Measure[];
  readonly groupBy: readonly string[];
  readonly hasBuckets: boolean;
}

/** `-count()` is by count, most first. */
function checkOrdering(json: unknown, path: string, names: Names): Ordering {
  if (typeof json !== "string" || json === "")
    throw wrong(path, "must be a measure, a group or time; with - for the highest first");
  const direction = json.startsWith("-") ? "desc" : "asc";
  const name = json.replace(/^-/, "").trim();
  if (name === "time" && names.hasBuckets) return { by: "time", direction };
  if (name.endsWith(")")) return { by: checkMeasure(name, path), direction };
  const field = checkGroup(name, path);
  if (!names.groupBy.includes(field)) throw wrong(path, "must be one of group_by or a measure");
  return { by: field, direction };
}

function listOf(json: unknown, path: string, most: number): unknown[] {
  if (!Array.isArray(json) || json.length > most) throw wrong(path, `must be a list of at most ${most}`);
  return json;
}

function wholeOf(json: unknown, path: string, least: number, most: number): number {
  if (!Number.isInteger(json) || (json as number) < least || (json as number) > most)
    throw wrong(path, `must be a whole number from ${least} to ${most}`);
  return json as number;
}

function wrong(path: string, problem: string): FilterError {
  return new FilterError({ path, problem });
}
