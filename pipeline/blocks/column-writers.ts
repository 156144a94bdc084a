import type { Column, ColumnTypes } from "@weir/model";
import type { ColumnData } from "./block-encoder.ts";
import { ByteRange } from "./byte-range.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { Labels } from "./labels.ts";
import { WrittenMap } from "./written-map.ts";

const maxUint16 = 0xffff;
const maxUint32 = 0xffff_ffff;
const maxInt32 = 0x7fff_ffff;

/** Is equal to no value. */
export const noRun = Symbol("no run");

/** How far a column is written. */
export class ColumnRows {
  /** Rows so far. */
  count = 0;
  /** What the rows have that follow without being appended; `noRun` when each is to be appended. */
  run: unknown;

  constructor(run: unknown) {
    this.run = run;
  }
}

/**
 * Gathers the values of one column in the layout of ClickHouse's Native format. Integers out of range are clamped,
 * never wrapped. `append` may throw a TypeError for a value of the wrong type; `undo` then takes the value back. Most
 * of a wide row says nothing, or what the row before it said: such values, equal to `rows.run`, need not be appended
 * one by one; they are filled in, many at once, before the next value that differs.
 */
export interface ColumnWriter<Value> extends ColumnData {
  /** The type that the block declares for the rows so far; ClickHouse converts it to the stored one. */
  readonly blockType: string;
  readonly rows: ColumnRows;
  /** Whether each row so far has the value that the table has for a column that the block leaves out. */
  readonly isBlank: boolean;
  append(value: Value): void;
  /** Adds rows of the run until there are so many. */
  fill(rowCount: number): void;
  /** Takes back the last append, whole or half done. May be called once after each append, before any other call. */
  undo(): void;
  clear(): void;
}

/** String. Of bytes a Uint8Array must be valid UTF-8; in a ByteRange what is invalid is replaced. */
class TextWriter implements ColumnWriter<string | Uint8Array | ByteRange> {
  readonly blockType = "String";
  readonly rows = new ColumnRows("");
  readonly #data = new GrowingBytes();
  /** Where the last row begins, whose bytes are the run's; and the same before the last append. */
  #lastFrom = 0;
  #lastFromBefore = 0;
  #runBefore: unknown = "";

  /** An empty text takes one byte, any other more. */
  get isBlank(): boolean {
    return this.#data.length === this.rows.count;
  }

  get byteLength(): number {
    return this.#data.length;
  }

  append(value: string | Uint8Array | ByteRange): void {
    const data = this.#data;
    const { rows } = this;
    this.#lastFromBefore = this.#lastFrom;
    this.#runBefore = rows.run;
    this.#lastFrom = data.length;
    rows.count++;
    if (typeof value === "string") {
      rows.run = value;
      data.appendText(value);
      return;
    }
    // What bytes say may change behind the same object.
    rows.run = noRun;
    if (value instanceof ByteRange) data.appendTextRange(value.bytes, value.from, value.to, value.isAscii);
    else if (value instanceof Uint8Array) data.appendUtf8Bytes(value);
    else throw new TypeError(`expected a text, got ${typeof value}`);
  }

  fill(rowCount: number): void {
    const data = this.#data;
    const missing = rowCount - this.rows.count;
    if (missing === 0) return;
    const runLength = data.length - this.#lastFrom;
    if (this.rows.count === 0) data.appendRepeated(0, missing);
    else data.repeatEnd(runLength, missing);
    this.#lastFrom = data.length - (this.rows.count === 0 ? 1 : runLength);
    this.rows.count = rowCount;
  }

  undo(): void {
    this.rows.count--;
    this.rows.run = this.#runBefore;
    this.#data.truncate(this.#lastFrom);
    this.#lastFrom = this.#lastFromBefore;
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#data.copyInto(target, offset);
  }

  clear(): void {
    this.rows.count = 0;
    this.rows.run = "";
    this.#lastFrom = 0;
    this.#data.clear();
  }
}

/** LowCardinality(String), or String where that is the shorter; see `Labels`. */
class LabelWriter implements ColumnWriter<string | ByteRange> {
  readonly rows = new ColumnRows("");
  readonly #labels = new Labels();
  #runBefore: unknown = "";

  get blockType(): string {
    return this.#labels.isDictionary ? "LowCardinality(String)" : "String";
  }

  get isBlank(): boolean {
    return this.#labels.isBlank;
  }

  get byteLength(): number {
    return this.#labels.byteLength;
  }

  append(value: string | ByteRange): void {
    const text = Labels.textOf(value);
    const { rows } = this;
    this.#runBefore = rows.run;
    rows.run = text;
    rows.count++;
    this.#labels.append(this.#labels.numberOf(text));
  }

