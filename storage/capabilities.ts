import type { SchemaFeature } from "./schema/render.ts";

/** What the server at the other end can do; asked once. */
export interface Capabilities {
  readonly version: string;
  readonly features: ReadonlySet<SchemaFeature>;
}

export const capabilitiesSql = `SELECT
  version() AS version,
  (SELECT count() FROM system.merge_tree_settings WHERE name = 'map_serialization_version') AS map_buckets,
  (SELECT count() FROM system.merge_tree_settings WHERE name = 'min_columns_to_activate_adaptive_write_buffer')
    AS adaptive_buffers,
  (SELECT count() FROM system.merge_tree_settings WHERE name = 'auto_statistics_types') AS automatic_statistics,
  (SELECT count() FROM system.merge_tree_settings WHERE name = 'text_index_posting_list_codec') AS packed_postings,
  (SELECT count() FROM system.settings WHERE name = 'exclude_materialize_skip_indexes_on_insert') AS index_later`;

export interface CapabilitiesRow {
  readonly version: string;
  readonly map_buckets: number;
  readonly adaptive_buffers: number;
  readonly automatic_statistics: number;
  readonly packed_postings: number;
  readonly index_later: number;
}

/** The release in which text indexes were no longer experimental. */
const textIndexSince = [26, 2] as const;

/** Features are only used where they are known to work, so an older server does without. */
export function toCapabilities(row: CapabilitiesRow): Capabilities {
  const features = new Set<SchemaFeature>();
  if (Number(row.map_buckets) > 0) features.add("bucketed_maps");
  if (Number(row.adaptive_buffers) > 0) features.add("adaptive_buffers");
  if (Number(row.automatic_statistics) > 0) features.add("automatic_statistics");
  if (Number(row.packed_postings) > 0) features.add("packed_postings");
  if (Number(row.index_later) > 0 && isAtLeast(row.version, textIndexSince)) features.add("text_index");
  return { version: row.version, features };
}

function isAtLeast(version: string, [year, month]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > year || (major === year && minor >= month);
}
