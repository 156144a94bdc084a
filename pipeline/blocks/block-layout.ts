import type { TableName } from "@weir/model";
import type { Batch } from "../consumer.ts";
import { dictionaryVersionLength, valueWidths, wrappedType } from "./block-source.ts";
import { plainBlock } from "./plain-block.ts";

/** Where texts stand in a block: the bytes of each, without its length. */
export interface TextPlaces {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

interface ColumnPlace {
  readonly name: string;
  readonly type: string;
  /** Where the column's name begins. */
  readonly headingFrom: number;
  readonly dataFrom: number;
  readonly dataTo: number;
}

/** Where the values of a column stand in a block. */
export type BlockColumn =
  /** Of one width, from `valuesFrom` on. `nullsFrom`: a byte a row that is 1 where there is none. */
  | (ColumnPlace & {
      readonly kind: "fixed";
      readonly width: number;
      readonly valuesFrom: number;
      readonly nullsFrom: number | undefined;
    })
  /** `labels`: of a dictionary, the places that rows share. */
  | (ColumnPlace & { readonly kind: "text"; readonly texts: TextPlaces; readonly labels: TextPlaces | undefined })
  /** `ends`: by row, the number of elements up to its end. */
  | (ColumnPlace & { readonly kind: "list"; readonly ends: Uint32Array; readonly width: number })
  | (ColumnPlace & { readonly kind: "texts"; readonly ends: Uint32Array; readonly texts: TextPlaces })
  | (ColumnPlace & {
      readonly kind: "map";
      readonly ends: Uint32Array;
      readonly keys: TextPlaces;
      /** Of a dictionary, the places that keys share. */
      readonly labels: TextPlaces | undefined;
      readonly values: TextPlaces;
    });

export interface BlockLayout {
  readonly table: TableName;
  readonly bytes: Buffer;
  readonly rowCount: number;
  readonly columns: readonly BlockColumn[];
}

/**
 * Finds the columns of a block of the table, and where each value of them is in `bytes`: the block with these columns in
 * their plain form, each value at a place of its own, so that it can be replaced. Without `columns` it is every column of
 * the table, those too that the block leaves out. Throws a RangeError for bytes that are no block.
 */
export function layoutOf(table: TableName, block: Uint8Array, columns?: ReadonlySet<string>): BlockLayout {
  return new LayoutReader(table, plainBlock(table, block, columns)).read();
}

/** By batch: several steps read one before it is written. */
const readLayouts = new WeakMap<object, BlockLayout>();

/**
 * The same of a batch's block as it was written, to read from: rows with one label share its place, and what no row says
 * has no column.
 */
export function readLayoutOf(batch: Pick<Batch, "table" | "block">): BlockLayout {
  const known = readLayouts.get(batch);
  if (known !== undefined) return known;
  const { table, block } = batch;
  const layout = new LayoutReader(table, Buffer.from(block.buffer, block.byteOffset, block.byteLength)).read();
  readLayouts.set(batch, layout);
  return layout;
}

/** Texts by the numbers of their labels. Most who read a layout ask for the labels alone: placed at the first question. */
class LabelledTexts implements TextPlaces {
  readonly #labels: TextPlaces;
  readonly #numbers: Uint8Array | Uint32Array;
  #from: Uint32Array | undefined;
  #to: Uint32Array | undefined;

  constructor(labels: TextPlaces, numbers: Uint8Array | Uint32Array) {
    this.#labels = labels;
    this.#numbers = numbers;
  }

  get from(): Uint32Array {
    this.#from ??= this.#placed(this.#labels.from);
    return this.#from;
  }

  get to(): Uint32Array {
    this.#to ??= this.#placed(this.#labels.to);
    return this.#to;
  }

  #placed(places: Uint32Array): Uint32Array {
    const numbers = this.#numbers;
    const placed = new Uint32Array(numbers.length);
    for (let index = 0; index < placed.length; index++) placed[index] = places[numbers[index] as number] as number;
    return placed;
  }
}

class LayoutReader {
  readonly #table: TableName;
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(table: TableName, bytes: Buffer) {
    this.#table = table;
    this.#bytes = bytes;
  }

