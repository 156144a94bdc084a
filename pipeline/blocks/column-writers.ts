import type { ColumnTypes } from "@weir/model";
import { ByteRange } from "./byte-range.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { WrittenMap } from "./written-map.ts";

const maxUint16 = 0xffff;
const maxUint32 = 0xffff_ffff;
const maxInt32 = 0x7fff_ffff;

/**
 * Gathers the values of one column in the layout of ClickHouse's Native format. Integers out of range are clamped,
 * never wrapped. `append` may throw a TypeError for a value of the wrong type; `undo` then takes the value back. Most
 * of a wide row says nothing: such values are not appended one by one but filled in, many at once, before the next
 * value that does.
 */
export interface ColumnWriter<Value> {
  /** The type that the block declares; ClickHouse converts it to the stored one. */
  readonly blockType: string;
  /** The value that `fill` writes; undefined when every value is to be appended. */
  readonly filler: "" | 0 | null | undefined;
  /** How many bytes one filled row takes. */
  readonly fillerBytes: number;
  /** Rows so far. */
  readonly rowCount: number;
  readonly byteLength: number;
  append(value: Value): void;
  /** Adds rows of the filler until there are so many. */
  fill(rowCount: number): void;
  /** Takes back the last append, whole or half done. May be called once after each append, before any other call. */
  undo(): void;
  /** Writes the column's data to `target` at `offset` and returns the offset behind it. */
  copyInto(target: Uint8Array, offset: number): number;
  clear(): void;
}

/** The filler is all zero bytes: an empty text, the number zero. */
abstract class PlainWriter<Value> implements ColumnWriter<Value> {
  abstract readonly blockType: string;
  readonly filler: "" | 0 | undefined;
  readonly fillerBytes: number;
  rowCount = 0;
  protected readonly data = new GrowingBytes();
  #mark = 0;

  constructor(filler: "" | 0 | undefined, fillerBytes: number) {
    this.filler = filler;
    this.fillerBytes = fillerBytes;
  }

  get byteLength(): number {
    return this.data.length;
  }

  append(value: Value): void {
    this.#mark = this.data.length;
    this.rowCount++;
    this.write(value);
  }

  protected abstract write(value: Value): void;

  fill(rowCount: number): void {
    this.data.appendZeros((rowCount - this.rowCount) * this.fillerBytes);
    this.rowCount = rowCount;
  }

  undo(): void {
    this.rowCount--;
    this.data.truncate(this.#mark);
  }

  copyInto(target: Uint8Array, offset: number): number {
    return this.data.copyInto(target, offset);
  }

  clear(): void {
    this.rowCount = 0;
    this.#mark = 0;
    this.data.clear();
  }
}

/** String. Of bytes a Uint8Array must be valid UTF-8; in a ByteRange what is invalid is replaced. */
export class TextWriter extends PlainWriter<string | Uint8Array | ByteRange> {
  readonly blockType = "String";

  constructor() {
    super("", 1);
  }

  protected write(value: string | Uint8Array | ByteRange): void {
    if (typeof value === "string") this.data.appendText(value);
    else if (value instanceof ByteRange) this.data.appendTextRange(value.bytes, value.from, value.to, value.isAscii);
    else if (value instanceof Uint8Array) this.data.appendUtf8Bytes(value);
    else throw new TypeError(`expected a text, got ${typeof value}`);
  }
}

/** FixedString(n), from hex digits or the n bytes themselves. */
export class HexWriter extends PlainWriter<string | ByteRange> {
  readonly blockType: string;
  readonly #width: number;

  constructor(width: number) {
    super(undefined, width);
    this.#width = width;
    this.blockType = `FixedString(${width})`;
  }

