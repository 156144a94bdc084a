import { type Column, noSpanId, type SpanRow, type TableName, tableColumns } from "@weir/model";
import type { SqlWriter } from "./reader.ts";

/** How a column of a row is read out of JSON, by the type that `model/columns.ts` gives it. */
const readers: Partial<Record<Column["type"], (field: string) => string>> = {
  hex16: (field) => `toFixedString(unhex(JSONExtractString(row, ${field})), 16)`,
  hex8: (field) => `toFixedString(unhex(JSONExtractString(row, ${field})), 8)`,
  time_ns: (field) => `fromUnixTimestamp64Nano(JSONExtract(row, ${field}, 'Int64'), 'UTC')`,
  strings: (field) => `JSONExtract(row, ${field}, 'Array(String)')`,
  hex16s: (field) => `arrayMap(id -> toFixedString(unhex(id), 16), JSONExtract(row, ${field}, 'Array(String)'))`,
  hex8s: (field) => `arrayMap(id -> toFixedString(unhex(id), 8), JSONExtract(row, ${field}, 'Array(String)'))`,
  times_ns: (field) =>
    `arrayMap(nano -> fromUnixTimestamp64Nano(nano, 'UTC'), JSONExtract(row, ${field}, 'Array(Int64)'))`,
  // JSON has no NaN and no infinities: `jsonOf` spells them as text.
  float64: (field) => `toFloat64OrZero(JSONExtractString(row, ${field}))`,
  nullable_float64: (field) => `toFloat64OrNull(JSONExtractString(row, ${field}))`,
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
  int32: "Int32",
  uint64s: "Array(UInt64)",
  float64s: "Array(Float64)",
};

/** ClickHouse takes parameters of up to 128 KiB. */
const rowsPerStatement = 50;

/** Inserts spans by SQL alone, for tests of reads: slow, and without the journal. */
export function insertSpans(writer: SqlWriter, rows: readonly SpanRow[]): Promise<void> {
  return insertRows(writer, "spans", rows);
}

/** The same for any table. */
export async function insertRows(writer: SqlWriter, table: TableName, rows: readonly object[]): Promise<void> {
  const tableOf: Record<string, Column> = tableColumns[table];
  const columns = Object.entries(tableOf).map(([name, { type }]) => {
    const field = `'${name}'`;
    return readers[type]?.(field) ?? `JSONExtract(row, ${field}, '${numberTypes[type]}')`;
  });
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await writer.command(
      `INSERT INTO ${table} (${Object.keys(tableOf).join(", ")}) SELECT ${columns.join(", ")}
FROM (SELECT arrayJoin({rows:Array(String)}) AS row) SETTINGS max_partitions_per_insert_block = 0`,
      { rows: rows.slice(start, start + rowsPerStatement).map(jsonOf) },
    );
  }
}

function jsonOf(row: object): string {
  const text = JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    return typeof value === "bigint" ? `bigint:${value}` : value;
  });
  return text.replaceAll(/"bigint:(-?\d+)"/g, "$1");
}

/** A row below another in its trace. */
export function childOf(parent: SpanRow, row: SpanRow): SpanRow {
  return { ...row, trace_id: parent.trace_id, parent_span_id: parent.span_id, is_entry: 0 };
}

/** True for a row that has no parent. */
export const isRoot = (row: SpanRow) => row.parent_span_id === noSpanId;
