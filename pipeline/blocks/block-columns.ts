import { type TableName, tableColumns } from "@weir/model";
import { encodedVaruint } from "./block-edits.ts";
import { BlockSource, valueWidths } from "./block-source.ts";

/** Where a column's data lies in a block. */
interface ColumnPlace {
  readonly type: string;
  readonly from: number;
}

/** By table, the place of each column in its order. */
const columnNumbers = new Map(
  Object.entries(tableColumns).map(([table, columns]) => [
    table,
    new Map(Object.keys(columns).map((name, index) => [name, index])),
  ]),
);

/** As many columns as one byte can count. */
const mostInOneByte = 0x7f;

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

  constructor(block: Uint8Array, table: TableName, last: string) {
    this.bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const source = new BlockSource(this.bytes);
    const numbers = columnNumbers.get(table);
    const lastNumber = numbers?.get(last) ?? -1;
    const columnCount = source.varuint();
    this.rowCount = source.varuint();
    this.begin = source.offset;
    let end = this.begin;
    for (let index = 0; index < columnCount; index++) {
      const name = source.heading();
      const type = source.heading();
      if ((numbers?.get(name) ?? -1) > lastNumber) break;
      this.#places.set(name, { type, from: source.offset });
      source.skipColumn(type, this.rowCount);
      end = source.offset;
    }
    this.end = end;
    this.count = this.#places.size;
  }

  /** The data of a column of a fixed width; of a Nullable one its marks, 1 where it is null. */
  dataOf(name: string, type: string): Buffer {
    const place = this.#places.get(name);
    const isNullable = type.startsWith("Nullable(");
    const length = this.rowCount * (isNullable ? 1 : (valueWidths[type] as number));
    if (place === undefined) return Buffer.alloc(length, isNullable ? 1 : 0);
    if (place.type !== type) throw new RangeError(`the block has no column ${name} of type ${type}`);
    return this.bytes.subarray(place.from, place.from + length);
  }

  /** For each row where its text begins in `bytes` and where it ends, in turn. */
  textsOf(name: string): Uint32Array {
    const place = this.#places.get(name);
    if (place === undefined) return new Uint32Array(this.rowCount * 2);
    const source = new BlockSource(this.bytes, place.from);
    if (place.type === "String") return source.textPlaces(this.rowCount);
    if (place.type !== "LowCardinality(String)") throw new RangeError(`the block has no texts in ${name}`);
    source.skipDictionaryVersion();
    return source.labelPlaces(this.rowCount);
  }

  /** The block up to `last` in pieces, its head one of a block with so many columns more: their bytes are to follow. */
  withMore(added: number): readonly Uint8Array[] {
    const head = Buffer.concat([encodedVaruint(this.count + added), encodedVaruint(this.rowCount)]);
    return [head, this.bytes.subarray(this.begin, this.end)];
  }

  /** The same in one piece: the block's own bytes, whose head is changed. Nobody may read them as the block any more. */
  takeMore(added: number): Uint8Array {
    if ((this.bytes[0] as number) > mostInOneByte || this.count + added > mostInOneByte) {
      return Buffer.concat(this.withMore(added));
    }
    this.bytes[0] = this.count + added;
    return this.bytes.subarray(0, this.end);
  }
}
