import { type SpanRow, spanColumns } from "@weir/model";
import { noteOf, redactedAttribute } from "./redact-block.ts";
import type { FoundCounts, Redactor } from "./redactor.ts";

/** As in a block: ids of a fixed width and the tenant are no text. A span's id may well be the number of some card. */
const textColumns = Object.entries(spanColumns)
  .filter(([name, { type }]) => (type === "string" || type === "content") && name !== "project_id")
  .map(([name]) => name as keyof SpanRow);

function textOf(row: SpanRow, name: keyof SpanRow): string {
  const value = row[name];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : (value as string);
}

/** The row with each of its texts redacted, as `redactBlock` does it; the same row when there was nothing to take out. */
export function redactRow(row: SpanRow, redactor: Redactor): SpanRow {
  const found: FoundCounts = new Map();
  const text = (value: string) => redactor.redactText(value, found) ?? value;
  const changed: Partial<Record<keyof SpanRow, string>> = {};
  for (const name of textColumns) {
    const isIdentifier = name === "user_id" || name === "session_id";
    const redacted = redactor.redactText(textOf(row, name), found, isIdentifier);
    if (redacted !== undefined) changed[name] = redacted;
  }
  const tags = row.tags.map(text);
  const attributes = Object.fromEntries(Object.entries(row.attributes).map(([key, value]) => [text(key), text(value)]));
  if (found.size === 0) return row;
  return { ...row, ...changed, tags, attributes: { ...attributes, [redactedAttribute]: noteOf(found) } } as SpanRow;
}

/** All that `redactRow` looks at, one text a line: nothing is in a row that is not in this. */
export function textsOfRow(row: SpanRow): Buffer {
  const own = textColumns.map((name) => textOf(row, name));
  const attributes = Object.entries(row.attributes).flat();
  return Buffer.from([...own, ...row.tags, ...attributes].join("\n"));
}
