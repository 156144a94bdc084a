import { type Column, type ColumnTypes, type TableName, tableColumns } from "@weir/model";

const dictionaryVersionLength = 8;

/** Reads what `BlockWriter` wrote. It knows the types of `columnWriters` and no others; throws a RangeError beyond the end. */
class BlockCursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  varuint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes.readUInt8(this.#offset++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  /** The bytes of the next String, as a view. */
  textBytes(): Buffer {
    return this.take(this.varuint());
  }

  text(): string {
    return this.textBytes().toString("utf8");
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError(`the block ends at ${this.#bytes.length}, ${end} was wanted`);
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}

type ValueReader = (cursor: BlockCursor, rowCount: number) => unknown[];

function each<Value>(read: (cursor: BlockCursor) => Value): (cursor: BlockCursor, rowCount: number) => Value[] {
  return (cursor, rowCount) => Array.from({ length: rowCount }, () => read(cursor));
}

const numbers = {
  UInt8: each((cursor) => cursor.take(1).readUInt8()),
  UInt16: each((cursor) => cursor.take(2).readUInt16LE()),
  UInt32: each((cursor) => cursor.take(4).readUInt32LE()),
  UInt64: each((cursor) => Number(cursor.take(8).readBigUInt64LE())),
  Int64: each((cursor) => Number(cursor.take(8).readBigInt64LE())),
  Int32: each((cursor) => cursor.take(4).readInt32LE()),
  Float64: each((cursor) => cursor.take(8).readDoubleLE()),
};
const times = each((cursor) => cursor.take(8).readBigInt64LE());
const texts = each((cursor) => cursor.text()) as (cursor: BlockCursor, rowCount: number) => string[];

function nullable(values: ValueReader): ValueReader {
  return (cursor, rowCount) => {
    const nulls = cursor.take(rowCount);
    return values(cursor, rowCount).map((value, row) => (nulls[row] === 1 ? null : value));
  };
}

/** The rows' elements, from the counts at the ends of the rows. */
function byRow<Element>(ends: readonly number[], elements: readonly Element[]): Element[][] {
  return ends.map((end, row) => elements.slice(row === 0 ? 0 : ends[row - 1], end));
}

function lists(elements: ValueReader): ValueReader {
  return (cursor, rowCount) => {
    const ends = numbers.UInt64(cursor, rowCount);
    return byRow(ends, elements(cursor, ends.at(-1) ?? 0));
  };
}

/** The keys of LowCardinality(String), which its version goes before; see `Labels`. */
function dictionary(cursor: BlockCursor): { readonly keys: string[]; readonly width: 1 | 2 | 4 } {
  const [indexType] = numbers.UInt64(cursor, 1);
  const [keyCount = 0] = numbers.UInt64(cursor, 1);
  return { keys: texts(cursor, keyCount), width: (1 << ((indexType ?? 0) & 3)) as 1 | 2 | 4 };
}

function labels(cursor: BlockCursor, rowCount: number): string[] {
  if (rowCount === 0) return [];
  const { keys, width } = dictionary(cursor);
  cursor.take(8);
  return Array.from({ length: rowCount }, () => keys[cursor.take(width).readUIntLE(0, width)] ?? "");
}

function textMaps(keysOf: (cursor: BlockCursor, count: number) => string[]): ValueReader {
  return (cursor, rowCount) => {
    const ends = numbers.UInt64(cursor, rowCount);
    const count = ends.at(-1) ?? 0;
    const keys = keysOf(cursor, count);
    const values = texts(cursor, count);
    return byRow(
      ends,
      keys.map((key, index) => [key, values[index] ?? ""] as const),
    ).map((pairs) => Object.fromEntries(pairs));
  };
}

/** Of a type with a LowCardinality in it. */
function versioned(read: ValueReader): ValueReader {
  return (cursor, rowCount) => {
    cursor.take(dictionaryVersionLength);
    return read(cursor, rowCount);
  };
}

const hex = (width: number) => each((cursor) => cursor.take(width).toString("hex"));

const readers: Readonly<Record<string, ValueReader>> = {
  ...numbers,
  String: texts,
  "FixedString(16)": hex(16),
  "FixedString(8)": hex(8),
  "Nullable(UInt16)": nullable(numbers.UInt16),
  "Nullable(UInt32)": nullable(numbers.UInt32),
  "Nullable(UInt64)": nullable(numbers.UInt64),
  "Nullable(Int64)": nullable(numbers.Int64),
  "Nullable(Float64)": nullable(numbers.Float64),
  "DateTime64(9, 'UTC')": times,
  "Array(String)": lists(texts),
  "Array(UInt64)": lists(numbers.UInt64),
  "Array(Float64)": lists(numbers.Float64),
  "Array(DateTime64(9, 'UTC'))": lists(times),
  "Array(FixedString(16))": lists(hex(16)),
  "Array(FixedString(8))": lists(hex(8)),
  "LowCardinality(String)": versioned(labels),
  "Map(String, String)": textMaps(texts),
  "Map(LowCardinality(String), String)": versioned(textMaps(labels)),
};

/** A value as `model/columns.ts` types it, texts as strings. */
export type BlockValue = Exclude<ColumnTypes[keyof ColumnTypes], Uint8Array>;

/** What the columns of a row are that a block leaves out, in the table's order. */
function blankRow(table: TableName): Record<string, BlockValue> {
  const columns = Object.entries<Column>(tableColumns[table]);
  return Object.fromEntries(columns.map(([name, { type }]) => [name, blankValue(type)]));
}

function blankValue(type: keyof ColumnTypes): BlockValue {
  if (type === "string" || type === "content") return "";
  if (type.startsWith("nullable_")) return null;
  if (type === "string_map") return {};
  return type.endsWith("s") && type !== "time_ns" ? [] : 0;
}

function readBlock(cursor: BlockCursor, table: TableName): Record<string, BlockValue>[] {
  const columnCount = cursor.varuint();
  const rowCount = cursor.varuint();
  const rows = Array.from({ length: rowCount }, () => blankRow(table));
  for (let column = 0; column < columnCount; column++) {
    const name = cursor.text();
    const type = cursor.text();
    const reader = readers[type];
    if (reader === undefined) throw new RangeError(`a block of ours has no column of type ${type}`);
    reader(cursor, rowCount).forEach((value, row) => {
      (rows[row] as Record<string, BlockValue>)[name] = value as BlockValue;
    });
  }
  return rows;
}

/** The rows of one block of the table or of several, one behind the other. */
export function readBlocks(bytes: Uint8Array, table: TableName): Record<string, BlockValue>[] {
  const cursor = new BlockCursor(bytes);
  const rows: Record<string, BlockValue>[] = [];
  while (!cursor.atEnd) rows.push(...readBlock(cursor, table));
  return rows;
}

/**
 * Adds the distinct values of the block's first column to `found` when it is of texts. For tables that begin with
 * `project_id`: who has rows in the block. Throws a RangeError for bytes that are no block.
 */
export function collectFirstColumn(block: Uint8Array, found: Set<string>): void {
  const cursor = new BlockCursor(block);
  if (cursor.varuint() === 0) return;
  const rowCount = cursor.varuint();
  cursor.text();
  const type = cursor.text();
  if (type === "LowCardinality(String)") {
    cursor.take(dictionaryVersionLength);
    for (const key of dictionary(cursor).keys) found.add(key);
  } else if (type === "String") collectTexts(cursor, rowCount, found);
}

function collectTexts(cursor: BlockCursor, rowCount: number, found: Set<string>): void {
  let previous: Buffer | undefined;
  for (let row = 0; row < rowCount; row++) {
    const value = cursor.textBytes();
    if (previous === undefined || !previous.equals(value)) found.add(value.toString("utf8"));
    previous = value;
  }
}
