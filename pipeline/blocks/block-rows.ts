import { type Column, tableColumns } from "@weir/model";
import type { BlockColumn, BlockLayout, TextPlaces } from "./block-layout.ts";

const hexOfNothing: Readonly<Record<string, string>> = { hex16: "0".repeat(32), hex8: "0".repeat(16) };

/** Reads single values of a block's rows, without making rows of them: `row` says which row is read. */
export class BlockRows {
  row = 0;
  readonly rowCount: number;
  readonly #bytes: Buffer;
  readonly #columns: ReadonlyMap<string, BlockColumn>;
  readonly #types: Readonly<Record<string, Column>>;

  constructor({ table, bytes, rowCount, columns }: BlockLayout) {
    this.#types = tableColumns[table];
    this.#bytes = bytes;
    this.rowCount = rowCount;
    this.#columns = new Map(columns.map((column) => [column.name, column]));
  }

  /** A text, or the hex digits of an id; empty where the table has no such column. */
  text(name: string): string {
    const column = this.#columns.get(name);
    if (column?.kind === "text") return this.#textAt(column.texts, this.row);
    if (column === undefined) return hexOfNothing[this.#types[name]?.type ?? ""] ?? "";
    if (column.kind !== "fixed") return "";
    const from = column.valuesFrom + this.row * column.width;
    return this.#bytes.toString("hex", from, from + column.width);
  }

  /** A number; null when it is unknown. */
  number(name: string): number | null {
    const column = this.#columns.get(name);
    if (column === undefined) return this.#isNumber(name) ? 0 : null;
    if (column.kind !== "fixed") return null;
    if (column.nullsFrom !== undefined && this.#bytes[column.nullsFrom + this.row] === 1) return null;
    const from = column.valuesFrom + this.row * column.width;
    switch (column.type.replace(/^Nullable\((.*)\)$/, "$1")) {
      case "Int64":
        return Number(this.#bytes.readBigInt64LE(from));
      case "UInt64":
        return Number(this.#bytes.readBigUInt64LE(from));
      case "Float64":
        return this.#bytes.readDoubleLE(from);
      case "Int32":
        return this.#bytes.readInt32LE(from);
      default:
        return this.#bytes.readUIntLE(from, column.width);
    }
  }

  /** Whether each row of a block has a number there, a zero where the block leaves the column out. */
  #isNumber(name: string): boolean {
    return /^(?:u?int|float)\d+$/.test(this.#types[name]?.type ?? "");
  }

  texts(name: string): readonly string[] {
    const column = this.#columns.get(name);
    if (column?.kind !== "texts") return [];
    const [first, end] = this.#elements(column.ends);
    return Array.from({ length: end - first }, (_, index) => this.#textAt(column.texts, first + index));
  }

  /** Nanoseconds since 1970. */
  time(name: string): bigint {
    const column = this.#columns.get(name);
    return column?.kind === "fixed" ? this.#bytes.readBigInt64LE(column.valuesFrom + this.row * column.width) : 0n;
  }

  attribute(key: string): string {
    const column = this.#columns.get("attributes");
    if (column?.kind !== "map") return "";
    const [first, end] = this.#elements(column.ends);
    for (let index = first; index < end; index++) {
      if (this.#textAt(column.keys, index) === key) return this.#textAt(column.values, index);
    }
    return "";
  }

  #elements(ends: Uint32Array): [first: number, end: number] {
    return [this.row === 0 ? 0 : (ends[this.row - 1] as number), ends[this.row] as number];
  }

  #textAt({ from, to }: TextPlaces, index: number): string {
    return this.#bytes.toString("utf8", from[index], to[index]);
  }
}
