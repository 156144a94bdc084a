import type { GrowingBytes } from "./growing-bytes.ts";

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

/** Before the dictionaries of a column there is their version. */
export const dictionaryVersionLength = 8;
/** A type around another. */
export const wrappedType = /^(Nullable|Array)\((.*)\)$/;

/** By type, the bytes of a row of one width, with the mark of a Nullable one. */
const rowWidths = new Map<string, number>();
/** By type, the bytes of each element of a row's list. */
const elementWidths = new Map<string, number>();
for (const [type, width] of Object.entries(valueWidths)) {
  rowWidths.set(type, width).set(`Nullable(${type})`, width + 1);
  elementWidths.set(`Array(${type})`, width);
}

/** The number of the text whose UTF-8 stands between the offsets. */
export type NumberOfText = (bytes: Buffer, from: number, to: number) => number;

/** Takes a block apart from its beginning to its end. */
export class BlockSource {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  since(offset: number): Buffer {
    return this.#bytes.subarray(offset, this.#offset);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** So many bytes, as they stand. */
  copyInto(target: GrowingBytes, length: number): void {
    const from = this.#offset;
    this.skip(length);
    target.appendRange(this.#bytes, from, this.#offset);
  }

  /** So many texts, as they stand. */
  copyTextsInto(target: GrowingBytes, count: number): void {
    const from = this.#offset;
    this.skipTexts(count);
    target.appendRange(this.#bytes, from, this.#offset);
  }

  skipDictionaryVersion(): void {
    this.skip(dictionaryVersionLength);
  }

  /** Past the data of a column. */
  skipColumn(type: string, rowCount: number): void {
    const width = rowWidths.get(type);
    if (width !== undefined) this.skip(rowCount * width);
    else if (type === "String") this.skipTexts(rowCount);
    else if (type === "LowCardinality(String)") {
      this.skipDictionaryVersion();
      this.skipLabels(rowCount);
    } else if (type === "Map(LowCardinality(String), String)") {
      this.skipDictionaryVersion();
      const { count } = this.ends(rowCount);
      this.skipLabels(count);
      this.skipTexts(count);
    } else if (type === "Map(String, String)") this.skipTexts(2 * this.ends(rowCount).count);
    else if (type === "Array(String)") this.skipTexts(this.ends(rowCount).count);
    else this.#skipLists(type, rowCount);
  }

  #skipLists(type: string, rowCount: number): void {
    const width = elementWidths.get(type);
    if (width === undefined) throw new RangeError(`a block of ours has no column of type ${type}`);
    this.skip(width * this.ends(rowCount).count);
  }

  plainData(type: string, rowCount: number): Uint8Array[] {
    if (type === "String") return [this.texts(rowCount)];
    if (type === "Map(String, String)" || type === "Array(String)") {
      const { bytes, count } = this.ends(rowCount);
      return [bytes, this.texts(type.startsWith("Map") ? count * 2 : count)];
    }
    const [, wrapper, inner = type] = wrappedType.exec(type) ?? [];
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
    this.skipTexts(count);
    return this.since(from);
  }

  skipTexts(count: number): void {
    const bytes = this.#bytes;
    for (let index = 0; index < count; index++) {
      let length = bytes[this.#offset] as number;
      if (length < 0x80) this.#offset++;
      else length = this.varuint();
      this.#offset += length;
    }
    this.skip(0);
  }

  /** For each of so many texts where it begins and where it ends, in turn. */
  textPlaces(count: number): Uint32Array {
    const bytes = this.#bytes;
    const places = new Uint32Array(count * 2);
    let offset = this.#offset;
    for (let index = 0; index < count; index++) {
      let length = bytes[offset] as number;
      if (length < 0x80) offset++;
      else {
        this.#offset = offset;
        length = this.varuint();
        offset = this.#offset;
      }
      places[index * 2] = offset;
      offset += length;
      places[index * 2 + 1] = offset;
    }
    this.#offset = offset;
    this.skip(0);
    return places;
  }

  /** The same for the values of LowCardinality(String): rows with one label share its place. */
  labelPlaces(count: number): Uint32Array {
    const places = new Uint32Array(count * 2);
    if (count === 0) return places;
    const { width, keyCount } = this.#dictionary();
    const keys = this.textPlaces(keyCount);
    this.skip(8);
    const from = this.#offset;
    this.skip(count * width);
    const bytes = this.#bytes;
    for (let index = 0; index < count; index++) {
      const key = width === 1 ? (bytes[from + index] as number) : bytes.readUIntLE(from + index * width, width);
      if (key >= keyCount) throw new RangeError("the block has no such label");
      places[index * 2] = keys[key * 2] as number;
      places[index * 2 + 1] = keys[key * 2 + 1] as number;
    }
    return places;
  }

  /** Each value of LowCardinality(String) as a text; see `Labels` for the form. */
  labels(count: number): Buffer {
    if (count === 0) return this.take(0);
    const { width, keyCount } = this.#dictionary();
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

  /** So many texts, each as the number that `numberOf` gives it. */
  textNumbers(count: number, numberOf: NumberOfText): Uint32Array {
    const numbers = new Uint32Array(count);
    for (let index = 0; index < count; index++) {
      const length = this.varuint();
      this.skip(length);
      numbers[index] = numberOf(this.#bytes, this.#offset - length, this.#offset);
    }
    return numbers;
  }

  /** The same for the values of LowCardinality(String); each text is asked for once. */
  labelNumbers(count: number, numberOf: NumberOfText): Uint32Array {
    if (count === 0) return new Uint32Array(0);
    const { width, keyCount } = this.#dictionary();
    const numbers = this.textNumbers(keyCount, numberOf);
    this.skip(8);
    const from = this.#offset;
    this.skip(count * width);
    const bytes = this.#bytes;
    const values = new Uint32Array(count);
    for (let index = 0; index < count; index++) {
      const key = width === 1 ? (bytes[from + index] as number) : bytes.readUIntLE(from + index * width, width);
      if (key >= keyCount) throw new RangeError("the block has no such label");
      values[index] = numbers[key] as number;
    }
    return values;
  }

  /** What stands before the keys of LowCardinality(String), behind its version; see `Labels`. */
  #dictionary(): { readonly width: number; readonly keyCount: number } {
    const width = 1 << (this.take(8).readUInt8() & 3);
    const keyCount = Number(this.take(8).readBigUInt64LE());
    if (keyCount > this.#bytes.length) throw new RangeError("the block is cut short");
    return { width, keyCount };
  }

  skipLabels(count: number): void {
    if (count === 0) return;
    const { width, keyCount } = this.#dictionary();
    this.skipTexts(keyCount);
    this.skip(8 + count * width);
  }

  /** A column's name, or its type: ASCII. */
  heading(): string {
    const length = this.varuint();
    const from = this.#offset;
    this.skip(length);
    return this.#bytes.toString("latin1", from, this.#offset);
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
