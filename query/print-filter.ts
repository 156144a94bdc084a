import { type Field, fieldNamed } from "./fields.ts";
import type { Condition, Filter, Value } from "./filter.ts";
import { partsOfPattern } from "./pattern.ts";
import { writeValue } from "./value.ts";

/** The text form of a filter: `parseFilter` reads the same filter from it. */
export function printFilter(filter: Filter): string {
  if ("and" in filter) return filter.and.map(printInAll).join(" ");
  if ("or" in filter) return filter.or.map(printInAny).join(" or ");
  if (!("not" in filter)) return printCondition(filter);
  return "op" in filter.not ? `-${printCondition(filter.not)}` : `-(${printFilter(filter.not)})`;
}

function printInAll(filter: Filter): string {
  return "or" in filter ? `(${printFilter(filter)})` : printFilter(filter);
}

function printInAny(filter: Filter): string {
  return "and" in filter ? `(${printFilter(filter)})` : printFilter(filter);
}

const signs = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function printCondition(condition: Condition): string {
  const field = fieldNamed(condition.field);
  if (field === undefined) throw new TypeError(`a filter names ${condition.field}, which is no field`);
  const prefix = field.name === "text" ? "" : `${field.short}:`;
  switch (condition.op) {
    case "exists":
      return `${prefix}*`;
    case "like":
      return prefix + printPattern(condition.value);
    case "has":
    case "eq":
      return prefix + printValue(field, condition.value);
    case "in":
      return `${prefix}(${condition.value.map((value) => printValue(field, value)).join(",")})`;
    case "between":
      return `${prefix}${condition.value.map((value) => writeValue(field, value)).join("..")}`;
    default:
      return `${field.short}${signs[condition.op]}${writeValue(field, condition.value)}`;
  }
}

const bare = /^[\p{L}\p{N}_][\p{L}\p{N}_./+-]*$/u;
const bareWithColon = /^[\p{L}\p{N}_][\p{L}\p{N}_./+:@-]*$/u;
const keyword = /^(?:and|or|not)$/i;

function printValue(field: Field, value: Value): string {
  const text = writeValue(field, value);
  if (typeof value !== "string" || field.type === "time") return text;
  // A free word may not look like a field and its value.
  const isBare = (field.name === "text" ? bare : bareWithColon).test(text) && !keyword.test(text);
  return isBare && !text.includes("..") ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function printPattern(pattern: string): string {
  return partsOfPattern(pattern)
    .map((part) => (part === "star" ? "*" : part.text.replaceAll(/[^\p{L}\p{N}_./+-]|^-/gu, "\\$&")))
    .join("");
}
