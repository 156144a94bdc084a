import { type Column, type ColumnTypes, type TableName, tableColumns } from "@weir/model";
import { encodedText, encodedVaruint } from "./block-edits.ts";
import { BlockSource, valueWidths, wrappedType } from "./block-source.ts";

/** How a column of each type is written when nothing is spared. */
const plainTypes: Readonly<Record<keyof ColumnTypes, string>> = {
  string: "String",
  content: "String",
  hex16: "FixedString(16)",
  hex8: "FixedString(8)",
  uint8: "UInt8",
  uint16: "UInt16",
  uint32: "UInt32",
  uint64: "UInt64",
  int32: "Int32",
  float64: "Float64",
  nullable_uint16: "Nullable(UInt16)",
  nullable_uint32: "Nullable(UInt32)",
  nullable_uint64: "Nullable(UInt64)",
  nullable_int64: "Nullable(Int64)",
  nullable_float64: "Nullable(Float64)",
  time_ns: "DateTime64(9, 'UTC')",
  strings: "Array(String)",
  uint64s: "Array(UInt64)",
  float64s: "Array(Float64)",
  times_ns: "Array(DateTime64(9, 'UTC'))",
  hex16s: "Array(FixedString(16))",
  hex8s: "Array(FixedString(8))",
  string_map: "Map(String, String)",
};

/**
 * The same rows with every column of the table in its order, and each text where it belongs: no dictionaries. So that a
 * value can be changed, or a row left out, without a look at the others. With `wanted` this is so of these columns; the
 * others stay as they are. Throws a RangeError for bytes that are no block of the table.
 */
export function plainBlock(table: TableName, block: Uint8Array, wanted?: ReadonlySet<string>): Buffer {
  const source = new BlockSource(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  const columnCount = source.varuint();
  const rowCount = source.varuint();
  /** By column: its heading and its data. */
  const present = new Map<string, readonly Uint8Array[]>();
  for (let index = 0; index < columnCount; index++) {
    const headingFrom = source.offset;
    const name = source.heading();
    const type = source.heading();
    const isWanted = wanted?.has(name) ?? true;
    if (!isWanted) source.skipColumn(type, rowCount);
    present.set(name, isWanted ? columnParts(name, plainColumn(source, type, rowCount)) : [source.since(headingFrom)]);
  }
  const columns = Object.entries<Column>(tableColumns[table]).filter(
    ([name]) => present.has(name) || (wanted?.has(name) ?? true),
  );
  const parts: Uint8Array[] = [encodedVaruint(columns.length), encodedVaruint(rowCount)];
  for (const [name, { type }] of columns) {
    parts.push(...(present.get(name) ?? columnParts(name, blankColumn(plainTypes[type], rowCount))));
  }
  return Buffer.concat(parts);
}

interface PlainColumn {
  readonly type: string;
  readonly parts: readonly Uint8Array[];
}

function columnParts(name: string, { type, parts }: PlainColumn): readonly Uint8Array[] {
  return [encodedText(name), encodedText(type), ...parts];
}

function blankColumn(type: string, rowCount: number): PlainColumn {
  return { type, parts: [blankData(type, rowCount)] };
}

function plainColumn(source: BlockSource, type: string, rowCount: number): PlainColumn {
  if (type === "LowCardinality(String)") {
    source.skipDictionaryVersion();
    return { type: "String", parts: [source.labels(rowCount)] };
  }
  if (type === "Map(LowCardinality(String), String)") {
    source.skipDictionaryVersion();
    const { bytes, count } = source.ends(rowCount);
    return { type: "Map(String, String)", parts: [bytes, source.labels(count), source.texts(count)] };
  }
  return { type, parts: source.plainData(type, rowCount) };
}

/** What a column says that a block leaves out. */
function blankData(type: string, rowCount: number): Buffer {
  const [, wrapper, inner = type] = wrappedType.exec(type) ?? [];
  if (type === "String") return Buffer.alloc(rowCount);
  if (wrapper === "Array" || type.startsWith("Map")) return Buffer.alloc(rowCount * 8);
  const values = Buffer.alloc(rowCount * (valueWidths[inner] as number));
  return wrapper === "Nullable" ? Buffer.concat([Buffer.alloc(rowCount, 1), values]) : values;
}
