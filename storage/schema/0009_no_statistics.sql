-- Tables made before `auto_statistics_types` was among the settings of every table.
-- if automatic_statistics
ALTER TABLE @table(spans) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(traces) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(trace_index) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(usage_1m) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(usage_1d) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(usage_user_1d) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(logs) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(metric_points) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(metric_1m) @on_cluster MODIFY SETTING auto_statistics_types = '';
ALTER TABLE @table(metric_1h) @on_cluster MODIFY SETTING auto_statistics_types = '';
-- end
