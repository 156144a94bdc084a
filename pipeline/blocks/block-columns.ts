/** Where a column's data lies in a block, by its name. */
export interface ColumnPlace {
  readonly type: string;
  readonly from: number;
}

/** Bytes of one value of the types that have a fixed width. */
const widths: Readonly<Record<string, number>> = {
  UInt8: 1,
  UInt16: 2,
  UInt32: 4,
  UInt64: 8,
  Int64: 8,
  Int32: 4,
  Float64: 8,
  "DateTime64(9, 'UTC')": 8,
  "FixedString(8)": 8,
  "FixedString(16)": 16,
  "Nullable(UInt16)": 3,
  "Nullable(UInt32)": 5,
  "Nullable(UInt64)": 9,
  "Nullable(Int64)": 9,
  "Nullable(Float64)": 9,
};

/**
 * Looks into a block that `BlockWriter` wrote without decoding it: where columns lie, and where the texts of one do.
 * Columns are found from the first up to the last one named, which must have text or a fixed width. Throws a
 * RangeError for bytes that are no such block.
 */
export class BlockColumns {
  readonly bytes: Buffer;
  readonly rowCount: number;
  readonly #places = new Map<string, ColumnPlace>();
  #offset = 0;

  constructor(block: Uint8Array, last: string) {
    this.bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const columnCount = this.#varuint();
    this.rowCount = this.#varuint();
    for (let index = 0; index < columnCount; index++) {
      const name = this.#text();
      const type = this.#text();
      this.#places.set(name, { type, from: this.#offset });
      if (name === last) return;
      this.#skip(type);
    }
    throw new RangeError(`the block has no column ${last}`);
  }

  /** The offset of the data of a column of a fixed width, or of the marks of a Nullable one: 1 where it is null. */
  dataOf(name: string, type: string): number {
    const place = this.#places.get(name);
    if (place?.type !== type) throw new RangeError(`the block has no column ${name} of type ${type}`);
    return place.from;
  }

  /** For each row where its text begins and where it ends, in turn. */
  textsOf(name: string): Uint32Array {
    this.#offset = this.dataOf(name, "String");
    const places = new Uint32Array(this.rowCount * 2);
    for (let row = 0; row < this.rowCount; row++) {
      const length = this.#varuint();
      places[row * 2] = this.#offset;
      this.#offset += length;
      places[row * 2 + 1] = this.#offset;
    }
    if (this.#offset > this.bytes.length) throw new RangeError("the block ends within a text");
    return places;
  }

  #skip(type: string): void {
    const width = widths[type];
    if (width !== undefined) this.#offset += width * this.rowCount;
    else if (type === "String") this.#skipTexts();
    else throw new RangeError(`columns behind one of type ${type} are not looked for`);
    if (this.#offset > this.bytes.length) throw new RangeError("the block ends within a column");
  }

  #skipTexts(): void {
    for (let row = 0; row < this.rowCount; row++) {
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
