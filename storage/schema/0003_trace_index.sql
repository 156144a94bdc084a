-- Totals of each trace, and the time range to look for its spans in. A trace's rows are merged in the background, so
-- a reader groups by trace_id again: min(start_time), max(end_time), sum(span_count) …
-- Only kinds that are billed count into tokens and cost: an agent's span repeats what its calls used. Sums are NULL
-- where no call told; the unknown_ columns count calls that did not. A call refused with a 4xx status is not unknown:
-- it is not billed.
CREATE TABLE IF NOT EXISTS @table(trace_index) @on_cluster
(
    project_id LowCardinality(String),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    retention_days UInt16 CODEC(T64, ZSTD(1)),
    week Date CODEC(T64, ZSTD(1)),
    start_time SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    end_time SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    span_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    error_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unfinished_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    call_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    input_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    output_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cost_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1)),
    unknown_usage_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unknown_cost_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY (retention_days, week)
ORDER BY (project_id, trace_id, retention_days, week)
TTL week + toIntervalDay(retention_days + 7)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(trace_index, cityHash64(project_id, trace_id))

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_index_view @on_cluster TO @table(trace_index) AS
WITH
    kind IN ('llm', 'embedding', 'reranker') AS billed,
    billed AND NOT (status = 'error' AND ifNull(http_status, 0) BETWEEN 400 AND 499) AS perhaps_paid
SELECT
    project_id,
    trace_id,
    retention_days,
    toMonday(spans.start_time) AS week,
    min(spans.start_time) AS start_time,
    max(addNanoseconds(spans.start_time, duration_ns)) AS end_time,
    count() AS span_count,
    countIf(status = 'error') AS error_count,
    countIf(status IN ('cancelled', 'cut', 'interrupted')) AS unfinished_count,
    countIf(billed) AS call_count,
    sumIf(toUInt64(spans.input_tokens), billed) AS input_tokens,
    sumIf(toUInt64(spans.output_tokens), billed) AS output_tokens,
    sumIf(spans.cost_nano_usd, billed) AS cost_nano_usd,
    countIf(perhaps_paid AND (isNull(spans.input_tokens) OR (kind = 'llm' AND isNull(spans.output_tokens))))
        AS unknown_usage_count,
    countIf(perhaps_paid AND isNull(spans.cost_nano_usd)) AS unknown_cost_count
FROM @table(spans) AS spans
GROUP BY project_id, trace_id, retention_days, week;
