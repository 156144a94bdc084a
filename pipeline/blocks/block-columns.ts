import { type TableName, tableColumns } from "@weir/model";
import { dictionaryVersionLength, valueWidths } from "./block-source.ts";

/** Where a column's data lies in a block. */
interface ColumnPlace {
  readonly type: string;
  readonly from: number;
}

/** Bytes of one value of the types that have a fixed width, with the mark of a Nullable one. */
function widthOf(type: string): number | undefined {
  const inner = /^Nullable\((.*)\)$/.exec(type)?.[1];
  if (inner === undefined) return valueWidths[type];
  const width = valueWidths[inner];
  return width === undefined ? undefined : width + 1;
}

/**
 * Looks into a block that `BlockWriter` wrote without decoding it: where the data of columns lies, and where each text
 * of one does. Columns are found up to the one named `last`, in the table's order. A column that the block leaves out is
 * blank. Throws a RangeError for bytes that are no such block.
 */
export class BlockColumns {
  readonly bytes: Buffer;
  readonly rowCount: number;
  /** Where the first column begins. */
  readonly begin: number;
  /** Where the columns up to `last` end, and how many they are. */
  readonly end: number;
  readonly count: number;
  readonly #places = new Map<string, ColumnPlace>();
  #offset = 0;

  constructor(block: Uint8Array, table: TableName, last: string) {
    this.bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const order = Object.keys(tableColumns[table]);
    const lastIndex = order.indexOf(last);
    const columnCount = this.#varuint();
    this.rowCount = this.#varuint();
    this.begin = this.#offset;
    for (let index = 0; index < columnCount; index++) {
      const end = this.#offset;
      const name = this.#text();
      const type = this.#text();
      if (order.indexOf(name) > lastIndex) {
        this.#offset = end;
        break;
      }
      this.#places.set(name, { type, from: this.#offset });
      this.#skip(type, this.rowCount);
    }
    this.end = this.#offset;
    this.count = this.#places.size;
  }

  /** The data of a column of a fixed width; of a Nullable one its marks, 1 where it is null. */
  dataOf(name: string, type: string): Buffer {
    const place = this.#places.get(name);
    const isNullable = type.startsWith("Nullable(");
    const length = this.rowCount * (isNullable ? 1 : (valueWidths[type] as number));
    if (place === undefined) return Buffer.alloc(length, isNullable ? 1 : 0);
    if (place.type !== type) throw new RangeError(`the block has no column ${name} of type ${type}`);
    return this.#within(place.from, length);
  }

  /** For each row where its text begins in `bytes` and where it ends, in turn. */
  textsOf(name: string): Uint32Array {
    const place = this.#places.get(name);
    const places = new Uint32Array(this.rowCount * 2);
    if (place === undefined) return places;
    this.#offset = place.from;
    if (place.type === "String") this.#placeTexts(places);
    else if (place.type === "LowCardinality(String)") this.#placeLabels(places);
    else throw new RangeError(`the block has no texts in ${name}`);
    if (this.#offset > this.bytes.length) throw new RangeError("the block ends within a text");
    return places;
  }

  #placeTexts(places: Uint32Array): void {
    for (let index = 0; index < places.length; index += 2) {
      const length = this.#varuint();
      places[index] = this.#offset;
      this.#offset += length;
      places[index + 1] = this.#offset;
    }
  }

  #placeLabels(places: Uint32Array): void {
    if (this.rowCount === 0) return;
    this.#offset += dictionaryVersionLength;
    const { width, keyCount } = this.#dictionary();
    const keys = new Uint32Array(keyCount * 2);
    this.#placeTexts(keys);
    const numbers = this.#within(this.#offset + 8, width * this.rowCount);
    for (let row = 0; row < this.rowCount; row++) {
      const number = numbers.readUIntLE(row * width, width);
      places[row * 2] = keys[number * 2] ?? 0;
      places[row * 2 + 1] = keys[number * 2 + 1] ?? 0;
    }
  }

  /** What stands before the keys of LowCardinality(String), behind its version; see `Labels`. */
  #dictionary(): { readonly width: number; readonly keyCount: number } {
    const head = this.#within(this.#offset, 16);
    const keyCount = Number(head.readBigUInt64LE(8));
    if (keyCount > this.bytes.length) throw new RangeError("the block ends within its labels");
    this.#offset += head.length;
    return { width: 1 << (head.readUInt8() & 3), keyCount };
  }

  #skip(type: string, count: number): void {
    const width = widthOf(type);
    if (width !== undefined) this.#offset += width * count;
    else if (type === "String") this.#skipTexts(count);
    else if (type === "LowCardinality(String)") {
      this.#offset += dictionaryVersionLength;
      this.#skipLabels(count);
    } else if (type === "Map(LowCardinality(String), String)") this.#skipMap();
    else if (type === "Map(String, String)") this.#skipTexts(2 * this.#lastEnd());
    else if (type.startsWith("Array(")) this.#skip(type.slice("Array(".length, -1), this.#lastEnd());
    else throw new RangeError(`a block of ours has no column of type ${type}`);
    if (this.#offset > this.bytes.length) throw new RangeError("the block ends within a column");
  }

  /** The version of the keys' dictionary stands before the rows' ends. */
  #skipMap(): void {
    this.#offset += dictionaryVersionLength;
    const count = this.#lastEnd();
    this.#skipLabels(count);
    this.#skipTexts(count);
  }

  /** Passes the ends of the rows' elements; the number of all of them. */
  #lastEnd(): number {
    const ends = this.#within(this.#offset, this.rowCount * 8);
    this.#offset += ends.length;
    return this.rowCount === 0 ? 0 : Number(ends.readBigUInt64LE(ends.length - 8));
  }

  #skipLabels(count: number): void {
    if (count === 0) return;
    const { width, keyCount } = this.#dictionary();
    this.#skipTexts(keyCount);
    this.#offset += 8 + width * count;
  }

  #within(from: number, length: number): Buffer {
    if (from + length > this.bytes.length) throw new RangeError("the block ends within a column");
    return this.bytes.subarray(from, from + length);
  }

  #skipTexts(count: number): void {
    for (let index = 0; index < count && this.#offset < this.bytes.length; index++) {
      const length = this.#varuint();
      this.#offset += length;
    }
  }

  #text(): string {
    const length = this.#varuint();
    this.#offset += length;
    return this.bytes.toString("latin1", this.#offset - length, this.#offset);
  }

  #varuint(): number {
    let byte = this.bytes[this.#offset++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      if (this.#offset >= this.bytes.length) throw new RangeError("the block ends within a number");
      byte = this.bytes[this.#offset++] as number;
      value += (byte & 0x7f) * factor;
    }
    return value;
  }
}
