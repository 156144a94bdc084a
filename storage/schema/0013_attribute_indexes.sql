-- Which keys and values are in a granule's attributes: what is rare in a month is found without reading it all. About a
-- byte a row. Built when parts are merged, as those of words. In parts that are there already the background
-- builds them, which is asked for last: a change of a table waits for it.
ALTER TABLE @table(spans) @on_cluster
    ADD INDEX IF NOT EXISTS by_attribute_key mapKeys(attributes) TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE @table(spans) @on_cluster
    ADD INDEX IF NOT EXISTS by_attribute_value mapValues(attributes) TYPE bloom_filter(0.025) GRANULARITY 1;
ALTER TABLE @table(spans) @on_cluster
    MATERIALIZE INDEX IF EXISTS by_attribute_key, MATERIALIZE INDEX IF EXISTS by_attribute_value;
