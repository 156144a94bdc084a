import type { ColumnTypes } from "@weir/model";

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
const texts = each((cursor) => cursor.text());

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

function textMaps(cursor: BlockCursor, rowCount: number): Record<string, string>[] {
  const ends = numbers.UInt64(cursor, rowCount);
  const count = ends.at(-1) ?? 0;
  const keys = texts(cursor, count);
  const values = texts(cursor, count);
  return byRow(
    ends,
    keys.map((key, index) => [key, values[index] ?? ""] as const),
  ).map((pairs) => Object.fromEntries(pairs));
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
  "Map(String, String)": textMaps,
};

/** A value as `model/columns.ts` types it, texts as strings. */
export type BlockValue = Exclude<ColumnTypes[keyof ColumnTypes], Uint8Array>;

function readBlock(cursor: BlockCursor): Record<string, BlockValue>[] {
  const columnCount = cursor.varuint();
  const rowCount = cursor.varuint();
  const rows: Record<string, BlockValue>[] = Array.from({ length: rowCount }, () => ({}));
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

/** The rows of one block or of several, one behind the other. */
export function readBlocks(bytes: Uint8Array): Record<string, BlockValue>[] {
  const cursor = new BlockCursor(bytes);
  const rows: Record<string, BlockValue>[] = [];
  while (!cursor.atEnd) rows.push(...readBlock(cursor));
  return rows;
}

/**
 * Adds the distinct values of the block's first column to `found` when it is a String. For tables that begin with
 * `project_id`: who has rows in the block. Throws a RangeError for bytes that are no block.
 */
export function collectFirstColumn(block: Uint8Array, found: Set<string>): void {
  const cursor = new BlockCursor(block);
  if (cursor.varuint() === 0) return;
  const rowCount = cursor.varuint();
  cursor.text();
  if (cursor.text() !== "String") return;
  let previous: Buffer | undefined;
  for (let row = 0; row < rowCount; row++) {
    const value = cursor.textBytes();
    if (previous === undefined || !previous.equals(value)) found.add(value.toString("utf8"));
    previous = value;
  }
}
