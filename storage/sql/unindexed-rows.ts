import type { SqlReader, SqlWriter } from "./reader.ts";

/** Rows of a partition that no merge has seen: words are indexed when parts are merged (`laterIndexes` in store.ts). */
export interface UnindexedRows {
  readonly table: string;
  readonly partition_id: string;
  readonly rows: number;
  /** Since the last of them was inserted. */
  readonly quiet_seconds: number;
}

/** So few rows are searched without an index in a hundredth of a second: not worth a merge of their own. */
const leastRows = 20_000;

/**
 * Where rows lie in several inserted parts. A single part is left out: it could only be merged with larger ones that are
 * indexed already. Empty on a cluster, whose replicas merge as they agree.
 */
export async function unindexedRows(store: SqlReader): Promise<UnindexedRows[]> {
  const found = await store.query<UnindexedRows & { rows: unknown; quiet_seconds: unknown }>(
    `SELECT table, partition_id, sum(parts.rows) AS rows, dateDiff('second', max(modification_time), now()) AS quiet_seconds
FROM system.parts AS parts
WHERE active AND database = currentDatabase() AND table IN ('spans', 'logs') AND level = 0
GROUP BY table, partition_id
HAVING count() > 1 AND sum(parts.rows) >= {leastRows:UInt64}
ORDER BY quiet_seconds DESC, table, partition_id`,
    { leastRows },
  );
  return found.map((row) => ({ ...row, rows: Number(row.rows), quiet_seconds: Number(row.quiet_seconds) }));
}

/** Merges small parts of the partition with one another, and resolves once that is done. */
export function mergeInserted(
  store: Pick<SqlWriter, "command">,
  { table, partition_id }: Pick<UnindexedRows, "table" | "partition_id">,
): Promise<void> {
  const partition = partition_id.replaceAll(/['\\]/g, "\\$&");
  return store.command(`OPTIMIZE TABLE ${table} PARTITION ID '${partition}'`);
}
