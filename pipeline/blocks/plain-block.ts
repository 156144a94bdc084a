import { type Column, type ColumnTypes, type TableName, tableColumns } from "@weir/model";
import { encodedText, encodedVaruint } from "./block-edits.ts";

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

/** Bytes of one value. */
export const valueWidths: Readonly<Record<string, number>> = {
  UInt8: 1,
  UInt16: 2,
  UInt32: 4,
  UInt64: 8,
  Int64: 8,
  Int32: 4,
  Float64: 8,
  "FixedString(16)": 16,
  "FixedString(8)": 8,
  "DateTime64(9, 'UTC')": 8,
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
    if (!isWanted) skipColumn(source, type, rowCount);
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
    source.take(dictionaryVersionLength);
    return { type: "String", parts: [source.labels(rowCount)] };
  }
  if (type === "Map(LowCardinality(String), String)") {
    source.take(dictionaryVersionLength);
    const { bytes, count } = source.ends(rowCount);
    return { type: "Map(String, String)", parts: [bytes, source.labels(count), source.texts(count)] };
  }
  return { type, parts: source.plainData(type, rowCount) };
}

function skipColumn(source: BlockSource, type: string, rowCount: number): void {
  if (type === "LowCardinality(String)") {
    source.take(dictionaryVersionLength);
    source.skipLabels(rowCount);
  } else if (type === "Map(LowCardinality(String), String)") {
    source.take(dictionaryVersionLength);
    const { count } = source.ends(rowCount);
    source.skipLabels(count);
    source.texts(count);
  } else source.plainData(type, rowCount);
}

const dictionaryVersionLength = 8;
const wrapped = /^(Nullable|Array)\((.*)\)$/;

/** Takes a block apart from its beginning to its end. */
class BlockSource {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  since(offset: number): Buffer {
    return this.#bytes.subarray(offset, this.#offset);
  }

  plainData(type: string, rowCount: number): Uint8Array[] {
    if (type === "String") return [this.texts(rowCount)];
    if (type === "Map(String, String)" || type === "Array(String)") {
      const { bytes, count } = this.ends(rowCount);
      return [bytes, this.texts(type.startsWith("Map") ? count * 2 : count)];
    }
    const [, wrapper, inner = type] = wrapped.exec(type) ?? [];
    const width = valueWidths[inner];
    if (width === undefined) throw new RangeError(`a block of ours has no column of type ${type}`);
    if (wrapper !== "Array") return [this.take(rowCount * (wrapper === "Nullable" ? width + 1 : width))];
    const { bytes, count } = this.ends(rowCount);
    return [bytes, this.take(count * width)];
  }

  /** The counts at the ends of the rows, and the last of them. */
  ends(rowCount: number): { readonly bytes: Buffer; readonly count: number } {
    const bytes = this.take(rowCount * 8);
    return { bytes, count: rowCount === 0 ? 0 : Number(bytes.readBigUInt64LE(rowCount * 8 - 8)) };
  }

  /** So many texts, as they stand. */
  texts(count: number): Buffer {
    const from = this.#offset;
    for (let index = 0; index < count; index++) this.skip(this.varuint());
    return this.#bytes.subarray(from, this.#offset);
  }

  /** Each value of LowCardinality(String) as a text; see `Labels` for the form. */
  labels(count: number): Buffer {
    if (count === 0) return this.take(0);
    const width = 1 << (this.take(8).readUInt8() & 3);
    const keyCount = Number(this.take(8).readBigUInt64LE());
    if (keyCount > this.#bytes.length) throw new RangeError("the block is cut short");
    const ends = new Uint32Array(keyCount + 1);
    ends[0] = this.#offset;
    for (let key = 1; key <= keyCount; key++) {
      this.skip(this.varuint());
      ends[key] = this.#offset;
    }
    this.skip(8);
    const numbersFrom = this.#offset;
    this.skip(count * width);
    return this.#spelledOut(ends, numbersFrom, width, count);
  }

  /** The keys that so many numbers of a width name, one behind the other. Key `n` stands from `ends[n]` up to the next. */
  #spelledOut(ends: Uint32Array, numbersFrom: number, width: number, count: number): Buffer {
    const bytes = this.#bytes;
    const numbers = new Uint32Array(count);
    let length = 0;
    for (let index = 0; index < count; index++) {
      const place = numbersFrom + index * width;
      const number = width === 1 ? (bytes[place] as number) : bytes.readUIntLE(place, width);
      if (number >= ends.length - 1) throw new RangeError("the block has no such label");
      numbers[index] = number;
      length += (ends[number + 1] as number) - (ends[number] as number);
    }
    const texts = Buffer.allocUnsafe(length);
    let end = 0;
    for (const number of numbers) {
      const to = ends[number + 1] as number;
      for (let place = ends[number] as number; place < to; place++) texts[end++] = bytes[place] as number;
    }
    return texts;
  }

  skipLabels(count: number): void {
    if (count === 0) return;
    const width = 1 << (this.take(8).readUInt8() & 3);
    const keyCount = Number(this.take(8).readBigUInt64LE());
    if (keyCount > this.#bytes.length) throw new RangeError("the block is cut short");
    this.texts(keyCount);
    this.skip(8 + count * width);
  }

  /** A column's name, or its type: ASCII. */
  heading(): string {
    return this.take(this.varuint()).toString("latin1");
  }

  varuint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError("the block is cut short");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Buffer {
    const from = this.#offset;
    this.skip(length);
    return this.since(from);
  }

  skip(length: number): void {
    this.#offset += length;
    if (this.#offset > this.#bytes.length) throw new RangeError("the block is cut short");
  }
}

/** What a column says that a block leaves out. */
function blankData(type: string, rowCount: number): Buffer {
  const [, wrapper, inner = type] = wrapped.exec(type) ?? [];
  if (type === "String") return Buffer.alloc(rowCount);
  if (wrapper === "Array" || type.startsWith("Map")) return Buffer.alloc(rowCount * 8);
  const values = Buffer.alloc(rowCount * (valueWidths[inner] as number));
  return wrapper === "Nullable" ? Buffer.concat([Buffer.alloc(rowCount, 1), values]) : values;
}
