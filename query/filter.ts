/**
 * A filter as a tree: what the text form is parsed into, what the JSON form is, and what SQL is compiled from. Fields
 * have the names of columns and values their units (ns, nano-USD); see `fields.ts`. No comparison with an unknown value
 * holds, so its negation does: a filter and its negation never match the same row, and together match every row.
 */
export type Filter = All | Any | Not | Condition;

/** Every part matches; without parts, everything does. */
export interface All {
  readonly and: readonly Filter[];
}

/** At least one part matches. */
export interface Any {
  readonly or: readonly Filter[];
}

export interface Not {
  readonly not: Filter;
}

export type Value = string | number | boolean;

export type Condition =
  | { readonly field: string; readonly op: "eq" | "gt" | "gte" | "lt" | "lte"; readonly value: Value }
  | { readonly field: string; readonly op: "in"; readonly value: readonly Value[] }
  /** Both ends belong to it. */
  | { readonly field: string; readonly op: "between"; readonly value: readonly [Value, Value] }
  /** `*` is any text, `\*` a star, `\\` a backslash. Case does not matter. */
  | { readonly field: string; readonly op: "like"; readonly value: string }
  /** The words of a phrase, next to each other. Case of ASCII letters does not matter. */
  | { readonly field: string; readonly op: "has"; readonly value: string }
  /** There is a value: not unknown, not empty. */
  | { readonly field: string; readonly op: "exists" };

export type Operator = Condition["op"];

/** The filter that everything matches. */
export const everything: All = { and: [] };

/** All of the filters, without groups in groups. */
export function allOf(filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((filter) => ("and" in filter ? filter.and : [filter]));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { and: parts };
}

/** Any of the filters, without groups in groups. Of none: nothing matches. */
export function anyOf(filters: readonly Filter[]): Filter {
  const parts = filters.flatMap((filter) => ("or" in filter ? filter.or : [filter]));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { or: parts };
}

/** The opposite. */
export function not(filter: Filter): Filter {
  return "not" in filter ? filter.not : { not: filter };
}

/** The conditions of a filter, in order. */
export function conditionsOf(filter: Filter): Condition[] {
  if ("and" in filter) return filter.and.flatMap(conditionsOf);
  if ("or" in filter) return filter.or.flatMap(conditionsOf);
  return "not" in filter ? conditionsOf(filter.not) : [filter];
}

/** True when a condition of the filter is about the field of that (long) name. */
export function mentions(filter: Filter, field: string): boolean {
  return conditionsOf(filter).some((condition) => condition.field === field);
}

/** Groups and negations above the deepest condition. */
export function depthOf(filter: Filter): number {
  if ("and" in filter) return 1 + Math.max(0, ...filter.and.map(depthOf));
  if ("or" in filter) return 1 + Math.max(0, ...filter.or.map(depthOf));
  return "not" in filter ? 1 + depthOf(filter.not) : 0;
}
