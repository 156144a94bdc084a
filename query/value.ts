import type { Field, FieldType } from "./fields.ts";
import type { Value } from "./filter.ts";
import { filterLimits } from "./limits.ts";

/** A value that was read, or what is wrong with it. */
export type ReadValue = { readonly value: Value } | { readonly problem: string };

/** How much a unit is; the empty one is that of a bare number. */
type Units = ReadonlyMap<string, number>;

const durationUnits: Units = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["min", 60e9],
  ["h", 3600e9],
]);
const byteUnits: Units = new Map([
  ["", 1],
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
]);
const countUnits: Units = new Map([
  ["", 1],
  ["k", 1e3],
  ["m", 1e6],
]);
const numberPattern = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)([a-zµ]*)$/i;
const flags: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false],
]);

/**
 * Reads a value as it is written for a field. `written` is the name that the field was given: `cost` counts dollars,
 * `cost_nano_usd` billionths of them.
 */
export function readValue(field: Field, written: string, text: string): ReadValue {
  if (text.length > filterLimits.valueLength)
    return { problem: `a value has at most ${filterLimits.valueLength} characters` };
  switch (field.type) {
    case "text":
    case "content":
    case "list":
    case "attribute":
      return { value: text };
    case "flag":
      return orProblem(flags.get(text.toLowerCase()), `${field.short} is true or false`);
    case "time":
      return orProblem(readTime(text), `${field.short} is a time such as 2026-11-20 or 2026-11-20T10:00:00Z`);
    case "id":
      return readId(field, text);
    default:
      return readNumber(field, written, text);
  }
}

/** Reads a number to compare an attribute with. */
export function readPlainNumber(text: string): number | undefined {
  const [, digits, unit] = numberPattern.exec(text) ?? [];
  return digits === undefined || unit !== "" || !Number.isFinite(Number(digits)) ? undefined : Number(digits);
}

function readId(field: Field, text: string): ReadValue {
  const isId = text.length === field.hexDigits && /^[0-9a-f]+$/i.test(text);
  return isId ? { value: text.toLowerCase() } : { problem: `${field.short} is ${field.hexDigits} hex digits` };
}

function unitsOf(type: FieldType, isShortName: boolean): Units {
  if (type === "duration") return isShortName ? durationUnits : new Map([...durationUnits, ["", 1]]);
  if (type === "bytes") return byteUnits;
  return type === "money" ? new Map([["", isShortName ? 1e9 : 1]]) : countUnits;
}

function readNumber(field: Field, written: string, text: string): ReadValue {
  const isShortName = written.toLowerCase() !== field.name;
  const [, digits, unit = ""] = numberPattern.exec(field.type === "money" ? text.replace(/^\$/, "") : text) ?? [];
  const scale = unitsOf(field.type, isShortName).get(unit.toLowerCase());
  if (digits === undefined) return { problem: `${field.short} is a number${exampleOf(field)}` };
  if (scale === undefined && unit === "" && Number(digits) === 0) return { value: 0 };
  if (scale === undefined && unit === "") return { problem: `${field.short} needs a unit${exampleOf(field)}` };
  if (scale === undefined) return { problem: `${field.short} has no unit ${JSON.stringify(unit)}${exampleOf(field)}` };
  const value = scale === 1 && field.type === "count" ? Number(digits) : Math.round(scaled(digits, scale));
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return { problem: "the number is too large" };
  return { value: value === 0 ? 0 : value };
}

/** A multiple, exact where the scale is a power of ten: the decimal point is moved before the digits are read. */
function scaled(digits: string, scale: number): number {
  const zeros = Math.log10(scale);
  const [mantissa, exponent = "0"] = digits.toLowerCase().split("e");
  return Number.isInteger(zeros) ? Number(`${mantissa}e${Number(exponent) + zeros}`) : Number(digits) * scale;
}

function exampleOf({ type }: Field): string {
  if (type === "duration") return ", such as 500ms or 2s";
  if (type === "money") return ", such as 0.01";
  return type === "bytes" ? ", such as 10kb" : "";
}

const timePattern = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})?)?$/;

/** As RFC 3339 in UTC, with no more digits than it takes. A time without a zone is in UTC. */
function readTime(text: string): string | undefined {
  const [, date, clock = "00:00", fraction = "", zone = "Z"] = timePattern.exec(text) ?? [];
  if (date === undefined) return undefined;
  const ms = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  if (Number.isNaN(ms) || ms < 0) return undefined;
  const digits = fraction.replace(/0+$/, "");
  return `${new Date(ms).toISOString().slice(0, 19)}${digits === "" ? "" : `.${digits}`}Z`;
}

/** The value as the text form has it under the field's short name; read again, it is the same. Not yet quoted. */
export function writeValue(field: Field, value: Value): string {
  if (typeof value !== "number") return String(value);
  if (field.type === "duration") return writeDuration(value);
  return field.type === "money" ? writeMoney(value) : String(value);
}

function writeDuration(ns: number): string {
  for (const unit of ["h", "m", "s", "ms", "us"]) {
    const scale = durationUnits.get(unit) ?? 1;
    if (ns !== 0 && ns % scale === 0) return `${ns / scale}${unit}`;
  }
  return `${ns}ns`;
}

function writeMoney(nanoUsd: number): string {
  const digits = Math.abs(nanoUsd).toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return `${nanoUsd < 0 ? "-" : ""}${digits.slice(0, -9)}${fraction === "" ? "" : `.${fraction}`}`;
}

function orProblem(value: Value | undefined, problem: string): ReadValue {
  return value === undefined ? { problem } : { value };
}
