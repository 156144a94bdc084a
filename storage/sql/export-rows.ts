import { type Column, type ProjectId, type TableName, tableColumns } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { ReadOptions, SqlLines } from "./reader.ts";

/** Columns that JSON has no form for: ids are hex, times RFC 3339 in UTC to the nanosecond. */
const asJson: Partial<Record<Column["type"], (column: string) => string>> = {
  hex16: hexOf,
  hex8: hexOf,
  time_ns: rfc3339Of,
  hex16s: (column) => `arrayMap(id -> ${hexOf("id")}, ${column})`,
  hex8s: (column) => `arrayMap(id -> ${hexOf("id")}, ${column})`,
  times_ns: (column) => `arrayMap(instant -> ${rfc3339Of("instant")}, ${column})`,
};

/**
 * Every row of a project in a table, whole, with what was asked and answered: a text of JSON each, with the fields of
 * `model/columns.ts`, in the order in which they lie on the disk. Rows that come or go meanwhile may be among them or not.
 */
export function exportRows(
  reader: SqlLines,
  project: ProjectId,
  table: TableName,
  options?: ReadOptions,
): AsyncIterable<readonly string[]> {
  const bindings = new Bindings(project);
  const columns = Object.entries<Column>(tableColumns[table]).map(([name, { type }]) => {
    const stored = `${table}.${name}`;
    return `${asJson[type]?.(stored) ?? stored} AS ${name}`;
  });
  const sql = `SELECT ${columns.join(", ")} FROM ${table} WHERE ${table}.${bindings.tenant}`;
  return reader.lines(sql, bindings.params, options);
}

function hexOf(value: string): string {
  return `lower(hex(${value}))`;
}

function rfc3339Of(value: string): string {
  return `concat(replaceOne(toString(${value}), ' ', 'T'), 'Z')`;
}
