-- Rollups for dashboards. Rows of one key are merged in the background, so a reader sums again and takes quantiles
-- with quantilesTDigestMerge(0.5, 0.9, 0.95, 0.99)(duration_state). They outlive the spans that they count.
-- Only kinds that are billed count into calls, tokens and cost. Sums are NULL where no call told; the unknown_ columns
-- count calls that did not. A call refused with a 4xx status is not unknown: it is not billed.

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

-- A row a minute, kept for 100 days.
CREATE TABLE IF NOT EXISTS @table(usage_1m) @on_cluster
(
    project_id LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
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
PARTITION BY toMonday(minute)
ORDER BY (project_id, minute, kind, source, provider, model, service_name, environment, api_key_id)
TTL minute + toIntervalDay(100)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(usage_1m, cityHash64(project_id))

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_1m_view @on_cluster TO @table(usage_1m) AS
WITH
    kind IN ('llm', 'embedding', 'reranker') AS billed,
    billed AND NOT (status = 'error' AND ifNull(http_status, 0) BETWEEN 400 AND 499) AS perhaps_paid
SELECT
    project_id,
    toStartOfMinute(spans.start_time) AS minute,
    kind,
    source,
    provider,
    if(response_model = '', request_model, response_model) AS model,
    service_name,
    environment,
    api_key_id,
    count() AS span_count,
    countIf(status = 'error') AS error_count,
    countIf(status = 'cancelled') AS cancelled_count,
    countIf(status = 'cut') AS cut_count,
    countIf(status = 'interrupted') AS interrupted_count,
    countIf(is_stream = 1) AS stream_count,
    countIf(billed) AS call_count,
    sumIf(toUInt64(spans.input_tokens), billed) AS input_tokens,
    sumIf(toUInt64(spans.output_tokens), billed) AS output_tokens,
    sumIf(toUInt64(spans.cache_read_tokens), billed) AS cache_read_tokens,
    sumIf(toUInt64(spans.cache_write_tokens), billed) AS cache_write_tokens,
    sumIf(toUInt64(spans.reasoning_tokens), billed) AS reasoning_tokens,
    sumIf(spans.cost_nano_usd, billed) AS cost_nano_usd,
    sumIf(spans.cost_input_nano_usd, billed) AS cost_input_nano_usd,
    sumIf(spans.cost_output_nano_usd, billed) AS cost_output_nano_usd,
    sumIf(spans.cost_cache_read_nano_usd, billed) AS cost_cache_read_nano_usd,
    sumIf(spans.cost_cache_write_nano_usd, billed) AS cost_cache_write_nano_usd,
    countIf(perhaps_paid AND (isNull(spans.input_tokens) OR (kind = 'llm' AND isNull(spans.output_tokens))))
        AS unknown_usage_count,
    countIf(perhaps_paid AND isNull(spans.cost_nano_usd)) AS unknown_cost_count,
    quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(spans.duration_ns) AS duration_state,
    quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(spans.ttft_ns) AS ttft_state
FROM @table(spans) AS spans
GROUP BY project_id, minute, kind, source, provider, model, service_name, environment, api_key_id;

-- A row a day (UTC), kept for three years.
CREATE TABLE IF NOT EXISTS @table(usage_1d) @on_cluster
(
    project_id LowCardinality(String),
    day Date CODEC(Delta, ZSTD(1)),
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
PARTITION BY toStartOfMonth(day)
ORDER BY (project_id, day, kind, source, provider, model, service_name, environment, api_key_id)
TTL day + toIntervalDay(1100)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(usage_1d, cityHash64(project_id))

-- From the minutes: their rows are fewer and already counted.
CREATE MATERIALIZED VIEW IF NOT EXISTS usage_1d_view @on_cluster TO @table(usage_1d) AS
SELECT
    project_id,
    toDate(minutes.minute) AS day,
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
FROM @table(usage_1m) AS minutes
GROUP BY project_id, day, kind, source, provider, model, service_name, environment, api_key_id;

-- A row a user and day (UTC), kept for 400 days: who uses how much, and no more than that.
CREATE TABLE IF NOT EXISTS @table(usage_user_1d) @on_cluster
(
    project_id LowCardinality(String),
    day Date CODEC(Delta, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    span_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    error_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    call_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    input_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    output_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cost_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    unknown_usage_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unknown_cost_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY toStartOfMonth(day)
ORDER BY (project_id, day, user_id, kind, provider, model)
TTL day + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(usage_user_1d, cityHash64(project_id))

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_user_1d_view @on_cluster TO @table(usage_user_1d) AS
WITH
    kind IN ('llm', 'embedding', 'reranker') AS billed,
    billed AND NOT (status = 'error' AND ifNull(http_status, 0) BETWEEN 400 AND 499) AS perhaps_paid
SELECT
    project_id,
    toDate(spans.start_time) AS day,
    user_id,
    kind,
    provider,
    if(response_model = '', request_model, response_model) AS model,
    count() AS span_count,
    countIf(status = 'error') AS error_count,
    countIf(billed) AS call_count,
    sumIf(toUInt64(spans.input_tokens), billed) AS input_tokens,
    sumIf(toUInt64(spans.output_tokens), billed) AS output_tokens,
    sumIf(spans.cost_nano_usd, billed) AS cost_nano_usd,
    countIf(perhaps_paid AND (isNull(spans.input_tokens) OR (kind = 'llm' AND isNull(spans.output_tokens))))
        AS unknown_usage_count,
    countIf(perhaps_paid AND isNull(spans.cost_nano_usd)) AS unknown_cost_count
FROM @table(spans) AS spans
WHERE user_id != ''
GROUP BY project_id, day, user_id, kind, provider, model;
