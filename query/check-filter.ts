import { nearestWord, ownValue } from "@weir/model/browser";
import { equals, isOneOf, matches, operatorsInWords, operatorsOf } from "./condition.ts";
import { type Field, fieldNamed, queryFieldNames } from "./fields.ts";
import { allOf, anyOf, conditionsOf, depthOf, type Filter, not, type Operator, type Value } from "./filter.ts";
import { FilterError } from "./filter-error.ts";
import { filterLimits } from "./limits.ts";
import { parseFilter } from "./parse-filter.ts";
import { readPlainNumber, readValue } from "./value.ts";

/** Other spellings of operators in the JSON form. */
const operatorNames: Readonly<Record<string, Operator | "ne">> = {
  eq: "eq",
  "=": "eq",
  ":": "eq",
  ne: "ne",
  "!=": "ne",
  gt: "gt",
  ">": "gt",
  gte: "gte",
  ">=": "gte",
  lt: "lt",
  "<": "lt",
  lte: "lte",
  "<=": "lte",
  in: "in",
  between: "between",
  like: "like",
  has: "has",
  exists: "exists",
};

/**
 * Reads the JSON form: a filter's tree as `filter.ts` has it, in which a text anywhere is the text form, fields may
 * have their short names, and values may be written as in the text form (`"500ms"`). Throws FilterError alone.
 */
export function checkFilter(json: unknown, path = "filter"): Filter {
  return withinLimits(checkPart(json, path, 0, { conditions: 0 }), path);
}

/** Texts within JSON keep the limits each; this is about the whole. */
function withinLimits(filter: Filter, path: string): Filter {
  if (conditionsOf(filter).length > filterLimits.conditions)
    throw wrong(path, `a filter has at most ${filterLimits.conditions} conditions`);
  if (depthOf(filter) > filterLimits.depth) throw wrong(path, `groups are at most ${filterLimits.depth} deep`);
  return filter;
}

function checkPart(json: unknown, path: string, depth: number, state: { conditions: number }): Filter {
  if (depth > filterLimits.depth) throw wrong(path, `groups are at most ${filterLimits.depth} deep`);
  if (typeof json === "string") return parseFilter(json, path);
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw wrong(path, "must be a text or an object with and, or, not or field");
  const { and, or, not: negated } = json as Record<string, unknown>;
  if (and !== undefined) return allOf(partsOf(onlyKey(json, "and", path), path, depth, state));
  if (or !== undefined) return checkAny(onlyKey(json, "or", path), path, depth, state);
  if (negated !== undefined) return not(checkPart(onlyKey(json, "not", path), `${path}.not`, depth + 1, state));
  state.conditions += 1;
  if (state.conditions > filterLimits.conditions)
    throw wrong(path, `a filter has at most ${filterLimits.conditions} conditions`);
  return checkCondition(json as Record<string, unknown>, path);
}

function checkAny(json: unknown, path: string, depth: number, state: { conditions: number }): Filter {
  const parts = partsOf(json, path, depth, state, "or");
  if (parts.length === 0) throw wrong(`${path}.or`, "must have at least one part");
  return anyOf(parts);
}

function onlyKey(json: object, key: string, path: string): unknown {
  const other = Object.keys(json).find((name) => name !== key);
  if (other !== undefined) throw wrong(`${path}.${other}`, `cannot stand beside ${key}`);
  return (json as Record<string, unknown>)[key];
}

function partsOf(json: unknown, path: string, depth: number, state: { conditions: number }, name = "and"): Filter[] {
  if (!Array.isArray(json) || json.length > filterLimits.conditions)
    throw wrong(`${path}.${name}`, `must be a list of at most ${filterLimits.conditions} filters`);
  return json.map((part, index) => checkPart(part, `${path}.${name}[${index}]`, depth + 1, state));
}

/** Reads the name of a field in JSON. Throws FilterError with the nearest name. */
export function checkField(json: unknown, path: string): { field: Field; written: string } {
  if (typeof json !== "string") throw wrong(path, "must be the name of a field");
  const field = json.length > filterLimits.attributeLength ? undefined : fieldNamed(json);
  if (field !== undefined) return { field, written: json };
  const suggestion = json.includes(".") ? `@${json}` : nearestWord(json.slice(0, 80), queryFieldNames);
  throw new FilterError({
    path,
    problem: `there is no field ${JSON.stringify(json.slice(0, 80))}`,
    suggestion: json.length > filterLimits.attributeLength ? undefined : suggestion,
  });
}

