import { readPreference, writePreference } from "./theme.ts";

/** Colours of the categorical set, as CSS variables; the last is for "other". */
const seriesCount = 9;
const otherColour = "var(--series-other)";
const storageKey = "weir.series";

/**
 * Gives names colours: the one that the name's hash points at, or the next that is used least. The same names in any
 * order may differ, so assignments are kept; a name keeps its colour on every page.
 */
export function assignColour(name: string, assigned: Map<string, number>, count: number): number {
  const known = assigned.get(name);
  if (known !== undefined) return known;
  const uses = new Array<number>(count).fill(0);
  for (const index of assigned.values()) uses[index] = (uses[index] ?? 0) + 1;
  const least = Math.min(...uses);
  let index = hash(name) % count;
  while (uses[index] !== least) index = (index + 1) % count;
  assigned.set(name, index);
  return index;
}

function hash(text: string): number {
  let value = 2166136261;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 16777619);
  return value >>> 0;
}

let assigned: Map<string, number> | undefined;

function stored(): Map<string, number> {
  try {
    const entries: unknown = JSON.parse(readPreference(storageKey) ?? "[]");
    return new Map(Array.isArray(entries) ? entries.filter(isAssignment) : []);
  } catch {
    return new Map();
  }
}

function isAssignment(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === "string" && Number.isInteger(entry[1]) && entry[1] < seriesCount;
}

/** The colour of a model or provider, as a CSS value. */
export function seriesColour(name: string): string {
  if (name === "" || name === "other") return otherColour;
  assigned ??= stored();
  const size = assigned.size;
  const index = assignColour(name, assigned, seriesCount);
  if (assigned.size > size) writePreference(storageKey, JSON.stringify([...assigned].slice(-200)));
  return `var(--series-${index + 1})`;
}

/** A CSS value with variables, as the canvas wants it. */
export function resolveColour(value: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
  return name === undefined ? value : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
