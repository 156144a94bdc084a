import { createHash } from "node:crypto";

/** What the engine's configuration file says; everything else is ClickHouse's default. */
export interface EngineConfig {
  /** Absolute: the engine resolves a relative one twice. */
  readonly directory: string;
  /** Absolute path of the file that this text will be in: users are read from it too. */
  readonly file: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly memoryLimitBytes: number;
  /** Told back by `getMacro('weir_start')`, so that a client knows which process answers on the port. */
  readonly startId: string;
}

const mebibyte = 1024 * 1024;

/** Those that read files, URLs and other servers are left out. */
const tableEngines = [
  "Atomic",
  "MergeTree",
  "AggregatingMergeTree",
  "ReplacingMergeTree",
  "SummingMergeTree",
  "Memory",
  "Null",
  "MaterializedView",
  "View",
];

/**
 * The configuration as XML. Caches follow the memory limit; pools are small, because a thread that waits still wakes.
 * Of the four merges that two threads take turns with, the last ones are for small parts: four of many spans would go on
 * for minutes under load, while parts of all else heap up.
 * Skip indexes are asked before rows are read: asked while they are, a granule at a time, what is rare in a month cost
 * up to three times as much.
 * Two users: `default` has no password, as the process's own session must log in so, and may therefore do nothing but
 * listen and wait; the quota lets the session's two statements through and no others. The other user is the caller's.
 */
export function engineConfigXml(config: EngineConfig): string {
  const cacheBytes = Math.min(256 * mebibyte, Math.floor(config.memoryLimitBytes / 8));
  return `<clickhouse>
  <logger><level>none</level><console>0</console></logger>
  <macros><weir_start>${escapeXml(config.startId)}</weir_start></macros>
  <users_config>${escapeXml(config.file)}</users_config>
  <path>${escapeXml(config.directory)}/</path>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${config.port}</http_port>
  <keep_alive_timeout>30</keep_alive_timeout>
  <max_keep_alive_requests>1000000000</max_keep_alive_requests>
  <max_connections>256</max_connections>
  <max_server_memory_usage>${config.memoryLimitBytes}</max_server_memory_usage>
  <mark_cache_size>${cacheBytes}</mark_cache_size>
  <primary_index_cache_size>${cacheBytes}</primary_index_cache_size>
  <index_mark_cache_size>${cacheBytes}</index_mark_cache_size>
  <text_index_tokens_cache_size>${Math.floor(cacheBytes / 4)}</text_index_tokens_cache_size>
  <text_index_header_cache_size>${Math.floor(cacheBytes / 4)}</text_index_header_cache_size>
  <vector_similarity_index_cache_size>${cacheBytes}</vector_similarity_index_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <compiled_expression_cache_size>${16 * mebibyte}</compiled_expression_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_schedule_pool_initial_size>2</background_schedule_pool_initial_size>
  <background_common_pool_size>1</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>3</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  </merge_tree>
  <memory_worker_period_ms>1000</memory_worker_period_ms>
  <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
  <profiles>
    <default><log_queries>0</log_queries></default>
    <weir>
      <log_queries>0</log_queries>
      <max_threads>2</max_threads>
      <max_insert_threads>1</max_insert_threads>
      <max_concurrent_queries_for_user>64</max_concurrent_queries_for_user>
      <use_skip_indexes_on_data_read>0</use_skip_indexes_on_data_read>
    </weir>
  </profiles>
  <quotas>
    <default></default>
    <own_session><interval><duration>2000000000</duration><queries>2</queries></interval></own_session>
  </quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>own_session</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
    <${config.username}>
      <password_sha256_hex>${sha256(config.password)}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>weir</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM FLUSH ON *.*</query>
${tableEngines.map((engine) => `        <query>GRANT TABLE ENGINE ON ${engine}</query>`).join("\n")}
      </grants>
    </${config.username}>
  </users>
</clickhouse>
`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
