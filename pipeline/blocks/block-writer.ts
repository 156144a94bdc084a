import { type Column, type TableName, tableColumns } from "@weir/model";
import type { Batch } from "../consumer.ts";
import { BlockEncoder } from "./block-encoder.ts";
import { BufferPool } from "./buffer-pool.ts";
import { type ColumnWriter, columnWriter, type WrittenTypes } from "./column-writers.ts";

/** What a writer takes as a row of each table: the rows of `model/columns.ts`, and rows that point at bytes. */
export type TableRows = {
  [Table in TableName]: WrittenRow<(typeof tableColumns)[Table]>;
};

type WrittenRow<Columns extends Readonly<Record<string, Column>>> = {
  -readonly [Name in keyof Columns]: Columns[Name] extends Column<infer Type> ? WrittenTypes[Type] : never;
};

/**
 * Gathers rows of one table and encodes them as one Native block: varuint of columns, varuint of rows, then for each
 * column its name, its type and its data. Columns that say nothing in any row are left out. Reusable: `finish` empties it. Its buffers stay allocated for the next rows.
 */
export interface BlockWriter<Row> {
  readonly rowCount: number;
  /** Size that the block would have if it were finished now. */
  readonly byteLength: number;
  /** Throws a TypeError that names the column when a value has the wrong type; the writer is then as before the call. */
  append(row: Row): void;
  /** The gathered rows, in bytes that nobody else holds. `closes` is handed on, see `CallLog`. */
  finish(closes?: readonly number[]): Batch;
}

interface WrittenColumn {
  readonly name: string;
  readonly writer: ColumnWriter<unknown>;
}

/**
 * A function that appends each of a row's fields to its column unless it is the column's run, written out field by
 * field: every access and call is then of one shape, which takes 40 % off a loop over the columns. The names come from
 * `model/columns.ts` alone.
 */
function unrolled(
  columns: readonly WrittenColumn[],
  refuse: (index: number, cause: Error) => never,
): (row: object, rowIndex: number) => void {
  const names = columns.map((_, index) => `column${index}`);
  const steps = columns.map(({ name }, index) => {
    const column = names[index];
    return `value = row[${JSON.stringify(name)}];
      if (value !== ${column}Rows.run) {
        at = ${index};
        if (${column}Rows.count !== rowIndex) ${column}.fill(rowIndex);
        ${column}.append(value);
      }`;
  });
  const rows = columns.map((_, index) => `const ${names[index]}Rows = ${names[index]}.rows;`);
  const body = `${rows.join(" ")} return function (row, rowIndex) {
    let at = 0, value;
    try { ${steps.join("\n")} } catch (cause) { refuse(at, cause); }
  };`;
  return new Function(...names, "refuse", body)(...columns.map(({ writer }) => writer), refuse);
}

class TableBlockWriter<Table extends TableName> implements BlockWriter<TableRows[Table]> {
  readonly #table: Table;
  readonly #columns: readonly WrittenColumn[];
  readonly #encoder = new BlockEncoder();
  readonly #pool = new BufferPool();
  readonly #appendRow: (row: TableRows[Table], rowIndex: number) => void;
  #rowCount = 0;

  constructor(table: Table) {
    this.#table = table;
    const columns = Object.entries<Column>(tableColumns[table]);
    this.#columns = columns.map(([name, column]) => ({ name, writer: columnWriter(column) }));
    this.#appendRow = unrolled(this.#columns, (index, cause) => this.#refuse(index, cause));
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get byteLength(): number {
    return this.#encoder.lengthOf(this.#fill(), this.#rowCount);
  }

  append(row: TableRows[Table]): void {
    this.#appendRow(row, this.#rowCount);
    this.#rowCount++;
  }

  #refuse(index: number, cause: Error): never {
    for (const { writer } of this.#columns) if (writer.rows.count > this.#rowCount) writer.undo();
    throw new TypeError(`${this.#table}.${this.#columns[index]?.name}: ${cause.message}`, { cause });
  }

  finish(closes?: readonly number[]): Batch {
    const rowCount = this.#rowCount;
    const block = this.#encoder.encode(this.#fill(), rowCount, (length) => this.#pool.take(length));
    this.#rowCount = 0;
    for (const { writer } of this.#columns) writer.clear();
    const release = () => this.#pool.giveBack(block);
    return { table: this.#table, rowCount, block, release, ...(closes === undefined ? {} : { closes }) };
  }

  /** Brings all columns to the same length. Returns those that say something; without rows all, for what they are. */
  #fill(): readonly WrittenColumn[] {
    if (this.#rowCount === 0) return this.#columns;
    for (const { writer } of this.#columns) writer.fill(this.#rowCount);
    return this.#columns.filter(({ writer }) => !writer.isBlank);
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
