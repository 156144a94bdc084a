-- A row a deletion that has finished: from then on its receipt is only read. A project of the same id may have been
-- made since, and its rows are not meant.
CREATE TABLE IF NOT EXISTS @table(finished_deletions) @on_cluster
(
    project_id LowCardinality(String),
    deletion_id String,
    finished_at DateTime64(3, 'UTC')
)
ENGINE = @engine(MergeTree)
ORDER BY (project_id, deletion_id)
SETTINGS @settings;
@distributed(finished_deletions, cityHash64(project_id))
