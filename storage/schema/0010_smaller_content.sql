-- Blocks of two megabytes for content, as far back as the compression looks: what several calls of a conversation repeat
-- is then stored once more often. Parts that are there keep their blocks until they are merged.
ALTER TABLE @table(spans) @on_cluster MODIFY COLUMN input
    MODIFY SETTING min_compress_block_size = 2097152, max_compress_block_size = 2097152;
ALTER TABLE @table(spans) @on_cluster MODIFY COLUMN output
    MODIFY SETTING min_compress_block_size = 2097152, max_compress_block_size = 2097152;
-- Tables made before `text_index_posting_list_codec` was among the settings of every table.
-- if packed_postings
ALTER TABLE @table(spans) @on_cluster MODIFY SETTING text_index_posting_list_codec = 'bitpacking';
ALTER TABLE @table(logs) @on_cluster MODIFY SETTING text_index_posting_list_codec = 'bitpacking';
-- end
