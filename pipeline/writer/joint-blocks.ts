import type { TableName } from "@weir/model";
import { BlockJoiner } from "../blocks/block-joiner.ts";

/** Rows as one block. */
export interface RowBlock {
  readonly block: Uint8Array;
  /** The last bytes of the block where they stand elsewhere. */
  readonly rest?: Uint8Array | undefined;
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
   * The bytes of fewer blocks with the same rows, each made when it is asked for; may be gone through again. Blocks that
   * cannot be joined, those of other columns than the present ones, come as they are. A block may come in pieces.
   */
  of(table: TableName, blocks: readonly RowBlock[]): Iterable<Uint8Array> {
    return { [Symbol.iterator]: () => this.#joined(table, blocks) };
  }

  *#joined(table: TableName, blocks: readonly RowBlock[]): Generator<Uint8Array, undefined> {
    for (let from = 0; from < blocks.length; ) {
      const to = endOfGroup(blocks, from);
      yield* this.#join(table, blocks.slice(from, to));
      from = to;
    }
  }

  #join(table: TableName, group: readonly RowBlock[]): readonly Uint8Array[] {
    if (group.length === 1) return group.flatMap(piecesOf);
    const joiner = this.#joiners.get(table) ?? new BlockJoiner(table);
    this.#joiners.set(table, joiner);
    try {
      return [joiner.join(group.map(wholeBlock))];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // It may have learned a type of theirs that a column no longer has.
      this.#joiners.delete(table);
      return group.flatMap(piecesOf);
    }
  }
}

/** The bytes of a block as they stand, one piece behind the other. */
export function piecesOf({ block, rest }: RowBlock): readonly Uint8Array[] {
  return rest === undefined ? [block] : [block, rest];
}

export function byteLengthOf({ block, rest }: RowBlock): number {
  return block.length + (rest?.length ?? 0);
}

function wholeBlock({ block, rest }: RowBlock): Uint8Array {
  return rest === undefined ? block : Buffer.concat([block, rest]);
}

/** At least one block, however large. */
function endOfGroup(blocks: readonly RowBlock[], from: number): number {
  let byteCount = 0;
  let allRows = 0;
  for (let at = from; at < blocks.length; at++) {
    const rows = blocks[at] as RowBlock;
    const { rowCount } = rows;
    byteCount += byteLengthOf(rows);
    allRows += rowCount;
    const isFull = at - from === mostBlocks || allRows > mostRows || byteCount > mostBytes;
    if (at > from && (isFull || rowCount >= enoughRows)) return at;
    if (rowCount >= enoughRows) return at + 1;
  }
  return blocks.length;
}
