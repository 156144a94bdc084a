-- Log records. Columns, types, codecs and order are those of model/columns.ts; a test compares.
-- Ordered by time: of the orders that were measured it takes the least room, and a list is read backwards from the end of
-- its range.
CREATE TABLE IF NOT EXISTS @table(logs) @on_cluster
(
    project_id LowCardinality(String),
    retention_days UInt16 CODEC(T64, ZSTD(1)),
    time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    observed_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    sequence UInt32 CODEC(Delta, ZSTD(1)),
    severity_number UInt8 CODEC(T64, ZSTD(1)),
    severity_text LowCardinality(String),
    event_name LowCardinality(String),
    service_name LowCardinality(String),
    environment LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    trace_flags UInt8 CODEC(T64, ZSTD(1)),
    body_format LowCardinality(String),
    body String CODEC(ZSTD(3)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_severity severity_number TYPE minmax GRANULARITY 1,
-- if text_index
    INDEX body_words @searchable(body) TYPE text(tokenizer = splitByNonAlpha),
-- end
    CONSTRAINT has_project CHECK project_id != ''
)
ENGINE = @engine(MergeTree)
PARTITION BY (retention_days, toMonday(time))
ORDER BY (project_id, time, sequence)
TTL toDateTime(time) + toIntervalDay(retention_days)
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
@distributed(logs, cityHash64(project_id, service_name))
