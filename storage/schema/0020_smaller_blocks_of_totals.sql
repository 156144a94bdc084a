-- A list of traces reads the totals of fifty that lie scattered over their week: a block of each column is unpacked for
-- each. Blocks of 8 KiB instead of 64 cost 2 % of the table's disk and save a quarter of that statement's time.
ALTER TABLE @table(trace_index) @on_cluster MODIFY SETTING min_compress_block_size = 8192;
