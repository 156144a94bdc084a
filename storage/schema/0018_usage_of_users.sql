-- Who used most: a row a user and day (UTC). Where a user calls many models, `usage_user_1d` has nearly as many rows as
-- there are calls. Of the kinds that are billed alone. Kept for 400 days, as those.

-- fragment summed
    project_id,
    day,
    user_id,
    sum(totals.call_count) AS call_count,
    sum(totals.input_tokens) AS input_tokens,
    sum(totals.output_tokens) AS output_tokens,
    sum(totals.cost_nano_usd) AS cost_nano_usd
-- end

CREATE TABLE IF NOT EXISTS @table(usage_user_total_1d) @on_cluster
(
    project_id LowCardinality(String),
    day Date CODEC(Delta, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    call_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    input_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    output_tokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(T64, ZSTD(1)),
    cost_nano_usd SimpleAggregateFunction(sum, Nullable(Int64)) CODEC(T64, ZSTD(1))
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY toStartOfMonth(day)
ORDER BY (project_id, day, user_id)
TTL day + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(usage_user_total_1d, cityHash64(project_id))

-- What was counted before: from nothing, as a migration may be interrupted. Nothing is inserted meanwhile.
TRUNCATE TABLE IF EXISTS @table(usage_user_total_1d) @on_cluster;
INSERT INTO usage_user_total_1d SELECT
    @summed
FROM usage_user_1d AS totals
WHERE kind IN ('llm', 'embedding', 'reranker')
GROUP BY project_id, day, user_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_user_total_1d_view @on_cluster TO @table(usage_user_total_1d) AS
SELECT
    @summed
FROM @table(usage_user_1d) AS totals
WHERE kind IN ('llm', 'embedding', 'reranker')
GROUP BY project_id, day, user_id;
