import type { AnyValue } from "@weir/otlp";

/** Careful looks into attribute values: a wrong type reads as undefined, and nothing throws. */
export type ValueObject = { readonly [key: string]: unknown };

/** The largest count that a token column holds. */
const largestCount = 4_294_967_295;
const longestDurationNs = Number.MAX_SAFE_INTEGER;
/** Values nested deeper than this are cut off: hostile senders must not exhaust the stack. */
const deepestValue = 64;

export function isValueObject(value: unknown): value is ValueObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A text that is not empty; numbers and booleans as they print. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  return undefined;
}

/** A whole number from 0 to 2³²-1, given as number, bigint or numeric text. */
export function countOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && Number.isInteger(number) && number >= 0 && number <= largestCount ? number : undefined;
}

/** A finite number, given as number, bigint or numeric text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "string" && (value.length > 40 || !/^\s*[-+]?[\d.]/.test(value))) return undefined;
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "string") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Seconds → whole nanoseconds. Negative durations are unknown. */
export function secondsToNs(value: unknown): number | undefined {
  return scaled(numberOf(value), 1e9);
}

/** Milliseconds → whole nanoseconds. Negative durations are unknown. */
export function millisecondsToNs(value: unknown): number | undefined {
  return scaled(numberOf(value), 1e6);
}

function scaled(number: number | undefined, factor: number): number | undefined {
  if (number === undefined || number < 0) return undefined;
  return Math.min(Math.round(number * factor), longestDurationNs);
}

export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "True") return true;
  return value === "false" || value === "False" ? false : undefined;
}

/** Texts of an array, of a JSON array, or of a list with commas; undefined when there are none. */
export function textsOf(value: unknown): readonly string[] | undefined {
  const list = typeof value === "string" ? (arrayIn(value) ?? value.split(",")) : value;
  if (!Array.isArray(list)) return undefined;
  const texts = list.flatMap((entry) => textOf(entry)?.trim() || []);
  return texts.length === 0 ? undefined : texts;
}

function arrayIn(text: string): readonly unknown[] | undefined {
  const value = text.trimStart().startsWith("[") ? parsedJson(text) : undefined;
  return Array.isArray(value) ? value : undefined;
}

/** The value of JSON text; undefined when it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What an attribute holds that may be structured, JSON text, or JSON text within JSON text. Text that is no JSON object
 * or array is undefined.
 */
export function structureOf(value: unknown): ValueObject | readonly unknown[] | undefined {
  let inner: unknown = value;
  for (let layer = 0; layer < 3 && typeof inner === "string"; layer++) {
    if (!/^\s*[[{"]/.test(inner)) return undefined;
    inner = parsedJson(inner);
  }
  if (Array.isArray(inner)) return inner;
  return isValueObject(inner) ? inner : undefined;
}

export function objectOf(value: unknown): ValueObject {
  const structure = structureOf(value);
  return isValueObject(structure) ? structure : {};
}

/** The elements of an array or of JSON text that is one; none for anything else. */
export function arrayOf(value: unknown): readonly unknown[] {
  const structure = structureOf(value);
  return Array.isArray(structure) ? structure : [];
}

/** JSON text of any attribute value: bytes in base64, integers beyond 2^53 as text, what JSON lacks as null. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(plain(value, 0)) ?? "null";
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return base64Of(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepestValue) return "…";
  if (Array.isArray(value)) return value.map((entry) => plain(entry, depth + 1));
  const entries = Object.entries(value).map(([key, entry]) => [key, plain(entry, depth + 1)]);
  return Object.fromEntries(entries);
}

/** How a value is kept in the map of attributes: texts as they are, the rest as JSON. */
export function attributeText(value: AnyValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return base64Of(value);
  return jsonOf(value);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
