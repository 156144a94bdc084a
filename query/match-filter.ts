import { attributeKey, type Field, fieldNamed } from "./fields.ts";
import { type Condition, conditionsOf, type Filter, type Value } from "./filter.ts";
import { type PatternPart, partsOfPattern } from "./pattern.ts";

/** What a filter asks of one row. Fields have their long names. */
export interface FilterRow {
  /** Of a field that is text or an id, ids as hex digits; empty when there is none. */
  text(field: string): string;
  /** Of a field that is counted or measured, flags as 0 and 1; null when unknown. */
  number(field: string): number | null;
  texts(field: string): readonly string[];
  /** Nanoseconds since 1970. */
  time(field: string): bigint;
  /** Empty when there is none. */
  attribute(key: string): string;
}

export type RowMatcher = (row: FilterRow) => boolean;

/** The fields of a filter that `matcherOf` cannot decide: those that are searched by words. */
export function unmatchableFields(filter: Filter): string[] {
  return conditionsOf(filter)
    .filter(({ field }) => fieldNamed(field)?.type === "content")
    .map(({ field }) => field);
}

/**
 * Decides in memory what the SQL of a filter decides in storage. Throws a TypeError for a field that there is not, or
 * that is searched by words; see `unmatchableFields`.
 */
export function matcherOf(filter: Filter): RowMatcher {
  if ("and" in filter) {
    const parts = filter.and.map(matcherOf);
    return (row) => parts.every((part) => part(row));
  }
  if ("or" in filter) {
    const parts = filter.or.map(matcherOf);
    return (row) => parts.some((part) => part(row));
  }
  if ("not" in filter) {
    const part = matcherOf(filter.not);
    return (row) => !part(row);
  }
  return conditionMatcher(filter);
}

function conditionMatcher(condition: Condition): RowMatcher {
  const field = fieldNamed(condition.field);
  if (field === undefined) throw new TypeError(`a filter names ${condition.field}, which is no field`);
  switch (field.type) {
    case "content":
      throw new TypeError(`${field.name} is searched by words, which only storage can`);
    case "attribute":
      return attributeMatcher(condition, attributeKey(field.name) ?? "");
    case "list":
      return listMatcher(condition, field.name);
    case "text":
      return textMatcher(condition, textOf(field));
    case "id":
      return idMatcher(condition, field.name);
    case "time":
      return timeMatcher(condition, field.name);
    default:
      return numberMatcher(condition, numberOf(field));
  }
}

function textOf({ name }: Field): (row: FilterRow) => string {
  return name === "model" ? (row) => row.text("response_model") || row.text("request_model") : (row) => row.text(name);
}

function numberOf({ name }: Field): (row: FilterRow) => number | null {
  if (name !== "total_tokens") return (row) => row.number(name);
  return (row) => {
    const input = row.number("input_tokens");
    const output = row.number("output_tokens");
    return input === null && output === null ? null : (input ?? 0) + (output ?? 0);
  };
}

function textMatcher(condition: Condition, read: (row: FilterRow) => string): RowMatcher {
  switch (condition.op) {
    case "exists":
      return (row) => read(row) !== "";
    case "like": {
      const matches = patternMatcher(condition.value);
      return (row) => matches(read(row));
    }
    case "in": {
      const values = new Set(condition.value.map(String));
      return (row) => values.has(read(row));
    }
    default: {
      const value = "value" in condition ? String(condition.value) : "";
      return (row) => read(row) === value;
    }
  }
}

/** No id is all zeros. */
function idMatcher(condition: Condition, name: string): RowMatcher {
  return condition.op === "exists"
    ? (row) => /[^0]/.test(row.text(name))
    : textMatcher(condition, (row) => row.text(name));
}

function listMatcher(condition: Condition, name: string): RowMatcher {
  if (condition.op === "exists") return (row) => row.texts(name).length > 0;
  const one = textMatcher(condition, (row) => row.text(""));
  return (row) => row.texts(name).some((text) => one(new OneText(text)));
}

/** A row whose every text is the same one. */
class OneText implements FilterRow {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  text(): string {
    return this.#text;
  }

  number(): null {
    return null;
  }

  texts(): readonly string[] {
    return [];
  }

  time(): bigint {
    return 0n;
  }

  attribute(): string {
    return "";
  }
}

function attributeMatcher(condition: Condition, key: string): RowMatcher {
  const read = (row: FilterRow) => row.attribute(key);
  switch (condition.op) {
    case "exists":
      return (row) => read(row) !== "";
    case "like": {
      const matches = patternMatcher(condition.value);
      return (row) => read(row) !== "" && matches(read(row));
    }
    case "eq":
    case "in":
      return textMatcher(condition, read);
    default:
      return numberMatcher(condition, (row) => plainNumber(read(row)));
  }
}

function numberMatcher(condition: Condition, read: (row: FilterRow) => number | null): RowMatcher {
  const holds = comparison(condition, (value) => Number(value));
  return (row) => {
    const number = read(row);
    return number !== null && holds(number);
  };
}

function timeMatcher(condition: Condition, name: string): RowMatcher {
  const holds = comparison(condition, (value) => nanosecondsOf(String(value)));
  return (row) => holds(row.time(name));
}

function comparison<Compared extends number | bigint>(
  condition: Condition,
  convert: (value: Value) => Compared,
): (compared: Compared) => boolean {
  switch (condition.op) {
    case "exists":
      return () => true;
    case "in": {
      const values = new Set(condition.value.map(convert));
      return (compared) => values.has(compared);
    }
    case "between": {
      const [low, high] = [convert(condition.value[0]), convert(condition.value[1])];
      return (compared) => compared >= low && compared <= high;
    }
    case "like":
    case "has":
      throw new TypeError(`${condition.field} has no words`);
    default:
      return compare(condition.op, convert(condition.value));
  }
}

function compare<Compared extends number | bigint>(
  op: "eq" | "gt" | "gte" | "lt" | "lte",
  value: Compared,
): (compared: Compared) => boolean {
  switch (op) {
    case "eq":
      return (compared) => compared === value;
    case "gt":
      return (compared) => compared > value;
    case "gte":
      return (compared) => compared >= value;
    case "lt":
      return (compared) => compared < value;
    case "lte":
      return (compared) => compared <= value;
  }
}

const plainNumberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function plainNumber(text: string): number | null {
  return plainNumberPattern.test(text) ? Number(text) : null;
}

/** Of RFC 3339 in UTC, as the language writes times. */
function nanosecondsOf(text: string): bigint {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const seconds = BigInt(Date.parse(text.replace(/\.\d+/, "")) / 1000);
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** Goes through the text once: each piece is looked for behind the one before it. */
function patternMatcher(pattern: string): (text: string) => boolean {
  const parts: readonly PatternPart[] = partsOfPattern(pattern.toLowerCase());
  const pieces = parts.flatMap((part) => (part === "star" ? [] : [part.text]));
  const isOpenBefore = parts[0] === "star";
  const isOpenBehind = parts.at(-1) === "star";
  return (given) => {
    const text = given.toLowerCase();
    let at = 0;
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1;
      if (isLast && !isOpenBehind) {
        const start = text.length - piece.length;
        return start >= at && text.endsWith(piece) && (index > 0 || isOpenBefore || start === 0);
      }
      const found = text.indexOf(piece, at);
      if (found < 0 || (index === 0 && !isOpenBefore && found !== 0)) return false;
      at = found + piece.length;
    }
    return true;
  };
}
