import {
  allOf,
  attributeKey,
  type Condition,
  conditionsOf,
  type Field,
  type Filter,
  FilterError,
  fieldNamed,
  mentions,
  partsOfPattern,
  type Value,
} from "@weir/query";
import type { Bindings } from "./bindings.ts";
import { type FilterColumns, spanColumnsOfFilter } from "./filter-columns.ts";
import { hasPattern, hasPhrase, likeOf } from "./search-text.ts";

/**
 * The filter as a condition on rows of a table, without tenant and time. Every value is bound. It is 0 or 1, never
 * NULL: what is unknown makes a comparison false, and its negation true. Throws a TypeError for a field that the table
 * does not have; see `isAnsweredBy`.
 */
export function compileFilter(
  bindings: Bindings,
  filter: Filter,
  columns: FilterColumns = spanColumnsOfFilter,
): string {
  if ("and" in filter) return joined(bindings, filter.and, columns, "AND", "1");
  if ("or" in filter) return joined(bindings, filter.or, columns, "OR", "0");
  if ("not" in filter) return `NOT (${compileFilter(bindings, filter.not, columns)})`;
  return compileCondition(bindings, filter, columns);
}

/** The conditions that must all hold, for a WHERE that has others before them. */
export function filterConditions(
  bindings: Bindings,
  filter: Filter,
  columns: FilterColumns = spanColumnsOfFilter,
): string[] {
  const parts = "and" in filter ? filter.and : [filter];
  return parts.map((part) => {
    const condition = compileFilter(bindings, part, columns);
    return "or" in part ? `(${condition})` : condition;
  });
}

/** True when the table has every field that the filter names. */
export function isAnsweredBy(filter: Filter, columns: FilterColumns): boolean {
  return conditionsOf(filter).every(
    ({ field }) => columns.expression(field) !== undefined && fieldNamed(field)?.type !== "content",
  );
}

/** The fields that the filter names and that the table does not have. */
export function missingFields(filter: Filter, columns: FilterColumns): string[] {
  const isThere = (field: string) =>
    (attributeKey(field) !== undefined && columns.hasAttributes) ||
    (columns.expression(field) ?? columns.searched(field)) !== undefined;
  return [...new Set(conditionsOf(filter).map(({ field }) => field))].filter((field) => !isThere(field));
}

/**
 * The filter as a condition on a table that has some of the fields. Throws a FilterError that names the first that it
 * has not: `what` are the rows of the table, such as "log records".
 */
export function conditionOn(bindings: Bindings, filter: Filter, columns: FilterColumns, what: string): string {
  const [missing] = missingFields(filter, columns);
  if (missing !== undefined) throw new FilterError({ problem: `${what} have no field "${missing}"` });
  return `(${compileFilter(bindings, filter, columns)})`;
}

/** The filter, and the kinds besides, unless it is about kinds itself. */
export function withKinds(filter: Filter, kinds: readonly string[]): Filter {
  return mentions(filter, "kind") ? filter : allOf([{ field: "kind", op: "in", value: kinds }, filter]);
}

function joined(
  bindings: Bindings,
  filters: readonly Filter[],
  columns: FilterColumns,
  word: "AND" | "OR",
  none: string,
): string {
  if (filters.length === 0) return none;
  return filters
    .map((part) => {
      const condition = compileFilter(bindings, part, columns);
      return "and" in part || "or" in part ? `(${condition})` : condition;
    })
    .join(` ${word} `);
}

function compileCondition(bindings: Bindings, condition: Condition, columns: FilterColumns): string {
  const field = fieldNamed(condition.field);
  if (field === undefined) throw new TypeError(`a filter names ${condition.field}, which is no field`);
  const key = attributeKey(field.name);
  if (key !== undefined && columns.hasAttributes) return ofAttribute(bindings, condition, key);
  if (field.type === "content") return ofContent(bindings, condition, columns);
  const expression = columns.expression(field.name);
  if (expression === undefined) throw new TypeError(`the table does not have ${field.name}`);
  return ofColumn(bindings, condition, field, expression);
}

