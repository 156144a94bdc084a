-- The wide row: one call or step. Columns, types, codecs and order are those of model/columns.ts; a test compares.
-- Ordered by ten minutes, and within them by conversation: an agent's calls repeat what was said before, and lie next to
-- each other, so content takes a quarter of the room that it takes in order of time. A list that is ordered by
-- (toStartOfTenMinutes(start_time), start_time) is still read backwards from the end of its range and stops early.
-- Partitioned by retention class and week, so that expiry drops whole parts and never rewrites one.
CREATE TABLE IF NOT EXISTS @table(spans) @on_cluster
(
    project_id LowCardinality(String),
    retention_days UInt16 CODEC(T64, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    parent_span_id FixedString(8) CODEC(ZSTD(1)),
    is_entry UInt8 CODEC(T64, ZSTD(1)),
    start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    name LowCardinality(String),
    kind LowCardinality(String),
    source LowCardinality(String),
    operation LowCardinality(String),
    service_name LowCardinality(String),
    provider LowCardinality(String),
    request_model LowCardinality(String),
    response_model LowCardinality(String),
    status LowCardinality(String),
    http_status Nullable(UInt16) CODEC(T64, ZSTD(1)),
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    is_stream UInt8 CODEC(T64, ZSTD(1)),
    input_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    output_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    cache_read_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    cache_write_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    cache_write_1h_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    reasoning_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    input_audio_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    output_audio_tokens Nullable(UInt32) CODEC(T64, ZSTD(1)),
    usage_source LowCardinality(String),
    cost_nano_usd Nullable(Int64) CODEC(T64, ZSTD(1)),
    cost_input_nano_usd Nullable(Int64) CODEC(T64, ZSTD(1)),
    cost_output_nano_usd Nullable(Int64) CODEC(T64, ZSTD(1)),
    cost_cache_read_nano_usd Nullable(Int64) CODEC(T64, ZSTD(1)),
    cost_cache_write_nano_usd Nullable(Int64) CODEC(T64, ZSTD(1)),
    price_version LowCardinality(String),
    price_source LowCardinality(String),
    price_rates LowCardinality(String),
    ttfb_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    ttft_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    gateway_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    inter_token_p50_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    inter_token_p95_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    inter_token_max_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    chunk_count Nullable(UInt32) CODEC(T64, ZSTD(1)),
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    finish_reason LowCardinality(String),
    response_id String CODEC(ZSTD(1)),
    http_route LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    api_key_id LowCardinality(String),
    environment LowCardinality(String),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    content_format LowCardinality(String),
    content_state LowCardinality(String),
    input String CODEC(ZSTD(3)),
    output String CODEC(ZSTD(3)),
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_span span_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1,
-- if text_index
    INDEX input_words @searchable(input) TYPE text(tokenizer = splitByNonAlpha),
    INDEX output_words @searchable(output) TYPE text(tokenizer = splitByNonAlpha),
-- end
    CONSTRAINT has_project CHECK project_id != ''
)
ENGINE = @engine(MergeTree)
PARTITION BY (retention_days, toMonday(start_time))
ORDER BY (project_id, toStartOfTenMinutes(start_time), session_id, trace_id, start_time)
TTL toDateTime(start_time) + toIntervalDay(retention_days)
SETTINGS
-- if bucketed_maps
    map_serialization_version = 'with_buckets',
    map_serialization_version_for_zero_level_parts = 'basic',
    map_buckets_min_avg_size = 4,
    max_buckets_in_map = 8,
    map_buckets_strategy = 'constant',
-- end
    ttl_only_drop_parts = 1,
    @settings;
@distributed(spans, cityHash64(project_id, trace_id))
