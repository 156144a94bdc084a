import type { TableName } from "@weir/model";
import { BlockJoiner } from "../blocks/block-joiner.ts";

/** Rows as one block. */
export interface RowBlock {
  readonly block: Uint8Array;
  readonly rowCount: number;
}

/** Storage reads a block of so many rows nearly as cheaply, row by row, as a larger one. */
const enoughRows = 256;
/** A joint block ends at so many blocks, rows or bytes: more spares storage nothing, and others want their turn. */
const mostBlocks = 256;
const mostRows = 2048;
const mostBytes = 4 << 20;

/** Joins the small blocks of inserts. One may serve several that are under way. */
export class JointBlocks {
  readonly #joiners = new Map<TableName, BlockJoiner>();

  /**
   * The same rows in fewer blocks, each made when it is asked for; may be gone through again. Blocks that cannot be
   * joined, those of other columns than the present ones, come as they are.
   */
  of(table: TableName, blocks: readonly RowBlock[]): Iterable<Uint8Array> {
    return { [Symbol.iterator]: () => this.#joined(table, blocks) };
  }

  *#joined(table: TableName, blocks: readonly RowBlock[]): Generator<Uint8Array, undefined> {
    for (let from = 0; from < blocks.length; ) {
      const to = endOfGroup(blocks, from);
      yield* this.#join(
        table,
        blocks.slice(from, to).map(({ block }) => block),
      );
      from = to;
    }
  }

  #join(table: TableName, group: readonly Uint8Array[]): readonly Uint8Array[] {
    if (group.length === 1) return group;
    const joiner = this.#joiners.get(table) ?? new BlockJoiner(table);
    this.#joiners.set(table, joiner);
    try {
      return [joiner.join(group)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // It may have learned a type of theirs that a column no longer has.
      this.#joiners.delete(table);
      return group;
    }
  }
}

/** At least one block, however large. */
function endOfGroup(blocks: readonly RowBlock[], from: number): number {
  let byteCount = 0;
  let allRows = 0;
  for (let at = from; at < blocks.length; at++) {
    const { block, rowCount } = blocks[at] as RowBlock;
    byteCount += block.length;
    allRows += rowCount;
    const isFull = at - from === mostBlocks || allRows > mostRows || byteCount > mostBytes;
    if (at > from && (isFull || rowCount >= enoughRows)) return at;
    if (rowCount >= enoughRows) return at + 1;
  }
  return blocks.length;
}
