-- A page of rows that lie scattered over a month reads a granule for each of them, and unpacks a block of each column. A
-- vertical merge makes a granule of each of its blocks: 1,024 rows instead of 8,192, and blocks of 16 KiB instead of
-- 64. Inserted parts, which merges soon take up, keep granules of 8,192; parts that are there keep theirs until they
-- are merged. Content keeps its blocks of two megabytes.
ALTER TABLE @table(spans) @on_cluster MODIFY SETTING merge_max_block_size = 1024, min_compress_block_size = 16384;
ALTER TABLE @table(traces) @on_cluster MODIFY SETTING merge_max_block_size = 1024, min_compress_block_size = 16384;
