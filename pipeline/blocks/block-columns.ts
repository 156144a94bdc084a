import { type TableName, tableColumns } from "@weir/model";
import { valueWidths } from "./plain-block.ts";

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

const dictionaryVersionLength = 8;

/**
 * Looks into a block that `BlockWriter` wrote without decoding it: where the data of columns lies, and where each text
 * of one does. Columns are found up to the one named `last`, in the table's order; until there they must have text or a
 * fixed width. A column that the block leaves out is blank. Throws a RangeError for bytes that are no such block.
 */
export class BlockColumns {
  readonly bytes: Buffer;
  readonly rowCount: number;
  readonly #places = new Map<string, ColumnPlace>();
  #offset = 0;

  constructor(block: Uint8Array, table: TableName, last: string) {
    this.bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const order = Object.keys(tableColumns[table]);
    const lastIndex = order.indexOf(last);
    const columnCount = this.#varuint();
    this.rowCount = this.#varuint();
    for (let index = 0; index < columnCount; index++) {
      const name = this.#text();
      const type = this.#text();
      if (order.indexOf(name) > lastIndex) return;
      this.#places.set(name, { type, from: this.#offset });
      if (name === last) return;
      this.#skip(type);
    }
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

  /** What stands before the keys of LowCardinality(String); see `Labels`. */
  #dictionary(): { readonly width: number; readonly keyCount: number } {
    const head = this.#within(this.#offset, dictionaryVersionLength + 16);
    const keyCount = Number(head.readBigUInt64LE(dictionaryVersionLength + 8));
    if (keyCount > this.bytes.length) throw new RangeError("the block ends within its labels");
    this.#offset += head.length;
    return { width: 1 << (head.readUInt8(dictionaryVersionLength) & 3), keyCount };
  }

  #skip(type: string): void {
    const width = widthOf(type);
    if (width !== undefined) this.#offset += width * this.rowCount;
    else if (type === "String") this.#skipTexts(this.rowCount);
    else if (type === "LowCardinality(String)") this.#skipLabels();
    else throw new RangeError(`columns behind one of type ${type} are not looked for`);
    if (this.#offset > this.bytes.length) throw new RangeError("the block ends within a column");
  }

  #skipLabels(): void {
    if (this.rowCount === 0) return;
    const { width, keyCount } = this.#dictionary();
    this.#skipTexts(keyCount);
    this.#offset += 8 + width * this.rowCount;
  }

  #within(from: number, length: number): Buffer {
    if (from + length > this.bytes.length) throw new RangeError("the block ends within a column");
    return this.bytes.subarray(from, from + length);
  }

  #skipTexts(count: number): void {
    for (let index = 0; index < count; index++) {
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
