import { type Column, type TableName, tableColumns } from "@weir/model";
import type { Batch } from "../consumer.ts";
import { type ColumnWriter, columnWriters, type WrittenTypes } from "./column-writers.ts";
import { copyBytes, GrowingBytes } from "./growing-bytes.ts";

/** What a writer takes as a row of each table: the rows of `model/columns.ts`, and rows that point at bytes. */
export type TableRows = {
  [Table in TableName]: WrittenRow<(typeof tableColumns)[Table]>;
};

type WrittenRow<Columns extends Readonly<Record<string, Column>>> = {
  -readonly [Name in keyof Columns]: Columns[Name] extends Column<infer Type> ? WrittenTypes[Type] : never;
};

/**
 * Gathers rows of one table and encodes them as one Native block: varuint of columns, varuint of rows, then for each
 * column its name, its type and its data. Reusable: `finish` empties it. Its buffers stay allocated for the next rows.
 */
export interface BlockWriter<Row> {
  readonly rowCount: number;
  /** Size that the block would have if it were finished now, to within a few bytes. */
  readonly byteLength: number;
  /** Throws a TypeError that names the column when a value has the wrong type; the writer is then as before the call. */
  append(row: Row): void;
  /** The gathered rows, in bytes that nobody else holds. `closes` is handed on, see `CallLog`. */
  finish(closes?: readonly number[]): Batch;
}

interface WrittenColumn {
  readonly name: string;
  /** Name and type as the block spells them. */
  readonly heading: Uint8Array;
  readonly writer: ColumnWriter<unknown>;
}

function writtenColumn([name, { type }]: [string, Column]): WrittenColumn {
  const writer = columnWriters[type]() as ColumnWriter<unknown>;
  const bytes = new GrowingBytes();
  bytes.appendText(name);
  bytes.appendText(writer.blockType);
  const heading = new Uint8Array(bytes.length);
  bytes.copyInto(heading, 0);
  return { name, heading, writer };
}

/**
 * A function that appends each of a row's fields that says something to its column, written out field by field: every
 * access and call is then of one shape, which takes 40 % off a loop over the columns. The names come from
 * `model/columns.ts` alone.
 */
function unrolled(
  columns: readonly WrittenColumn[],
  refuse: (index: number, cause: Error) => never,
): (row: object, rowIndex: number) => void {
  const names = columns.map((_, index) => `column${index}`);
  const steps = columns.map(({ name, writer: { filler } }, index) => {
    const column = names[index];
    const append = `at = ${index}; if (${column}.rowCount !== rowIndex) ${column}.fill(rowIndex); ${column}.append(value);`;
    const read = `value = row[${JSON.stringify(name)}];`;
    return filler === undefined
      ? `${read} ${append}`
      : `${read} if (value !== ${JSON.stringify(filler)}) { ${append} }`;
  });
  const body = `return function (row, rowIndex) {
    let at = 0, value;
    try { ${steps.join("\n")} } catch (cause) { refuse(at, cause); }
  };`;
  return new Function(...names, "refuse", body)(...columns.map(({ writer }) => writer), refuse);
}

class TableBlockWriter<Table extends TableName> implements BlockWriter<TableRows[Table]> {
  readonly #table: Table;
  readonly #columns: readonly WrittenColumn[];
  readonly #counts = new GrowingBytes();
  readonly #headingsLength: number;
  readonly #appendRow: (row: TableRows[Table], rowIndex: number) => void;
  #rowCount = 0;

  constructor(table: Table) {
    this.#table = table;
    this.#columns = Object.entries(tableColumns[table]).map(writtenColumn);
    this.#headingsLength = this.#columns.reduce((sum, { heading }) => sum + heading.length, 0);
    this.#appendRow = unrolled(this.#columns, (index, cause) => this.#refuse(index, cause));
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get byteLength(): number {
    return this.#columns.reduce(
      (sum, { writer }) => sum + writer.byteLength + (this.#rowCount - writer.rowCount) * writer.fillerBytes,
      this.#headingsLength + 4,
    );
  }

  append(row: TableRows[Table]): void {
    this.#appendRow(row, this.#rowCount);
    this.#rowCount++;
  }

  #refuse(index: number, cause: Error): never {
    for (const { writer } of this.#columns) if (writer.rowCount > this.#rowCount) writer.undo();
    throw new TypeError(`${this.#table}.${this.#columns[index]?.name}: ${cause.message}`, { cause });
  }

  finish(closes?: readonly number[]): Batch {
    const rowCount = this.#rowCount;
    for (const { writer } of this.#columns) writer.fill(rowCount);
    const block = this.#encode();
    this.#rowCount = 0;
    for (const { writer } of this.#columns) writer.clear();
    return { table: this.#table, rowCount, block, ...(closes === undefined ? {} : { closes }) };
  }

  #encode(): Uint8Array {
    this.#counts.clear();
    this.#counts.appendVaruint(this.#columns.length);
    this.#counts.appendVaruint(this.#rowCount);
    const dataLength = this.#columns.reduce((sum, { writer }) => sum + writer.byteLength, 0);
    const block = Buffer.allocUnsafe(this.#counts.length + this.#headingsLength + dataLength);
    let offset = this.#counts.copyInto(block, 0);
    for (const { heading, writer } of this.#columns) {
      offset = writer.copyInto(block, copyBytes(heading, heading.length, block, offset));
    }
    return block;
  }
}

/** A writer for rows of the table, in the order of the columns in `model/columns.ts`. */
export function createBlockWriter<Table extends TableName>(table: Table): BlockWriter<TableRows[Table]> {
  return new TableBlockWriter(table);
}

/** Appends a row; false, and nothing appended, for one with a value that no column holds. */
export function appendIfStorable<Row>(writer: BlockWriter<Row>, row: Row): boolean {
  try {
    writer.append(row);
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}