  protected write(value: string | ByteRange): void {
    if (!(value instanceof ByteRange)) {
      this.data.appendHex(value, this.#width);
      return;
    }
    const { bytes, from, to } = value;
    if (to - from !== this.#width) throw new TypeError(`expected ${this.#width} bytes, got ${to - from}`);
    this.data.appendRange(bytes, from, to);
  }
}

function clamped(value: number, highest: number): number {
  if (typeof value !== "number") throw new TypeError(`expected a number, got ${typeof value}`);
  return value > 0 ? Math.min(value, highest) : 0;
}

export class Uint8Writer extends PlainWriter<number> {
  readonly blockType = "UInt8";

  constructor() {
    super(0, 1);
  }

  protected write(value: number): void {
    this.data.appendByte(clamped(value, 0xff));
  }
}

export class Uint16Writer extends PlainWriter<number> {
  readonly blockType = "UInt16";

  constructor() {
    super(0, 2);
  }

  protected write(value: number): void {
    this.data.appendUint16(clamped(value, maxUint16));
  }
}

export class Uint32Writer extends PlainWriter<number> {
  readonly blockType = "UInt32";

  constructor() {
    super(0, 4);
  }

  protected write(value: number): void {
    this.data.appendUint32(clamped(value, maxUint32));
  }
}

export class Uint64Writer extends PlainWriter<number> {
  readonly blockType = "UInt64";

  constructor() {
    super(0, 8);
  }

  protected write(value: number): void {
    this.data.appendInt64(clamped(value, Number.MAX_SAFE_INTEGER));
  }
}

export class Int64Writer extends PlainWriter<number> {
  readonly blockType = "Int64";

  constructor() {
    super(0, 8);
  }

  protected write(value: number): void {
    checkedNumber(value);
    this.data.appendInt64(Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER));
  }
}

export class Int32Writer extends PlainWriter<number> {
  readonly blockType = "Int32";

  constructor() {
    super(0, 4);
  }

  protected write(value: number): void {
    checkedNumber(value);
    this.data.appendUint32(Math.max(Math.min(value, maxInt32), -maxInt32 - 1) >>> 0);
  }
}

/** Float64, NaN and the infinities included. */
export class Float64Writer extends PlainWriter<number> {
  readonly blockType = "Float64";

  // Negative zero equals the filler and becomes zero.
  constructor() {
    super(0, 8);
  }

  protected write(value: number): void {
    this.data.appendFloat64(checkedNumber(value));
  }
}

function checkedNumber(value: number): number {
  if (typeof value !== "number") throw new TypeError(`expected a number, got ${typeof value}`);
  return value;
}

/** DateTime64(9, 'UTC'): nanoseconds since 1970, as a number or as its 8 bytes, little-endian. */
export class TimeWriter extends PlainWriter<bigint | ByteRange> {
  readonly blockType = "DateTime64(9, 'UTC')";

  constructor() {
    super(undefined, 8);
  }

  protected write(value: bigint | ByteRange): void {
    if (!(value instanceof ByteRange)) {
      this.data.appendBigInt64(value);
      return;
    }
    const { bytes, from, to } = value;
    if (to - from !== 8) throw new TypeError(`expected 8 bytes, got ${to - from}`);
    this.data.appendRange(bytes, from, to);
  }
}

/** Nullable(T): a byte a row that says whether it is null, then the values, zero where null. */
export class NullableWriter implements ColumnWriter<number | null> {
  readonly blockType: string;
  readonly filler = null;
  readonly fillerBytes: number;
  readonly #nulls = new GrowingBytes();
  readonly #values: ColumnWriter<number>;
  #mark = 0;

  constructor(values: ColumnWriter<number>) {
    this.#values = values;
    this.blockType = `Nullable(${values.blockType})`;
    this.fillerBytes = 1 + values.fillerBytes;
  }

  get rowCount(): number {
    return this.#values.rowCount;
  }

  get byteLength(): number {
    return this.#nulls.length + this.#values.byteLength;
  }

  append(value: number | null): void {
    this.#mark = this.#nulls.length;
    this.#values.append(value === null ? 0 : value);
    this.#nulls.appendByte(value === null ? 1 : 0);
  }

  fill(rowCount: number): void {
    this.#nulls.appendRepeated(1, rowCount - this.rowCount);
    this.#values.fill(rowCount);
  }

  undo(): void {
    this.#nulls.truncate(this.#mark);
    this.#values.undo();
  }

  copyInto(target: Uint8Array, offset: number): number {
    return this.#values.copyInto(target, this.#nulls.copyInto(target, offset));
  }

  clear(): void {
    this.#mark = 0;
    this.#nulls.clear();
    this.#values.clear();
  }
}

/** What Array and Map have in common: the running count of elements at the end of each row, then the elements. */
abstract class ListWriter<Value> implements ColumnWriter<Value> {
  abstract readonly blockType: string;
  readonly filler = undefined;
  readonly fillerBytes = 8;
  rowCount = 0;
  readonly #ends = new GrowingBytes();
  readonly #elements: readonly GrowingBytes[];
  readonly #marks: number[];
  #markedEnds = 0;
  #markedCount = 0;
  #count = 0;

  constructor(elements: readonly GrowingBytes[]) {
    this.#elements = elements;
    this.#marks = elements.map(() => 0);
  }

  get byteLength(): number {
    return this.#elements.reduce((sum, element) => sum + element.length, this.#ends.length);
  }

