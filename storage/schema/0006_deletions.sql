-- The traces that a deletion takes away: what the statements that delete look up, so that each of them, and each that
-- goes on after a restart, means the same traces.
CREATE TABLE IF NOT EXISTS @table(deletion_traces) @on_cluster
(
    project_id LowCardinality(String),
    deletion_id String,
    trace_id FixedString(16)
)
ENGINE = @engine(MergeTree)
ORDER BY (project_id, deletion_id, trace_id)
SETTINGS @settings;
@distributed(deletion_traces, cityHash64(project_id, trace_id))

-- A row a deletion: who and what was meant, and how many rows there were. Kept as the receipt.
CREATE TABLE IF NOT EXISTS @table(deletions) @on_cluster
(
    project_id LowCardinality(String),
    deletion_id String,
    requested_at DateTime64(3, 'UTC'),
    subject LowCardinality(String),
    subject_id String,
    found_rows Map(LowCardinality(String), UInt64)
)
ENGINE = @engine(MergeTree)
ORDER BY (project_id, deletion_id)
SETTINGS @settings;
@distributed(deletions, cityHash64(project_id))
