-- Points of metrics. Columns, types, codecs and order are those of model/columns.ts; a test compares. `series` names
-- what is one line in time: a metric of one sender with one set of attributes.
-- Ordered by hour, and within it by series: a chart reads its metric's granules alone, and values of one series lie next
-- to each other.
CREATE TABLE IF NOT EXISTS @table(metric_points) @on_cluster
(
    project_id LowCardinality(String),
    retention_days UInt16 CODEC(T64, ZSTD(1)),
    metric_name LowCardinality(String),
    type LowCardinality(String),
    unit LowCardinality(String),
    description LowCardinality(String),
    temporality LowCardinality(String),
    is_monotonic UInt8 CODEC(T64, ZSTD(1)),
    service_name LowCardinality(String),
    environment LowCardinality(String),
    scope_name LowCardinality(String),
    start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    flags UInt32 CODEC(T64, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    count Nullable(UInt64) CODEC(T64, ZSTD(1)),
    sum Nullable(Float64) CODEC(ZSTD(1)),
    min Nullable(Float64) CODEC(ZSTD(1)),
    max Nullable(Float64) CODEC(ZSTD(1)),
    bucket_bounds Array(Float64) CODEC(ZSTD(1)),
    bucket_counts Array(UInt64) CODEC(Delta, ZSTD(1)),
    scale Int32 CODEC(T64, ZSTD(1)),
    zero_count UInt64 CODEC(T64, ZSTD(1)),
    zero_threshold Float64 CODEC(ZSTD(1)),
    positive_offset Int32 CODEC(T64, ZSTD(1)),
    positive_counts Array(UInt64) CODEC(Delta, ZSTD(1)),
    negative_offset Int32 CODEC(T64, ZSTD(1)),
    negative_counts Array(UInt64) CODEC(Delta, ZSTD(1)),
    quantiles Array(Float64) CODEC(ZSTD(1)),
    quantile_values Array(Float64) CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    exemplar_times Array(DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    exemplar_values Array(Float64) CODEC(ZSTD(1)),
    exemplar_trace_ids Array(FixedString(16)) CODEC(ZSTD(1)),
    exemplar_span_ids Array(FixedString(8)) CODEC(ZSTD(1)),
    series UInt64 MATERIALIZED cityHash64(
        metric_name, type, service_name, scope_name, mapSort(attributes), mapSort(resource)) CODEC(ZSTD(1)),
    CONSTRAINT has_project CHECK project_id != ''
)
ENGINE = @engine(MergeTree)
PARTITION BY (retention_days, toMonday(time))
ORDER BY (project_id, toStartOfHour(time), metric_name, series, time)
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
@distributed(metric_points, cityHash64(project_id, metric_name))

-- Rollups for dashboards, of one shape. `stream_start` tells apart the streams of a cumulative series: after a restart it
-- counts from zero again. Of cumulative values and gauges the last one is kept (`last`), of delta values the sum
-- (`added`): value, count, sum, zero_count, then measurements by index of bucket, positive and negative. An explicit
-- histogram's buckets count from 0; `bucket_bounds` are the same within a row, and so is `scale`.
-- Values that are not finite are left out.

-- fragment measures
    unit SimpleAggregateFunction(any, LowCardinality(String)),
    description SimpleAggregateFunction(any, LowCardinality(String)),
    service_name SimpleAggregateFunction(any, LowCardinality(String)),
    environment SimpleAggregateFunction(any, LowCardinality(String)),
    bucket_bounds SimpleAggregateFunction(any, Array(Float64)) CODEC(ZSTD(1)),
    attributes SimpleAggregateFunction(any, Map(String, String)) CODEC(ZSTD(1)),
    resource SimpleAggregateFunction(any, Map(String, String)) CODEC(ZSTD(1)),
    last_time SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(Delta, ZSTD(1)),
    last AggregateFunction(argMax, Tuple(Float64, UInt64, Float64, UInt64, Map(Int32, UInt64), Map(Int32, UInt64)), DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    added_value SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    added_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    added_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    added_zero_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    added_positive SimpleAggregateFunction(sumMap, Map(Int32, UInt64)) CODEC(ZSTD(1)),
    added_negative SimpleAggregateFunction(sumMap, Map(Int32, UInt64)) CODEC(ZSTD(1)),
    point_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    value_count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    value_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    smallest SimpleAggregateFunction(min, Nullable(Float64)) CODEC(ZSTD(1)),
    largest SimpleAggregateFunction(max, Nullable(Float64)) CODEC(ZSTD(1))
-- end

-- A row a minute and series, kept for 100 days.
CREATE TABLE IF NOT EXISTS @table(metric_1m) @on_cluster
(
    project_id LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    metric_name LowCardinality(String),
    type LowCardinality(String),
    temporality LowCardinality(String),
    is_monotonic UInt8 CODEC(T64, ZSTD(1)),
    series UInt64 CODEC(ZSTD(1)),
    stream_start DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    scale Int32 CODEC(T64, ZSTD(1)),
    shape UInt64 CODEC(ZSTD(1)),
    @measures
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY toMonday(minute)
ORDER BY (project_id, toStartOfDay(minute), metric_name, type, series, minute, temporality, is_monotonic, stream_start, scale, shape)
TTL minute + toIntervalDay(100)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(metric_1m, cityHash64(project_id, metric_name))

CREATE MATERIALIZED VIEW IF NOT EXISTS metric_1m_view @on_cluster TO @table(metric_1m) AS
WITH
    points.temporality = 'delta' AS is_delta,
    isNotNull(points.value) AS has_value,
    mapFromArrays(
        arrayMap(index -> toInt32(positive_offset + index - 1), arrayFilter((index, n) -> n > 0, arrayEnumerate(arrayConcat(bucket_counts, positive_counts)), arrayConcat(bucket_counts, positive_counts))),
        arrayFilter(n -> n > 0, arrayConcat(bucket_counts, positive_counts))) AS positive,
    mapFromArrays(
        arrayMap(index -> toInt32(negative_offset + index - 1), arrayFilter((index, n) -> n > 0, arrayEnumerate(negative_counts), negative_counts)),
        arrayFilter(n -> n > 0, negative_counts)) AS negative,
    if(ifNull(isFinite(points.sum), 0), assumeNotNull(points.sum), 0) AS finite_sum,
    if(has_value, assumeNotNull(points.value), 0) AS finite_value
SELECT
    project_id,
    toStartOfMinute(points.time) AS minute,
    metric_name,
    type,
    temporality,
    is_monotonic,
    series,
    if(temporality = 'cumulative', points.start_time, fromUnixTimestamp64Nano(toInt64(0), 'UTC')) AS stream_start,
    scale,
    cityHash64(points.bucket_bounds) AS shape,
    any(points.unit) AS unit,
    any(points.description) AS description,
    any(points.service_name) AS service_name,
    any(points.environment) AS environment,
    any(points.bucket_bounds) AS bucket_bounds,
    any(points.attributes) AS attributes,
    any(points.resource) AS resource,
    max(points.time) AS last_time,
    argMaxState(
        tuple(finite_value, ifNull(points.count, 0), finite_sum, points.zero_count, positive, negative), points.time) AS last,
    sumIf(finite_value, is_delta) AS added_value,
    sumIf(ifNull(points.count, 0), is_delta) AS added_count,
    sumIf(finite_sum, is_delta) AS added_sum,
    sumIf(points.zero_count, is_delta) AS added_zero_count,
    sumMap(if(is_delta, positive, CAST(map(), 'Map(Int32, UInt64)'))) AS added_positive,
    sumMap(if(is_delta, negative, CAST(map(), 'Map(Int32, UInt64)'))) AS added_negative,
    count() AS point_count,
    countIf(has_value) AS value_count,
    sum(finite_value) AS value_sum,
    min(if(has_value, points.value, if(ifNull(isFinite(points.min), 0), points.min, NULL))) AS smallest,
    max(if(has_value, points.value, if(ifNull(isFinite(points.max), 0), points.max, NULL))) AS largest
FROM @table(metric_points) AS points
WHERE bitAnd(flags, 1) = 0 AND ifNull(isFinite(points.value), 1)
GROUP BY project_id, minute, metric_name, type, temporality, is_monotonic, series, stream_start, scale, shape;

-- A row an hour and series, kept for 400 days. From the minutes: their rows are fewer and already counted.
CREATE TABLE IF NOT EXISTS @table(metric_1h) @on_cluster
(
    project_id LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    metric_name LowCardinality(String),
    type LowCardinality(String),
    temporality LowCardinality(String),
    is_monotonic UInt8 CODEC(T64, ZSTD(1)),
    series UInt64 CODEC(ZSTD(1)),
    stream_start DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    scale Int32 CODEC(T64, ZSTD(1)),
    shape UInt64 CODEC(ZSTD(1)),
    @measures
)
ENGINE = @engine(AggregatingMergeTree)
PARTITION BY toStartOfMonth(hour)
ORDER BY (project_id, toMonday(hour), metric_name, type, series, hour, temporality, is_monotonic, stream_start, scale, shape)
TTL hour + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(metric_1h, cityHash64(project_id, metric_name))

CREATE MATERIALIZED VIEW IF NOT EXISTS metric_1h_view @on_cluster TO @table(metric_1h) AS
SELECT
    project_id,
    toStartOfHour(minutes.minute) AS hour,
    metric_name,
    type,
    temporality,
    is_monotonic,
    series,
    stream_start,
    scale,
    shape,
    any(minutes.unit) AS unit,
    any(minutes.description) AS description,
    any(minutes.service_name) AS service_name,
    any(minutes.environment) AS environment,
    any(minutes.bucket_bounds) AS bucket_bounds,
    any(minutes.attributes) AS attributes,
    any(minutes.resource) AS resource,
    max(minutes.last_time) AS last_time,
    argMaxMergeState(minutes.last) AS last,
    sum(minutes.added_value) AS added_value,
    sum(minutes.added_count) AS added_count,
    sum(minutes.added_sum) AS added_sum,
    sum(minutes.added_zero_count) AS added_zero_count,
    sumMap(minutes.added_positive) AS added_positive,
    sumMap(minutes.added_negative) AS added_negative,
    sum(minutes.point_count) AS point_count,
    sum(minutes.value_count) AS value_count,
    sum(minutes.value_sum) AS value_sum,
    min(minutes.smallest) AS smallest,
    max(minutes.largest) AS largest
FROM @table(metric_1m) AS minutes
GROUP BY project_id, hour, metric_name, type, temporality, is_monotonic, series, stream_start, scale, shape;
