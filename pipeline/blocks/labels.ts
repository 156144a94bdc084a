import { TextCache } from "@weir/otlp";
import { ByteRange } from "./byte-range.ts";
import { GrowingBytes } from "./growing-bytes.ts";

const startCapacity = 64;
/** Version, flags, and the two counts, of 8 bytes each. */
const dictionaryOverhead = 32;
/** Of the keys' serialization: dictionaries stand with the rows that they are for. */
const sharedDictionaries = 1;
/** Keys follow, and make up the whole dictionary. */
const additionalKeys = (1 << 9) | (1 << 10);

/** What bytes of labels say, for all columns: the same few texts come with each span. */
const texts = new TextCache();

/** Numbers of labels, to be appended many at once for as long as `generation` is that of the column. */
export interface LabelChunk {
  readonly generation: number;
  readonly numbers: Uint32Array;
  /** What the labels would take as plain texts. */
  readonly plainLength: number;
}

/**
 * Texts of which most repeat. Each text is kept once, under a number; a value is its number. Encoded as
 * LowCardinality(String) or as String, whichever is the shorter: the first spares writing, checking and moving the same
 * bytes again and again, and ClickHouse the looking up of each row's text.
 */
export class Labels {
  readonly #numbers = new Map<string, number>();
  /** The labels as texts of a column, and where each ends. */
  readonly #encoded = new GrowingBytes();
  #ends = new Uint32Array(startCapacity);
  #values = new Uint32Array(startCapacity);
  #plainLength = 0;
  /** How many values there are. */
  length = 0;
  /** Goes up when the numbers given before become void. */
  generation = 0;

  /** The text that the value stands for. Throws a TypeError for anything but a text or bytes. */
  static textOf(value: string | ByteRange): string {
    if (typeof value === "string") return value;
    if (value instanceof ByteRange) return texts.textOf(value.bytes, value.from, value.to);
    throw new TypeError(`expected a text, got ${typeof value}`);
  }

  /** The number of the text whose UTF-8 stands between the offsets. */
  readonly numberAt = (bytes: Buffer, from: number, to: number): number => {
    return this.numberOf(texts.textOf(bytes, from, to));
  };

  /** The number of a text. */
  numberOf(text: string): number {
    return this.#numbers.get(text) ?? this.#add(text);
  }

  append(number: number): void {
    if (this.length === this.#values.length) this.#reserve(1);
    this.#values[this.length++] = number;
    this.#plainLength += this.#lengthOf(number);
  }

  /** The same label so many times. */
  appendRepeated(number: number, count: number): void {
    this.#reserve(count);
    this.#values.fill(number, this.length, this.length + count);
    this.length += count;
    this.#plainLength += this.#lengthOf(number) * count;
  }

  /** Labels to be appended again and again, those of one generation. */
  chunkOf(keys: readonly string[]): LabelChunk {
    const numbers = Uint32Array.from(keys, (key) => this.numberOf(key));
    const plainLength = numbers.reduce((sum, number) => sum + this.#lengthOf(number), 0);
    return { generation: this.generation, numbers, plainLength };
  }

  appendAll(numbers: Uint32Array): void {
    this.#reserve(numbers.length);
    for (const number of numbers) this.append(number);
  }

  appendChunk({ numbers, plainLength }: LabelChunk): void {
    const { length } = numbers;
    this.#reserve(length);
    const values = this.#values;
    for (let index = 0, at = this.length; index < length; index++, at++) values[at] = numbers[index] as number;
    this.length += length;
    this.#plainLength += plainLength;
  }

  /** Cuts back to a length that `length` gave before. What was learned of labels stays. */
  truncate(length: number): void {
    while (this.length > length) this.#plainLength -= this.#lengthOf(this.#values[--this.length] as number);
  }

  /** Whether every value is the empty text. */
  get isBlank(): boolean {
    return this.#plainLength === this.length;
  }

  get isDictionary(): boolean {
    return this.length > 0 && this.#dictionaryLength < this.#plainLength;
  }

  /** Of the type that is now the shorter. */
  get byteLength(): number {
    return this.isDictionary ? this.#dictionaryLength : this.#plainLength;
  }

  /** What goes before all else of a column that has these labels in it; empty for plain texts. */
  copyPrefixInto(target: Buffer, offset: number): number {
    return this.isDictionary ? putUint64(target, offset, sharedDictionaries) : offset;
  }

  copyInto(target: Buffer, offset: number): number {
    if (!this.isDictionary) return this.#copyTextsInto(target, offset);
    const width = this.#valueWidth;
    let end = putUint64(target, offset, additionalKeys | Math.log2(width));
    end = this.#encoded.copyInto(target, putUint64(target, end, this.#numbers.size));
    end = putUint64(target, end, this.length);
    const values = this.#values;
    if (width === 1) for (let row = 0; row < this.length; row++) target[end + row] = values[row] as number;
    else
      for (let row = 0; row < this.length; row++) target.writeUIntLE(values[row] as number, end + row * width, width);
    return end + this.length * width;
  }

  clear(): void {
    this.generation++;
    this.length = 0;
    this.#plainLength = 0;
    this.#numbers.clear();
    this.#encoded.clear();
    if (this.#values.length > keptValues) this.#values = new Uint32Array(startCapacity);
  }

  get #valueWidth(): 1 | 2 | 4 {
    const count = this.#numbers.size;
    return count <= 0x100 ? 1 : count <= 0x1_0000 ? 2 : 4;
  }

  get #dictionaryLength(): number {
    return dictionaryOverhead + this.#encoded.length + this.length * this.#valueWidth;
  }

  #lengthOf(number: number): number {
    return (this.#ends[number] as number) - (number === 0 ? 0 : (this.#ends[number - 1] as number));
  }

  #copyTextsInto(target: Buffer, offset: number): number {
    let end = offset;
    for (let row = 0; row < this.length; row++) {
      const number = this.#values[row] as number;
      const to = this.#ends[number] as number;
      end = this.#encoded.copyRangeInto(to - this.#lengthOf(number), to, target, end);
    }
    return end;
  }

  #add(text: string): number {
    const number = this.#numbers.size;
    this.#encoded.appendText(text);
    if (number === this.#ends.length) this.#ends = grown(this.#ends, number + 1);
    this.#ends[number] = this.#encoded.length;
    this.#numbers.set(text, number);
    return number;
  }

  #reserve(count: number): void {
    if (this.length + count > this.#values.length) this.#values = grown(this.#values, this.length + count);
  }
}

/** Room that one large batch took beyond this is given back. */
const keptValues = 1 << 20;

function grown(values: Uint32Array<ArrayBuffer>, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(values.length * 2, least));
  larger.set(values);
  return larger;
}

function putUint64(target: Buffer, offset: number, value: number): number {
  target.writeUInt32LE(value, offset);
  return target.writeUInt32LE(0, offset + 4);
}
