-- Totals by hour, for what days leave at the ends of a range and for charts of hours: a day is 24 rows of a key and not
-- 1,440. Kept for 400 days.

-- fragment measures
    span_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    error_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cancelled_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cut_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    interrupted_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    stream_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    call_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    input_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    output_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cache_read_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cache_write_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    reasoning_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cost_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    cost_input_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    cost_output_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    cost_cache_read_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    cost_cache_write_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    unknown_usage_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unknown_cost_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    duration_state AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), UInt64) CODEC(ZSTD(1)),
    ttft_state AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Nullable(UInt64)) CODEC(ZSTD(1))
-- end

-- fragment summed
    project_id,
    toStartOfHour(minutes.minute) AS hour,
    kind,
    source,
    provider,
    model,
    service_name,
    environment,
    api_key_id,
    sum(minutes.span_count) AS span_count,
    sum(minutes.error_count) AS error_count,
    sum(minutes.cancelled_count) AS cancelled_count,
    sum(minutes.cut_count) AS cut_count,
    sum(minutes.interrupted_count) AS interrupted_count,
    sum(minutes.stream_count) AS stream_count,
    sum(minutes.call_count) AS call_count,
    sum(minutes.input_tokens) AS input_tokens,
    sum(minutes.output_tokens) AS output_tokens,
    sum(minutes.cache_read_tokens) AS cache_read_tokens,
    sum(minutes.cache_write_tokens) AS cache_write_tokens,
    sum(minutes.reasoning_tokens) AS reasoning_tokens,
    sum(minutes.cost_nano_usd) AS cost_nano_usd,
    sum(minutes.cost_input_nano_usd) AS cost_input_nano_usd,
    sum(minutes.cost_output_nano_usd) AS cost_output_nano_usd,
    sum(minutes.cost_cache_read_nano_usd) AS cost_cache_read_nano_usd,
    sum(minutes.cost_cache_write_nano_usd) AS cost_cache_write_nano_usd,
    sum(minutes.unknown_usage_count) AS unknown_usage_count,
    sum(minutes.unknown_cost_count) AS unknown_cost_count,
    quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(minutes.duration_state) AS duration_state,
    quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(minutes.ttft_state) AS ttft_state
-- end

CREATE TABLE IF NOT EXISTS @table(usage_1h) @on_cluster
(
    project_id LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String),
    source LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    service_name LowCardinality(String),
    environment LowCardinality(String),
    api_key_id LowCardinality(String),
    @measures
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY toMonday(hour)
ORDER BY (project_id, hour, kind, source, provider, model, service_name, environment, api_key_id)
TTL hour + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(usage_1h, cityHash64(project_id))

-- What was counted before: from nothing, as a migration may be interrupted. Nothing is inserted meanwhile.
TRUNCATE TABLE IF EXISTS @table(usage_1h) @on_cluster;
INSERT INTO usage_1h SELECT
    @summed
FROM usage_1m AS minutes
GROUP BY project_id, hour, kind, source, provider, model, service_name, environment, api_key_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_1h_view @on_cluster TO @table(usage_1h) AS
SELECT
    @summed
FROM @table(usage_1m) AS minutes
GROUP BY project_id, hour, kind, source, provider, model, service_name, environment, api_key_id;
