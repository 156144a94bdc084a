import fc from "fast-check";
import { equals, isOneOf, matches, operatorsOf } from "./condition.ts";
import { type Field, fieldNamed, queryFields } from "./fields.ts";
import { allOf, anyOf, type Filter, not, type Value } from "./filter.ts";

/** Texts that are likely to upset a parser. */
const oddText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ maxLength: 8, unit: "binary" }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    "and",
    "OR",
    "not",
    "a b",
    '"',
    "\\",
    "*",
    "a*b",
    "1..2",
    "..",
    "-x",
    "(x)",
    "a:b",
    "model:x",
    "é ß",
    "\n",
    "5",
  ),
);

const attribute = fc
  .oneof(fc.constantFrom("customer.tier", "n", "llm.x-y/z", 'odd "key"', "sp ace"), oddText)
  .filter((key) => key !== "")
  .map((key) => fieldNamed(`@${key}`) as Field);

const anyField = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...queryFields) },
  { weight: 1, arbitrary: attribute },
);

function valueFor({ type, hexDigits }: Field, isOrdered: boolean): fc.Arbitrary<Value> {
  switch (type) {
    case "text":
    case "list":
      return oddText;
    case "content":
      return oddText.filter((text) => text.trim() !== "");
    case "attribute":
      return isOrdered ? fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0) : oddText;
    case "flag":
      return fc.boolean();
    case "time":
      return fc.integer({ min: 0, max: 4e9 }).map((second) => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`);
    case "id":
      return fc.string({
        minLength: hexDigits ?? 16,
        maxLength: hexDigits ?? 16,
        unit: fc.constantFrom(..."0123456789abcdef"),
      });
    default:
      return fc.oneof(fc.nat(5000), fc.maxSafeNat());
  }
}

function conditionFor(field: Field): fc.Arbitrary<Filter> {
  const value = valueFor(field, false);
  const ordered = valueFor(field, true);
  const name = field.name;
  const choices = operatorsOf(field).map((op): fc.Arbitrary<Filter> => {
    if (op === "exists") return fc.constant({ field: name, op });
    if (op === "eq" || op === "has") return value.map((one) => equals(field, one));
    if (op === "in") return fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => isOneOf(field, values));
    if (op === "between") return fc.tuple(ordered, ordered).map((ends) => ({ field: name, op, value: ends }));
    if (op === "like") return oddText.map((text) => matches(field, `a*${text.endsWith("\\") ? "" : text}`));
    return ordered.map((one) => ({ field: name, op, value: one }));
  });
  return fc.oneof(...choices);
}

/** Filters as reading makes them, of every field and operator. */
export const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: anyField.chain(conditionFor) },
    { weight: 1, arbitrary: fc.array(tie("filter"), { minLength: 1, maxLength: 4 }).map(allOf) },
    { weight: 1, arbitrary: fc.array(tie("filter"), { minLength: 1, maxLength: 4 }).map(anyOf) },
    { weight: 1, arbitrary: tie("filter").map(not) },
  ),
})).filter;
