import type { SqlReader, SqlWriter } from "./reader.ts";

/** Rows of a partition that no merge has seen: words are indexed when parts are merged (`laterIndexes` in store.ts). */
export interface UnindexedRows {
  readonly table: string;
  readonly partition_id: string;
  readonly rows: number;
  /** Since the last of them was inserted. */
  readonly quiet_seconds: number;
  /** Parts of the partition are being merged: perhaps these. */
  readonly is_merging: boolean;
}

/** So few rows are searched without an index in a hundredth of a second: not worth a merge of their own. */
const leastRows = 20_000;

/** A merge of a partition writes all of it again: worth it where it is no more than so many times those rows. */
const mostTimes = 3;

/**
 * Where rows lie in several inserted parts, which are a good part of their partition. Others wait for as many parts as
 * the engine merges. Empty on a cluster, whose replicas merge as they agree.
 */
export function unindexedRows(store: SqlReader): Promise<UnindexedRows[]> {
  return store.query<UnindexedRows>(
    `SELECT table, partition_id, sumIf(parts.rows, level = 0) AS rows,
    dateDiff('second', maxIf(modification_time, level = 0), now()) AS quiet_seconds,
    toBool((table, partition_id) IN (
        SELECT table, partition_id FROM system.merges WHERE database = currentDatabase())) AS is_merging
FROM system.parts AS parts
WHERE active AND database = currentDatabase() AND table IN ('spans', 'logs')
GROUP BY table, partition_id
HAVING countIf(level = 0) > 1 AND rows >= {leastRows:UInt64} AND sum(parts.rows) <= {mostTimes:UInt32} * rows
ORDER BY quiet_seconds DESC, table, partition_id`,
    { leastRows, mostTimes },
  );
}

/** Merges all parts of the partition into one, and resolves once that is done. Rejects when the engine cannot now. */
export function mergeInserted(
  store: Pick<SqlWriter, "command">,
  { table, partition_id }: Pick<UnindexedRows, "table" | "partition_id">,
): Promise<void> {
  const partition = partition_id.replaceAll(/['\\]/g, "\\$&");
  return store.command(`OPTIMIZE TABLE ${table} PARTITION ID '${partition}' SETTINGS optimize_throw_if_noop = 1`);
}