const signs = { eq: "=", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function ofColumn(bindings: Bindings, condition: Condition, field: Field, expression: string): string {
  if (field.type === "list") return ofList(bindings, condition, expression);
  const known = (text: string) => (field.isNullable ? `ifNull(${text}, 0)` : text);
  switch (condition.op) {
    case "exists":
      return existence(field, expression);
    case "like":
      return `${expression} ILIKE ${bindings.bind("String", likeOf(partsOfPattern(condition.value)))}`;
    case "in":
      return known(`${expression} IN ${boundList(bindings, field, condition.value)}`);
    case "between": {
      const [low, high] = condition.value.map((value) => boundValue(bindings, field, value));
      return known(`${expression} BETWEEN ${low} AND ${high}`);
    }
    case "has":
      throw new TypeError(`${field.name} has no words`);
    default:
      return known(`${expression} ${signs[condition.op]} ${boundValue(bindings, field, condition.value)}`);
  }
}

function existence(field: Field, expression: string): string {
  if (field.type === "id") return `${expression} != toFixedString('', ${(field.hexDigits ?? 0) / 2})`;
  return field.type === "text" ? `${expression} != ''` : `isNotNull(${expression})`;
}

function ofList(bindings: Bindings, condition: Condition, expression: string): string {
  switch (condition.op) {
    case "exists":
      return `notEmpty(${expression})`;
    case "like": {
      const pattern = bindings.bind("String", likeOf(partsOfPattern(condition.value)));
      return `arrayExists(one -> one ILIKE ${pattern}, ${expression})`;
    }
    case "in":
      return `hasAny(${expression}, ${bindings.bind("Array(String)", condition.value)})`;
    default:
      return `has(${expression}, ${bindings.bind("String", "value" in condition ? condition.value : "")})`;
  }
}

function ofContent(bindings: Bindings, condition: Condition, columns: FilterColumns): string {
  const searched = columns.searched(condition.field);
  if (searched === undefined) throw new TypeError(`the table does not have ${condition.field}`);
  if (condition.op === "like") return hasPattern(bindings, condition.value, searched);
  if (condition.op === "has") return hasPhrase(bindings, condition.value, searched);
  const present = [...searched.content, ...searched.plain].map((column) => `${column} != ''`);
  return present.length === 1 ? (present[0] ?? "") : `(${present.join(" OR ")})`;
}

/** A missing attribute is an empty one, as for texts: to tell them apart, all keys of a row would have to be read. */
function ofAttribute(bindings: Bindings, condition: Condition, key: string): string {
  const name = bindings.bind("String", key);
  const value = `attributes[${name}]`;
  const number = `toFloat64OrNull(${value})`;
  // The index of keys is asked which granules have it; rows are told by the value alone.
  const isThere = (holds: string) => `(indexHint(has(mapKeys(attributes), ${name})) AND ${holds})`;
  switch (condition.op) {
    case "exists":
      return isThere(`${value} != ''`);
    case "like": {
      const pattern = bindings.bind("String", likeOf(partsOfPattern(condition.value)));
      return isThere(`${value} != '' AND ${value} ILIKE ${pattern}`);
    }
    case "in":
      return `${value} IN ${bindings.bind("Array(String)", condition.value)}`;
    case "between": {
      const [low, high] = condition.value.map((end) => bindings.bind("Float64", end));
      return isThere(`ifNull(${number} BETWEEN ${low} AND ${high}, 0)`);
    }
    case "eq":
      return `${value} = ${bindings.bind("String", condition.value)}`;
    case "has":
      throw new TypeError("an attribute has no words");
    default:
      return isThere(`ifNull(${number} ${signs[condition.op]} ${bindings.bind("Float64", condition.value)}, 0)`);
  }
}

function boundValue(bindings: Bindings, { type, hexDigits }: Field, value: Value): string {
  switch (type) {
    case "id":
      return hexDigits === 32 ? bindings.traceId(String(value)) : bindings.spanId(String(value));
    case "time":
      return bindings.time(String(value));
    case "flag":
      return value === true ? "1" : "0";
    case "text":
      return bindings.bind("String", value);
    default:
      return bindings.bind(Number.isInteger(value) ? "Int64" : "Float64", value);
  }
}

function boundList(bindings: Bindings, { type, hexDigits }: Field, values: readonly Value[]): string {
  if (type === "id") {
    const bytes = (hexDigits ?? 0) / 2;
    return `(SELECT toFixedString(unhex(arrayJoin(${bindings.bind("Array(String)", values)})), ${bytes}))`;
  }
  if (type === "text") return bindings.bind("Array(String)", values);
  return bindings.bind(values.every(Number.isInteger) ? "Array(Int64)" : "Array(Float64)", values);
}
