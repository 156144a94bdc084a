import { type Column, noSpanId, type SpanRow, spanColumns } from "@weir/model";
import type { SqlWriter } from "./reader.ts";

/** How a column of a row is read out of JSON, by the type that `model/columns.ts` gives it. */
const readers: Partial<Record<Column["type"], (field: string) => string>> = {
  hex16: (field) => `toFixedString(unhex(JSONExtractString(row, ${field})), 16)`,
  hex8: (field) => `toFixedString(unhex(JSONExtractString(row, ${field})), 8)`,
  time_ns: (field) => `fromUnixTimestamp64Nano(JSONExtract(row, ${field}, 'Int64'), 'UTC')`,
  strings: (field) => `JSONExtract(row, ${field}, 'Array(String)')`,
  string_map: (field) => `JSONExtract(row, ${field}, 'Map(String, String)')`,
  string: (field) => `JSONExtractString(row, ${field})`,
  content: (field) => `JSONExtractString(row, ${field})`,
};
const numberTypes: Partial<Record<Column["type"], string>> = {
  uint8: "UInt8",
  uint16: "UInt16",
  uint32: "UInt32",
  uint64: "UInt64",
  nullable_uint16: "Nullable(UInt16)",
  nullable_uint32: "Nullable(UInt32)",
  nullable_uint64: "Nullable(UInt64)",
  nullable_int64: "Nullable(Int64)",
};

/** ClickHouse takes parameters of up to 128 KiB. */
const rowsPerStatement = 50;

/** Inserts spans by SQL alone, for tests of reads: slow, and without the journal. */
export async function insertSpans(writer: SqlWriter, rows: readonly SpanRow[]): Promise<void> {
  const columns = Object.entries(spanColumns).map(([name, { type }]) => {
    const field = `'${name}'`;
    return readers[type]?.(field) ?? `JSONExtract(row, ${field}, '${numberTypes[type]}')`;
  });
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await writer.command(
      `INSERT INTO spans (${Object.keys(spanColumns).join(", ")}) SELECT ${columns.join(", ")}
FROM (SELECT arrayJoin({rows:Array(String)}) AS row) SETTINGS max_partitions_per_insert_block = 0`,
      { rows: rows.slice(start, start + rowsPerStatement).map(jsonOf) },
    );
  }
}

function jsonOf(row: SpanRow): string {
  const text = JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? `bigint:${value}` : value));
  return text.replaceAll(/"bigint:(-?\d+)"/g, "$1");
}

/** A row below another in its trace. */
export function childOf(parent: SpanRow, row: SpanRow): SpanRow {
  return { ...row, trace_id: parent.trace_id, parent_span_id: parent.span_id, is_entry: 0 };
}

/** True for a row that has no parent. */
export const isRoot = (row: SpanRow) => row.parent_span_id === noSpanId;
