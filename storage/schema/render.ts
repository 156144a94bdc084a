/**
 * Migrations are written once, as SQL with a few `@` words, and rendered for a single node or a cluster. On a cluster
 * the data is in `<table>_local` (ReplicatedMergeTree) and `<table>` is the Distributed table over it, so that reads
 * and inserts name the same tables everywhere.
 *
 * The words: `@table(spans)` the table that holds rows, `@on_cluster`, `@engine(MergeTree)`, `@settings` those of
 * the table (dedup window, fsync, buffers, granules), `@distributed(spans, key);` a statement of a cluster alone, `@searchable(column)`
 * see `searchableText`. A line `-- if text_index` starts lines that are kept where the server has that feature, and
 * `-- if cluster` on a cluster, up to `-- end`; `-- fragment measures` names lines that `@measures` repeats.
 */
export interface RenderTarget {
  readonly database: string;
  /** Undefined: a single node. Replication cannot run on the embedded engine (no Keeper, no ON CLUSTER). */
  readonly cluster: string | undefined;
  readonly features: ReadonlySet<SchemaFeature>;
}

/** What not every ClickHouse has and the schema can do without. */
export type SchemaFeature =
  | "text_index"
  | "bucketed_maps"
  | "adaptive_buffers"
  | "automatic_statistics"
  | "packed_postings";

const dedupWindow = 1000;
/** Lists look for rows that lie scattered; each is read with all others of its granule, by default 8,192 (decision 0019). */
const listedTables = new Set(["spans", "traces", "trace_index", "logs"]);
const listedGranuleRows = 1024;

/**
 * Each insert waits for the disk, as the journal is deleted once it is acknowledged. Buffers grow with what is
 * written: a wide row has a hundred streams, and a megabyte for each makes a small merge cost hundreds. No statistics
 * of columns: each merge would sketch the values of every one, for joins that no question here has.
 * Rows of a word are listed in packed bits: half of what bitmaps take where texts differ.
 */
function tableSettings(table: string, { cluster, features }: RenderTarget): string {
  const settings = [`${dedupSetting(cluster)} = ${dedupWindow}`, "fsync_after_insert = 1", "fsync_part_directory = 1"];
  if (listedTables.has(table)) settings.push(`index_granularity = ${listedGranuleRows}`);
  if (features.has("automatic_statistics")) settings.push("auto_statistics_types = ''");
  if (features.has("packed_postings")) settings.push("text_index_posting_list_codec = 'bitpacking'");
  if (features.has("adaptive_buffers")) settings.push("min_columns_to_activate_adaptive_write_buffer = 1");
  return settings.join(", ");
}

/**
 * The expression that word search must use, so that the index on it applies: content is JSON text, where `\n` before
 * a word would glue an `n` to it.
 */
export function searchableText(column: string): string {
  const spaced = ["\\\\n", "\\\\t", "\\\\r"].reduce(
    (text, newline) => `replaceAll(${text}, '${newline}', ' ')`,
    column,
  );
  return `lower(${spaced})`;
}

/** The statements of one migration file, ready to run one after the other. */
export function renderMigration(template: string, target: RenderTarget): string[] {
  const fragments = new Map<string, string>();
  const kept = target.cluster === undefined ? target.features : new Set([...target.features, "cluster"]);
  let text = keepFeatures(template, kept);
  text = takeFragments(text, fragments);
  for (const [name, body] of fragments) text = text.replaceAll(new RegExp(`@${name}\\b`, "g"), () => body);
  text = renderWords(text, target);
  const unknown = /@\w+/.exec(text);
  if (unknown) throw new TypeError(`a migration has an unknown word ${unknown[0]}`);
  return statementsOf(text);
}

function keepFeatures(text: string, features: ReadonlySet<string>): string {
  return text.replaceAll(/^-- if (\w+)\n([\s\S]*?)^-- end\n/gm, (_, feature: string, lines: string) =>
    features.has(feature) ? lines : "",
  );
}

function takeFragments(text: string, fragments: Map<string, string>): string {
  return text.replaceAll(/^-- fragment (\w+)\n([\s\S]*?)^-- end\n/gm, (_, name: string, lines: string) => {
    fragments.set(name, lines.trim());
    return "";
  });
}

function renderWords(text: string, target: RenderTarget): string {
  const { cluster, database } = target;
  const onCluster = cluster === undefined ? "" : `ON CLUSTER ${quoteName(cluster)}`;
  return text
    .replaceAll(
      /(CREATE TABLE IF NOT EXISTS @table\((\w+)\)[^;]*)@settings/g,
      (_, before: string, table: string) => before + tableSettings(table, target),
    )
    .replaceAll(/@table\((\w+)\)/g, (_, table: string) => localName(table, cluster))
    .replaceAll("@on_cluster", onCluster)
    .replaceAll(/@engine\((\w+)\)/g, (_, engine: string) => (cluster === undefined ? engine : replicated(engine)))
    .replaceAll(/@searchable\((\w+)\)/g, (_, column: string) => searchableText(column))
    .replaceAll(/@distributed\((\w+), ([^;\n]+)\)$/gm, (_, table: string, key: string) =>
      cluster === undefined ? "" : distributedTable(database, cluster, table, key),
    );
}

const localName = (table: string, cluster: string | undefined) => (cluster === undefined ? table : `${table}_local`);

const replicated = (engine: string) =>
  `Replicated${engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')`;

const dedupSetting = (cluster: string | undefined) =>
  cluster === undefined ? "non_replicated_deduplication_window" : "replicated_deduplication_window";

function distributedTable(database: string, cluster: string, table: string, key: string): string {
  const engine = `Distributed(${quoteName(cluster)}, ${quoteName(database)}, ${table}_local, ${key})`;
  return `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER ${quoteName(cluster)} AS ${table}_local ENGINE = ${engine};`;
}

/** A name as ClickHouse quotes it. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, "\\$&")}\``;
}

function statementsOf(text: string): string[] {
  return text
    .split(/;[ \t]*$/m)
    .map((statement) =>
      statement
        .replaceAll(/^--.*\n?/gm, "")
        .replaceAll(/[ \t]+$/gm, "")
        .trim(),
    )
    .filter((statement) => statement !== "");
}
