import { type Field, fieldNamed } from "./fields.ts";
import { anyOf, type Condition, type Filter, type Operator, type Value } from "./filter.ts";
import { partsOfPattern, patternOf } from "./pattern.ts";

const ordered: readonly Operator[] = ["gt", "gte", "lt", "lte", "between"];

/** The operators that make sense for a type of field. */
export function operatorsOf({ name, type, isNullable }: Field): readonly Operator[] {
  switch (type) {
    case "text":
    case "list":
      return ["eq", "in", "like", "exists"];
    case "content":
      return name === "text" ? ["has", "like"] : ["has", "like", "exists"];
    case "flag":
      return ["eq"];
    case "id":
      return ["eq", "in", "exists"];
    case "time":
      return ["eq", ...ordered];
    case "attribute":
      return ["eq", "in", "like", "exists", ...ordered];
    default:
      return isNullable ? ["eq", "in", "exists", ...ordered] : ["eq", "in", ...ordered];
  }
}

/** What a field equals, or, for content, has. */
export function equals(field: Field, value: Value): Condition {
  return field.type === "content"
    ? { field: field.name, op: "has", value: String(value) }
    : { field: field.name, op: "eq", value };
}

/** A wildcard pattern: nothing but stars is "exists", no star is "equals". */
export function matches(field: Field, pattern: string): Condition {
  const parts = partsOfPattern(pattern);
  if (parts.length === 1 && parts[0] === "star") return { field: field.name, op: "exists" };
  if (!parts.includes("star")) {
    const text = parts.map((part) => (part === "star" ? "" : part.text)).join("");
    return equals(field, text);
  }
  return { field: field.name, op: "like", value: patternOf(parts) };
}

/** Any of the values: a list of one is "equals", and each word or phrase of content is a condition. */
export function isOneOf(field: Field, values: readonly Value[]): Filter {
  const distinct = [...new Set(values)];
  if (field.type === "content" || field.type === "flag" || field.type === "time")
    return anyOf(distinct.map((value) => equals(field, value)));
  const [first] = distinct;
  return distinct.length === 1 && first !== undefined
    ? equals(field, first)
    : { field: field.name, op: "in", value: distinct };
}

/** The field of that name has any of the values. Throws a TypeError when there is no such field. */
export function oneOf(fieldName: string, values: readonly Value[]): Filter {
  return isOneOf(namedField(fieldName), values);
}

/** The field's text contains the text, also within words. Throws a TypeError when there is no such field. */
export function containing(fieldName: string, text: string): Filter {
  const { name } = namedField(fieldName);
  return { field: name, op: "like", value: patternOf(["star", { text }, "star"]) };
}

function namedField(name: string): Field {
  const field = fieldNamed(name);
  if (field === undefined) throw new TypeError(`there is no field ${name}`);
  return field;
}

/** What may be done with a field, for a message. */
export function operatorsInWords(field: Field): string {
  if (field.type === "content") return "is searched by words and phrases";
  if (operatorsOf(field).includes("gt")) return "is compared with :, <, <=, >, >= and ranges";
  return field.type === "flag" ? "is true or false" : "is compared with :";
}
