import { type Column, type TableName, tableColumns } from "@weir/model";
import { BlockEncoder } from "./block-encoder.ts";
import { BlockSource } from "./block-source.ts";
import { type ColumnJoin, columnJoin } from "./column-joins.ts";

/**
 * Makes one block of the rows of many: reading a block costs storage as much as hundreds of rows do, and calls and small
 * exports come in blocks of their own. For one table; reusable: its buffers are kept.
 */
export class BlockJoiner {
  readonly #table: TableName;
  readonly #columns: Readonly<Record<string, Column>>;
  readonly #joins = new Map<string, ColumnJoin>();
  readonly #encoder = new BlockEncoder();

  constructor(table: TableName) {
    this.#table = table;
    this.#columns = tableColumns[table];
  }

  /**
   * The rows of all blocks in their order, in bytes that nobody else holds. They are blocks of the table by its present
   * columns; throws a RangeError for any other bytes.
   */
  join(blocks: readonly Uint8Array[]): Buffer {
    try {
      let rowCount = 0;
      for (const block of blocks) rowCount = this.#append(block, rowCount);
      return this.#encoder.encode(this.#present(rowCount), rowCount, Buffer.allocUnsafeSlow);
    } finally {
      for (const join of this.#joins.values()) join.clear();
    }
  }

  /** Returns how many rows there are with the block's. */
  #append({ buffer, byteOffset, byteLength }: Uint8Array, rowsBefore: number): number {
    const source = new BlockSource(Buffer.from(buffer, byteOffset, byteLength));
    const columnCount = source.varuint();
    const rowCount = source.varuint();
    for (let index = 0; index < columnCount; index++) {
      const name = source.heading();
      const type = source.heading();
      const join = this.#joinOf(name, type);
      if (join.rowCount > rowsBefore) throw new RangeError(`a block has two columns ${name}`);
      join.appendBlank(rowsBefore - join.rowCount);
      join.append(source, type, rowCount);
    }
    return rowsBefore + rowCount;
  }

  #joinOf(name: string, type: string): ColumnJoin {
    const known = this.#joins.get(name);
    if (known !== undefined) return known;
    const column = Object.hasOwn(this.#columns, name) ? this.#columns[name] : undefined;
    if (column === undefined) throw new RangeError(`${this.#table} has no column ${name}`);
    const join = columnJoin(column, type);
    this.#joins.set(name, join);
    return join;
  }

  /** The columns that say something, in the table's order, brought to the same length. */
  #present(rowCount: number) {
    return Object.keys(this.#columns).flatMap((name) => {
      const writer = this.#joins.get(name);
      if (writer === undefined || writer.rowCount === 0) return [];
      writer.appendBlank(rowCount - writer.rowCount);
      return [{ name, writer }];
    });
  }
}
