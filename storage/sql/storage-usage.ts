import type { RawRow } from "./call-row.ts";
import { rfc3339OfNano } from "./instant.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";

/** What a table takes on the disk of the server that answers. Sizes are in bytes. */
export interface TableUsage {
  /** As queries name it. */
  readonly table: string;
  readonly rows: number;
  /** Pieces that merges have not yet put together. */
  readonly parts: number;
  /** Columns, indexes and marks: what the files take. */
  readonly disk_bytes: number;
  /** Of the columns alone, as they are stored. */
  readonly compressed_bytes: number;
  /** Of the columns alone, as they were inserted. */
  readonly uncompressed_bytes: number;
  /** Uncompressed by compressed; null for an empty table. */
  readonly compression_ratio: number | null;
  readonly disk_bytes_per_row: number | null;
  /** The day, minute or instant of the first and the last row, RFC 3339; null where rows have no time of their own. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** One column of a table; its share is of all parts that say (wide ones). */
export interface ColumnUsage {
  readonly table: string;
  readonly column: string;
  readonly compressed_bytes: number;
  readonly uncompressed_bytes: number;
}

const tablesSql = `SELECT tables.name AS local_name, sum(parts.rows) AS row_count, countIf(parts.name != '') AS part_count,
  sum(parts.bytes_on_disk) AS disk, sum(parts.data_compressed_bytes) AS compressed,
  sum(parts.data_uncompressed_bytes) AS uncompressed,
  any((SELECT groupArray((table, name)) FROM system.columns
    WHERE database = currentDatabase() AND is_in_partition_key AND match(type, '\\\\bDate'))) AS times
FROM system.tables AS tables
LEFT JOIN (SELECT * FROM system.parts WHERE active AND database = currentDatabase()) AS parts ON parts.table = tables.name
WHERE tables.database = currentDatabase() AND tables.engine LIKE '%MergeTree' AND NOT match(tables.name, '^schema_')
GROUP BY local_name
ORDER BY disk DESC, local_name`;

/** The tables, largest first. On a cluster: the parts of the server that answers, and the times of all. */
export async function storageUsage(reader: SqlReader, options?: ReadOptions): Promise<TableUsage[]> {
  const rows = await reader.query<RawRow>(tablesSql, {}, options);
  const times = await timesOf(reader, rows, options);
  return rows.map((row) => toTableUsage(row, times.get(String(row["local_name"]))));
}

/** The columns that take most, largest first. */
export async function columnUsage(reader: SqlReader, options?: ReadOptions): Promise<ColumnUsage[]> {
  const sql = `SELECT table AS table_name, column AS column_name, sum(column_data_compressed_bytes) AS compressed,
  sum(column_data_uncompressed_bytes) AS uncompressed
FROM system.parts_columns
WHERE active AND database = currentDatabase()
GROUP BY table_name, column_name
ORDER BY compressed DESC, table_name, column_name`;
  const rows = await reader.query<RawRow>(sql, {}, options);
  return rows.map((row) => ({
    table: queriedName(String(row["table_name"])),
    column: String(row["column_name"]),
    compressed_bytes: Number(row["compressed"]),
    uncompressed_bytes: Number(row["uncompressed"]),
  }));
}

interface Times {
  readonly oldest: bigint;
  readonly newest: bigint;
}

/** Of the time that a table is partitioned by: its extremes are known without reading rows. */
async function timesOf(
  reader: SqlReader,
  tables: readonly RawRow[],
  options?: ReadOptions,
): Promise<ReadonlyMap<string, Times>> {
  const columns = new Map((tables[0]?.["times"] ?? []) as [string, string][]);
  const filled = tables.filter((row) => Number(row["row_count"]) > 0).map((row) => String(row["local_name"]));
  const selects = filled.flatMap((table) => {
    const column = columns.get(table);
    if (column === undefined) return [];
    const nano = (extreme: string) => `toString(toUnixTimestamp64Nano(toDateTime64(${extreme}(${column}), 9, 'UTC')))`;
    return [`SELECT '${table}' AS name, ${nano("min")} AS oldest, ${nano("max")} AS newest FROM ${table}`];
  });
  if (selects.length === 0) return new Map();
  const rows = await reader.query<RawRow>(selects.join("\nUNION ALL\n"), {}, options);
  return new Map(
    rows.map((row) => [
      String(row["name"]),
      { oldest: BigInt(String(row["oldest"])), newest: BigInt(String(row["newest"])) },
    ]),
  );
}

function toTableUsage(row: RawRow, times: Times | undefined): TableUsage {
  const count = Number(row["row_count"]);
  const [disk, compressed, uncompressed] = [row["disk"], row["compressed"], row["uncompressed"]].map(Number) as [
    number,
    number,
    number,
  ];
  return {
    table: queriedName(String(row["local_name"])),
    rows: count,
    parts: Number(row["part_count"]),
    disk_bytes: disk,
    compressed_bytes: compressed,
    uncompressed_bytes: uncompressed,
    compression_ratio: compressed === 0 ? null : uncompressed / compressed,
    disk_bytes_per_row: count === 0 ? null : disk / count,
    oldest: times === undefined ? null : rfc3339OfNano(times.oldest),
    newest: times === undefined ? null : rfc3339OfNano(times.newest),
  };
}

/** On a cluster a table's rows are in `<table>_local`. */
function queriedName(localName: string): string {
  return localName.replace(/_local$/, "");
}