interface Checked {
  readonly field: Field;
  readonly written: string;
  readonly path: string;
}

function checkCondition(json: Record<string, unknown>, path: string): Filter {
  const stranger = Object.keys(json).find((key) => !["field", "op", "value"].includes(key));
  if (stranger !== undefined)
    throw new FilterError({
      path: `${path}.${stranger}`,
      problem: "there is no such key",
      suggestion: nearestWord(stranger, ["field", "op", "value", "and", "or", "not"]),
    });
  const checked = { ...checkField(json["field"], `${path}.field`), path };
  const { value } = json;
  const op = checkOperator(json["op"], checked, value);
  if (op === "ne") return not(conditionOf(checked, Array.isArray(value) ? "in" : "eq", value));
  return conditionOf(checked, op, value);
}

function checkOperator(json: unknown, { field, path }: Checked, value: unknown): Operator | "ne" {
  if (json === undefined) return Array.isArray(value) ? "in" : "eq";
  const op = typeof json === "string" ? ownValue(operatorNames, json) : undefined;
  if (op === undefined) throw wrong(`${path}.op`, `must be one of ${operatorsOf(field).join(", ")}`);
  return op;
}

function conditionOf(checked: Checked, op: Operator, value: unknown): Filter {
  const { field, path } = checked;
  const allowed = operatorsOf(field);
  const isEquality = op === "eq" || op === "in";
  if (!isEquality && !allowed.includes(op)) throw wrong(`${path}.op`, `${field.short} ${operatorsInWords(field)}`);
  switch (op) {
    case "exists":
      if (value !== undefined && value !== true) throw wrong(`${path}.value`, "exists takes no value");
      return { field: field.name, op };
    case "in":
      return isOneOf(field, listOf(checked, value, 1, filterLimits.listValues));
    case "between": {
      const [low, high] = listOf(checked, value, 2, 2, true);
      return { field: field.name, op, value: [low as Value, high as Value] };
    }
    case "like": {
      const condition = matches(field, textOf(checked, value));
      if (!allowed.includes(condition.op)) throw wrong(`${path}.value`, "a star alone looks for nothing");
      if (condition.op === "has") throw wrong(`${path}.value`, "a pattern has a star; use has for words and phrases");
      return condition;
    }
    case "eq":
    case "has":
      return equals(field, checkValue(checked, value, `${path}.value`));
    default:
      return { field: field.name, op, value: checkValue(checked, value, `${path}.value`, true) };
  }
}

function listOf(checked: Checked, json: unknown, least: number, most: number, isOrdered = false): Value[] {
  const path = `${checked.path}.value`;
  if (!Array.isArray(json) || json.length < least || json.length > most)
    throw wrong(
      path,
      least === most ? `must be a list of ${least} values` : `must be a list of ${least} to ${most} values`,
    );
  return json.map((one, index) => checkValue(checked, one, `${path}[${index}]`, isOrdered));
}

function textOf({ path }: Checked, json: unknown): string {
  if (typeof json !== "string" || json.length === 0 || json.length > filterLimits.valueLength)
    throw wrong(`${path}.value`, `must be a text of 1 to ${filterLimits.valueLength} characters`);
  return json;
}

function checkValue({ field, written }: Checked, json: unknown, path: string, isOrdered = false): Value {
  if (!["string", "number", "boolean"].includes(typeof json))
    throw wrong(path, "must be a text, a number or a boolean");
  const text = String(json);
  if (field.type === "attribute" && isOrdered) {
    const number = readPlainNumber(text);
    if (number === undefined) throw wrong(path, "an attribute is compared with a number");
    return number;
  }
  if (field.type === "content" && text.trim() === "") throw wrong(path, "there is no text to look for");
  const read = readValue(field, written, text);
  if ("problem" in read) throw wrong(path, read.problem);
  return read.value;
}

function wrong(path: string, problem: string): FilterError {
  return new FilterError({ path, problem });
}
