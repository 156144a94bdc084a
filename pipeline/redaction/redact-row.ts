import type { SpanRow } from "@weir/model";
import { noteOf, redactedAttribute } from "./redact-block.ts";
import type { FoundCounts, Redactor } from "./redactor.ts";

/** The row with each of its texts redacted, as `redactBlock` does it; the same row when there was nothing to take out. */
export function redactRow(row: SpanRow, redactor: Redactor): SpanRow {
  const found: FoundCounts = new Map();
  const text = (value: string) => redactor.redactText(value, found) ?? value;
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (typeof value !== "string" || name === "project_id") continue;
    const isIdentifier = name === "user_id" || name === "session_id";
    const redacted = redactor.redactText(value, found, isIdentifier);
    if (redacted !== undefined) changed[name] = redacted;
  }
  const tags = row.tags.map(text);
  const attributes = Object.fromEntries(Object.entries(row.attributes).map(([key, value]) => [text(key), text(value)]));
  if (found.size === 0) return row;
  return { ...row, ...changed, tags, attributes: { ...attributes, [redactedAttribute]: noteOf(found) } };
}

/** All that `redactRow` looks at, one text a line: nothing is in a row that is not in this. */
export function textsOfRow(row: SpanRow): Buffer {
  const own = Object.values(row).filter((value): value is string => typeof value === "string");
  const attributes = Object.entries(row.attributes).flat();
  return Buffer.from([...own, ...row.tags, ...attributes].join("\n"));
}