  fill(rowCount: number): void {
    const missing = rowCount - this.rows.count;
    if (missing === 0) return;
    this.#labels.appendRepeated(this.#labels.numberOf(this.rows.run as string), missing);
    this.rows.count = rowCount;
  }

  undo(): void {
    this.#labels.truncate(--this.rows.count);
    this.rows.run = this.#runBefore;
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#labels.copyInto(target, this.#labels.copyPrefixInto(target, offset));
  }

  clear(): void {
    this.rows.count = 0;
    this.rows.run = "";
    this.#labels.clear();
  }
}

/** Values of one width, each appended by `appendValue`; with `filler`, which is all zero bytes, as their first run. */
class FixedWriter<Value> implements ColumnWriter<Value> {
  readonly blockType: string;
  readonly rows: ColumnRows;
  readonly #data = new GrowingBytes();
  readonly #width: number;
  readonly #appendValue: (data: GrowingBytes, value: Value) => void;
  readonly #filler: 0 | typeof noRun;
  #runBefore: unknown;
  #isBlank: boolean;

  constructor(
    blockType: string,
    width: number,
    filler: 0 | typeof noRun,
    appendValue: (data: GrowingBytes, value: Value) => void,
  ) {
    this.blockType = blockType;
    this.rows = new ColumnRows(filler);
    this.#width = width;
    this.#filler = filler;
    this.#isBlank = filler === 0;
    this.#appendValue = appendValue;
  }

  get isBlank(): boolean {
    return this.#isBlank;
  }

  get byteLength(): number {
    return this.#data.length;
  }

