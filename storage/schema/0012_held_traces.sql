-- Spans that are kept if their trace turns out to be of interest are in classes of their own: 10,000 days more than they
-- stay once their trace is kept. The parts of a class hold no other rows, so that taking away what was not kept touches
-- no others. What a rule keeps longer or shorter than its project is in classes of 20,000 days more.
ALTER TABLE @table(spans) @on_cluster
    MODIFY TTL toDateTime(start_time) + toIntervalDay(retention_days % 10000)
    SETTINGS materialize_ttl_after_modify = 0;
ALTER TABLE @table(traces) @on_cluster
    MODIFY TTL toDateTime(start_time) + toIntervalDay(retention_days % 10000)
    SETTINGS materialize_ttl_after_modify = 0;
ALTER TABLE @table(trace_index) @on_cluster
    MODIFY TTL week + toIntervalDay(retention_days % 10000 + 7)
    SETTINGS materialize_ttl_after_modify = 0;

-- The traces of which it was decided that they are kept, for as long as there may be spans of them: a span that comes
-- later is kept too, whatever the rules say by then.
CREATE TABLE IF NOT EXISTS @table(kept_traces) @on_cluster
(
    project_id LowCardinality(String),
    trace_id FixedString(16),
    until Date
)
ENGINE = @engine(MergeTree)
PARTITION BY toYYYYMM(until)
ORDER BY (project_id, trace_id)
TTL until
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(kept_traces, cityHash64(project_id, trace_id))

-- The traces that were looked at together: what the statements that decide, and those that delete, look up.
CREATE TABLE IF NOT EXISTS @table(decided_traces) @on_cluster
(
    project_id LowCardinality(String),
    decision_id String,
    trace_id FixedString(16),
    decided_at DateTime('UTC')
)
ENGINE = @engine(MergeTree)
PARTITION BY toStartOfDay(decided_at)
ORDER BY (project_id, decision_id, trace_id)
TTL decided_at + toIntervalDay(1)
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(decided_traces, cityHash64(project_id, trace_id))
