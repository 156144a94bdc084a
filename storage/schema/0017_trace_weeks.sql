-- In which week a trace is: its totals are looked up in every week otherwise, a granule in each. A granule is asked for fifty
-- traces at once by a list, so one in a thousand is wrong and not one in a hundred: two bytes a trace. Built when parts
-- are merged, and in parts that are there by the background, which is asked for last: a change of a table waits for it.
ALTER TABLE @table(trace_index) @on_cluster
    ADD INDEX IF NOT EXISTS has_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE @table(trace_index) @on_cluster
    MATERIALIZE INDEX IF EXISTS has_trace;