  append(value: Value): void {
    this.#markedEnds = this.#ends.length;
    this.#markedCount = this.#count;
    for (let index = 0; index < this.#elements.length; index++) {
      this.#marks[index] = (this.#elements[index] as GrowingBytes).length;
    }
    this.rowCount++;
    this.#count += this.write(value);
    this.#ends.appendInt64(this.#count);
  }

  fill(rowCount: number): void {
    for (; this.rowCount < rowCount; this.rowCount++) this.#ends.appendInt64(this.#count);
  }

  /** Writes the elements and returns how many there were. */
  protected abstract write(value: Value): number;

  undo(): void {
    this.rowCount--;
    this.#ends.truncate(this.#markedEnds);
    this.#count = this.#markedCount;
    this.#elements.forEach((element, index) => {
      element.truncate(this.#marks[index] ?? 0);
    });
  }

  copyInto(target: Uint8Array, offset: number): number {
    let end = this.#ends.copyInto(target, offset);
    for (const element of this.#elements) end = element.copyInto(target, end);
    return end;
  }

  clear(): void {
    this.rowCount = 0;
    this.#count = 0;
    this.#markedCount = 0;
    this.#markedEnds = 0;
    this.#marks.fill(0);
    this.#ends.clear();
    for (const element of this.#elements) element.clear();
  }
}

/** Array(T) of elements that are of one width or carry their own length, each appended by `appendElement`. */
class ArrayWriter<Element> extends ListWriter<readonly Element[]> {
  readonly blockType: string;
  readonly #written: GrowingBytes;
  readonly #appendElement: (elements: GrowingBytes, element: Element) => void;

  constructor(elementType: string, appendElement: (elements: GrowingBytes, element: Element) => void) {
    const written = new GrowingBytes();
    super([written]);
    this.#written = written;
    this.#appendElement = appendElement;
    this.blockType = `Array(${elementType})`;
  }

  protected write(value: readonly Element[]): number {
    for (const element of value) this.#appendElement(this.#written, element);
    return value.length;
  }
}

/** Map(String, String). */
export class TextMapWriter extends ListWriter<Readonly<Record<string, string>> | WrittenMap> {
  readonly blockType = "Map(String, String)";
  readonly #keys: GrowingBytes;
  readonly #values: GrowingBytes;

  constructor() {
    const keys = new GrowingBytes();
    const values = new GrowingBytes();
    super([keys, values]);
    this.#keys = keys;
    this.#values = values;
  }

  protected write(value: Readonly<Record<string, string>> | WrittenMap): number {
    if (value instanceof WrittenMap) return value.writeInto(this.#keys, this.#values);
    let count = 0;
    for (const key in value) {
      this.#keys.appendText(key);
      this.#values.appendText(value[key] as string);
      count++;
    }
    return count;
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

/** A fresh writer for each type of column in `model/columns.ts`. */
export const columnWriters = {
  string: () => new TextWriter(),
  content: () => new TextWriter(),
  hex16: () => new HexWriter(16),
  hex8: () => new HexWriter(8),
  uint8: () => new Uint8Writer(),
  uint16: () => new Uint16Writer(),
  uint32: () => new Uint32Writer(),
  uint64: () => new Uint64Writer(),
  nullable_uint16: () => new NullableWriter(new Uint16Writer()),
  nullable_uint32: () => new NullableWriter(new Uint32Writer()),
  nullable_uint64: () => new NullableWriter(new Uint64Writer()),
  nullable_int64: () => new NullableWriter(new Int64Writer()),
  int32: () => new Int32Writer(),
  float64: () => new Float64Writer(),
  nullable_float64: () => new NullableWriter(new Float64Writer()),
  time_ns: () => new TimeWriter(),
  strings: () => new ArrayWriter<string>("String", (elements, text) => elements.appendText(text)),
  uint64s: () =>
    new ArrayWriter<number>("UInt64", (elements, value) =>
      elements.appendInt64(clamped(value, Number.MAX_SAFE_INTEGER)),
    ),
  float64s: () => new ArrayWriter<number>("Float64", (elements, value) => elements.appendFloat64(checkedNumber(value))),
  times_ns: () => new ArrayWriter<bigint>("DateTime64(9, 'UTC')", (elements, value) => elements.appendBigInt64(value)),
  hex16s: () => new ArrayWriter<string>("FixedString(16)", (elements, hex) => elements.appendHex(hex, 16)),
  hex8s: () => new ArrayWriter<string>("FixedString(8)", (elements, hex) => elements.appendHex(hex, 8)),
  string_map: () => new TextMapWriter(),
} as const satisfies { [Type in keyof ColumnTypes]: () => ColumnWriter<WrittenTypes[Type]> };