  read(): BlockLayout {
    const columnCount = this.#varuint();
    const rowCount = this.#varuint();
    const columns = Array.from({ length: columnCount }, () => this.#column(rowCount));
    return { table: this.#table, bytes: this.#bytes, rowCount, columns };
  }

  #column(rowCount: number): BlockColumn {
    const headingFrom = this.#offset;
    const name = this.#heading();
    const type = this.#heading();
    const dataFrom = this.#offset;
    const rest = this.#data(type, rowCount);
    return { name, type, headingFrom, dataFrom, dataTo: this.#offset, ...rest } as BlockColumn;
  }

  #data(type: string, rowCount: number): object {
    if (type === "String") return { kind: "text", texts: this.#texts(rowCount), labels: undefined };
    if (type === "LowCardinality(String)") {
      this.#skip(dictionaryVersionLength);
      return { kind: "text", ...this.#labels(rowCount) };
    }
    if (type === "Map(String, String)") {
      const ends = this.#ends(rowCount);
      const count = ends.at(-1) ?? 0;
      return { kind: "map", ends, keys: this.#texts(count), labels: undefined, values: this.#texts(count) };
    }
    if (type === "Map(LowCardinality(String), String)") {
      this.#skip(dictionaryVersionLength);
      const ends = this.#ends(rowCount);
      const count = ends.at(-1) ?? 0;
      const { texts: keys, labels } = this.#labels(count);
      return { kind: "map", ends, keys, labels, values: this.#texts(count) };
    }
    if (type === "Array(String)") {
      const ends = this.#ends(rowCount);
      return { kind: "texts", ends, texts: this.#texts(ends.at(-1) ?? 0) };
    }
    const [, wrapper, inner = type] = wrappedType.exec(type) ?? [];
    const width = valueWidths[inner];
    if (width === undefined) throw new RangeError(`a block of ours has no column of type ${type}`);
    if (wrapper === "Array") {
      const ends = this.#ends(rowCount);
      this.#skip((ends.at(-1) ?? 0) * width);
      return { kind: "list", ends, width };
    }
    const nullsFrom = wrapper === "Nullable" ? this.#offset : undefined;
    if (nullsFrom !== undefined) this.#skip(rowCount);
    const valuesFrom = this.#offset;
    this.#skip(rowCount * width);
    return { kind: "fixed", width, valuesFrom, nullsFrom };
  }

  #ends(rowCount: number): Uint32Array {
    const from = this.#offset;
    this.#skip(rowCount * 8);
    const ends = new Uint32Array(rowCount);
    for (let row = 0; row < rowCount; row++) ends[row] = this.#bytes.readUInt32LE(from + row * 8);
    return ends;
  }

  /** The texts of LowCardinality(String); see `Labels` for the form. */
  #labels(count: number): { readonly texts: TextPlaces; readonly labels: TextPlaces } {
    if (count === 0) return { texts: this.#texts(0), labels: this.#texts(0) };
    const flagsFrom = this.#offset;
    this.#skip(16);
    const width = 1 << ((this.#bytes[flagsFrom] as number) & 3);
    const labelCount = this.#bytes.readUInt32LE(flagsFrom + 8);
    if (labelCount > this.#bytes.length) throw new RangeError("the block is cut short");
    const labels = this.#texts(labelCount);
    this.#skip(8);
    const numbers = this.#numbers(count, width);
    for (let index = 0; index < count; index++) {
      if ((numbers[index] as number) >= labelCount) throw new RangeError("the block has no such label");
    }
    return { texts: new LabelledTexts(labels, numbers), labels };
  }

  #numbers(count: number, width: number): Uint8Array | Uint32Array {
    const from = this.#offset;
    this.#skip(count * width);
    if (width === 1) return this.#bytes.subarray(from, this.#offset);
    return Uint32Array.from({ length: count }, (_, index) => this.#bytes.readUIntLE(from + index * width, width));
  }

  #texts(count: number): TextPlaces {
    const from = new Uint32Array(count);
    const to = new Uint32Array(count);
    const bytes = this.#bytes;
    let offset = this.#offset;
    for (let index = 0; index < count; index++) {
      let length = bytes[offset] as number;
      if (length < 0x80) offset++;
      else {
        this.#offset = offset;
        length = this.#varuint();
        offset = this.#offset;
      }
      from[index] = offset;
      offset += length;
      to[index] = offset;
    }
    if (offset > bytes.length) throw new RangeError("the block is cut short");
    this.#offset = offset;
    return { from, to };
  }

  /** A column's name, or its type: ASCII. */
  #heading(): string {
    const length = this.#varuint();
    const from = this.#offset;
    this.#skip(length);
    return this.#bytes.toString("latin1", from, this.#offset);
  }

  #varuint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError("the block is cut short");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  #skip(length: number): void {
    this.#offset += length;
    if (this.#offset > this.#bytes.length) throw new RangeError("the block is cut short");
  }
}
