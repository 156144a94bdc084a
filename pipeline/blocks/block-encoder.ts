import { GrowingBytes } from "./growing-bytes.ts";

/** A column's data in the Native format. */
export interface ColumnData {
  /** The type that the block declares. */
  readonly blockType: string;
  readonly byteLength: number;
  /** Writes the data to `target` at `offset` and returns the offset behind it. */
  copyInto(target: Buffer, offset: number): number;
}

export interface NamedColumn {
  readonly name: string;
  readonly writer: ColumnData;
}

/** Puts columns together to a Native block. Reusable. */
export class BlockEncoder {
  /** Counts, names and types. */
  readonly #headings = new GrowingBytes();

  /** How long the block would be. */
  lengthOf(columns: readonly NamedColumn[], rowCount: number): number {
    this.#begin(columns, rowCount);
    for (const column of columns) this.#appendHeading(column);
    return this.#headings.length + dataLengthOf(columns);
  }

  /** The block, in memory that `take` gives. */
  encode(columns: readonly NamedColumn[], rowCount: number, take: (length: number) => Buffer): Buffer {
    this.#begin(columns, rowCount);
    const headings = this.#headings;
    const ends = columns.map((column) => this.#appendHeading(column));
    const block = take(headings.length + dataLengthOf(columns));
    let headed = 0;
    let offset = 0;
    columns.forEach(({ writer }, index) => {
      const end = ends[index] as number;
      offset = writer.copyInto(block, headings.copyRangeInto(headed, end, block, offset));
      headed = end;
    });
    return block;
  }

  #begin(columns: readonly NamedColumn[], rowCount: number): void {
    this.#headings.clear();
    this.#headings.appendVaruint(columns.length);
    this.#headings.appendVaruint(rowCount);
  }

  /** Returns where it ends. */
  #appendHeading({ name, writer }: NamedColumn): number {
    this.#headings.appendText(name);
    this.#headings.appendText(writer.blockType);
    return this.#headings.length;
  }
}

function dataLengthOf(columns: readonly NamedColumn[]): number {
  return columns.reduce((sum, { writer }) => sum + writer.byteLength, 0);
}