  append(value: Value): void {
    const { rows } = this;
    this.#runBefore = rows.run;
    this.#isBlank = false;
    rows.count++;
    if (this.#filler !== noRun) rows.run = value;
    this.#appendValue(this.#data, value);
  }

  fill(rowCount: number): void {
    const missing = rowCount - this.rows.count;
    if (missing === 0) return;
    if (this.rows.count === 0) this.#data.appendRepeated(0, missing * this.#width);
    else this.#data.repeatEnd(this.#width, missing);
    this.rows.count = rowCount;
  }

  undo(): void {
    this.rows.count--;
    this.rows.run = this.#runBefore;
    this.#data.truncate(this.rows.count * this.#width);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#data.copyInto(target, offset);
  }

  clear(): void {
    this.rows.count = 0;
    this.rows.run = this.#filler;
    this.#isBlank = this.#filler === 0;
    this.#data.clear();
  }
}

/** FixedString(n), from hex digits or the n bytes themselves. */
function hexWriter(width: number): ColumnWriter<string | ByteRange> {
  return new FixedWriter<string | ByteRange>(`FixedString(${width})`, width, noRun, (data, value) => {
    if (!(value instanceof ByteRange)) data.appendHex(value, width);
    else appendFixedRange(data, value, width);
  });
}

/** DateTime64(9, 'UTC'): nanoseconds since 1970, as a number or as its 8 bytes, little-endian. */
function timeWriter(): ColumnWriter<bigint | ByteRange> {
  return new FixedWriter<bigint | ByteRange>("DateTime64(9, 'UTC')", 8, noRun, (data, value) => {
    if (!(value instanceof ByteRange)) data.appendBigInt64(value);
    else appendFixedRange(data, value, 8);
  });
}

function appendFixedRange(data: GrowingBytes, { bytes, from, to }: ByteRange, width: number): void {
  if (to - from !== width) throw new TypeError(`expected ${width} bytes, got ${to - from}`);
  data.appendRange(bytes, from, to);
}

function clamped(value: number, highest: number): number {
  if (typeof value !== "number") throw new TypeError(`expected a number, got ${typeof value}`);
  return value > 0 ? Math.min(value, highest) : 0;
}

function checkedNumber(value: number): number {
  if (typeof value !== "number") throw new TypeError(`expected a number, got ${typeof value}`);
  return value;
}

interface NumberType {
  readonly name: string;
  readonly width: number;
  readonly append: (data: GrowingBytes, value: number) => void;
}

const uint8: NumberType = {
  name: "UInt8",
  width: 1,
  append: (data, value) => data.appendByte(clamped(value, 0xff)),
};
const uint16: NumberType = {
  name: "UInt16",
  width: 2,
  append: (data, value) => data.appendUint16(clamped(value, maxUint16)),
};
const uint32: NumberType = {
  name: "UInt32",
  width: 4,
  append: (data, value) => data.appendUint32(clamped(value, maxUint32)),
};
const uint64: NumberType = {
  name: "UInt64",
  width: 8,
  append: (data, value) => data.appendInt64(clamped(value, Number.MAX_SAFE_INTEGER)),
};
const int64: NumberType = {
  name: "Int64",
  width: 8,
  append: (data, value) =>
    data.appendInt64(Math.max(Math.min(checkedNumber(value), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)),
};
const int32: NumberType = {
  name: "Int32",
  width: 4,
  append: (data, value) => data.appendUint32(Math.max(Math.min(checkedNumber(value), maxInt32), -maxInt32 - 1) >>> 0),
};
/** NaN and the infinities included; negative zero equals zero, and may become it. */
const float64: NumberType = {
  name: "Float64",
  width: 8,
  append: (data, value) => data.appendFloat64(checkedNumber(value)),
};

function numberWriter({ name, width, append }: NumberType): ColumnWriter<number> {
  return new FixedWriter<number>(name, width, 0, append);
}

/** Nullable(T): a byte a row that says whether it is null, then the values, zero where null. Null is the run. */
class NullableWriter implements ColumnWriter<number | null> {
  readonly blockType: string;
  readonly rows = new ColumnRows(null);
  readonly #nulls = new GrowingBytes();
  readonly #values = new GrowingBytes();
  readonly #width: number;
  readonly #appendValue: (data: GrowingBytes, value: number) => void;
  isBlank = true;

  constructor({ name, width, append }: NumberType) {
    this.#width = width;
    this.#appendValue = append;
    this.blockType = `Nullable(${name})`;
  }

  get byteLength(): number {
    return this.#nulls.length + this.#values.length;
  }

  append(value: number | null): void {
    this.isBlank = false;
    this.rows.count++;
    this.#nulls.appendByte(value === null ? 1 : 0);
    this.#appendValue(this.#values, value === null ? 0 : value);
  }

  fill(rowCount: number): void {
    const missing = rowCount - this.rows.count;
    if (missing === 0) return;
    this.#nulls.appendRepeated(1, missing);
    this.#values.appendRepeated(0, missing * this.#width);
    this.rows.count = rowCount;
  }

  undo(): void {
    const count = --this.rows.count;
    this.#nulls.truncate(count);
    this.#values.truncate(count * this.#width);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#values.copyInto(target, this.#nulls.copyInto(target, offset));
  }

  clear(): void {
    this.rows.count = 0;
    this.isBlank = true;
    this.#nulls.clear();
    this.#values.clear();
  }
}

/** Array(T) of elements that are of one width or carry their own length, each appended by `appendElement`. */
class ArrayWriter<Element> implements ColumnWriter<readonly Element[]> {
  readonly blockType: string;
  readonly rows = new ColumnRows(noRun);
  readonly #ends = new RowEnds();
  readonly #elements = new GrowingBytes();
  readonly #appendElement: (elements: GrowingBytes, element: Element) => void;
  #mark = 0;

  constructor(elementType: string, appendElement: (elements: GrowingBytes, element: Element) => void) {
    this.#appendElement = appendElement;
    this.blockType = `Array(${elementType})`;
  }

  get isBlank(): boolean {
    return this.#ends.elementCount === 0;
  }

  get byteLength(): number {
    return this.#ends.byteLength + this.#elements.length;
  }

  append(value: readonly Element[]): void {
    this.#mark = this.#elements.length;
    this.#ends.begin();
    this.rows.count++;
    for (const element of value) this.#appendElement(this.#elements, element);
    this.#ends.end(value.length);
  }

  fill(rowCount: number): void {
    for (; this.rows.count < rowCount; this.rows.count++) this.#ends.end(0);
  }

  undo(): void {
    this.rows.count--;
    this.#ends.undo();
    this.#elements.truncate(this.#mark);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#elements.copyInto(target, this.#ends.copyInto(target, offset));
  }

  clear(): void {
    this.rows.count = 0;
    this.#ends.clear();
    this.#elements.clear();
  }
}

/** Map(LowCardinality(String), String), or with plain texts as keys where that is the shorter. */
class TextMapWriter implements ColumnWriter<Readonly<Record<string, string>> | WrittenMap> {
  readonly rows = new ColumnRows(noRun);
  readonly #ends = new RowEnds();
  readonly #keys = new Labels();
  readonly #values = new GrowingBytes();
  #markedKeys = 0;
  #markedValues = 0;

  get blockType(): string {
    return this.#keys.isDictionary ? "Map(LowCardinality(String), String)" : "Map(String, String)";
  }

  get isBlank(): boolean {
    return this.#ends.elementCount === 0;
  }

  get byteLength(): number {
    return this.#ends.byteLength + this.#keys.byteLength + this.#values.length;
  }

  append(value: Readonly<Record<string, string>> | WrittenMap): void {
    this.#markedKeys = this.#keys.length;
    this.#markedValues = this.#values.length;
    this.#ends.begin();
    this.rows.count++;
    if (value instanceof WrittenMap) value.writeInto(this.#keys, this.#values);
    else this.#appendPairs(value);
    this.#ends.end(this.#keys.length - this.#markedKeys);
  }

  #appendPairs(map: Readonly<Record<string, string>>): void {
    for (const key in map) {
      this.#keys.append(this.#keys.numberOf(key));
      this.#values.appendText(map[key] as string);
    }
  }

  fill(rowCount: number): void {
    for (; this.rows.count < rowCount; this.rows.count++) this.#ends.end(0);
  }

  undo(): void {
    this.rows.count--;
    this.#ends.undo();
    this.#keys.truncate(this.#markedKeys);
    this.#values.truncate(this.#markedValues);
  }

  copyInto(target: Buffer, offset: number): number {
    const ends = this.#ends.copyInto(target, this.#keys.copyPrefixInto(target, offset));
    return this.#values.copyInto(target, this.#keys.copyInto(target, ends));
  }

  clear(): void {
    this.rows.count = 0;
    this.#ends.clear();
    this.#keys.clear();
    this.#values.clear();
  }
}

/** What Array and Map have in common: the running count of elements at the end of each row. */
class RowEnds {
  readonly #ends = new GrowingBytes();
  #markedEnds = 0;
  #markedCount = 0;
  elementCount = 0;

  get byteLength(): number {
    return this.#ends.length;
  }

  /** A row begins; `undo` takes it back. */
  begin(): void {
    this.#markedEnds = this.#ends.length;
    this.#markedCount = this.elementCount;
  }

  /** It ends, with so many elements. */
  end(elementCount: number): void {
    this.elementCount += elementCount;
    this.#ends.appendInt64(this.elementCount);
  }

  undo(): void {
    this.#ends.truncate(this.#markedEnds);
    this.elementCount = this.#markedCount;
  }

  copyInto(target: Uint8Array, offset: number): number {
    return this.#ends.copyInto(target, offset);
  }

  clear(): void {
    this.elementCount = this.#markedCount = this.#markedEnds = 0;
    this.#ends.clear();
  }
}

/** What each type of column takes: the values of rows, and bytes where they are at hand. */
export interface WrittenTypes
  extends Omit<ColumnTypes, "string" | "content" | "hex16" | "hex8" | "time_ns" | "string_map"> {
  string: string | ByteRange;
  content: string | Uint8Array | ByteRange;
  hex16: string | ByteRange;
  hex8: string | ByteRange;
  time_ns: bigint | ByteRange;
  string_map: Readonly<Record<string, string>> | WrittenMap;
}

/** A fresh writer for a column of `model/columns.ts`. */
export function columnWriter({ type, stored }: Column): ColumnWriter<unknown> {
  const isLabel = type === "string" && stored.startsWith("LowCardinality(String)");
  return (isLabel ? new LabelWriter() : columnWriters[type]()) as ColumnWriter<unknown>;
}

const columnWriters = {
  string: () => new TextWriter(),
  content: () => new TextWriter(),
  hex16: () => hexWriter(16),
  hex8: () => hexWriter(8),
  uint8: () => numberWriter(uint8),
  uint16: () => numberWriter(uint16),
  uint32: () => numberWriter(uint32),
  uint64: () => numberWriter(uint64),
  nullable_uint16: () => new NullableWriter(uint16),
  nullable_uint32: () => new NullableWriter(uint32),
  nullable_uint64: () => new NullableWriter(uint64),
  nullable_int64: () => new NullableWriter(int64),
  int32: () => numberWriter(int32),
  float64: () => numberWriter(float64),
  nullable_float64: () => new NullableWriter(float64),
  time_ns: () => timeWriter(),
  strings: () => new ArrayWriter<string>("String", (elements, text) => elements.appendText(text)),
  uint64s: () => new ArrayWriter<number>("UInt64", uint64.append),
  float64s: () => new ArrayWriter<number>("Float64", float64.append),
  times_ns: () => new ArrayWriter<bigint>("DateTime64(9, 'UTC')", (elements, value) => elements.appendBigInt64(value)),
  hex16s: () => new ArrayWriter<string>("FixedString(16)", (elements, hex) => elements.appendHex(hex, 16)),
  hex8s: () => new ArrayWriter<string>("FixedString(8)", (elements, hex) => elements.appendHex(hex, 8)),
  string_map: () => new TextMapWriter(),
} as const satisfies { [Type in keyof ColumnTypes]: () => ColumnWriter<WrittenTypes[Type]> };
