-- Words are searched in input, output, name and error message. One column without an index would have all four read:
-- with an index on each, rows are found from the indexes alone. Parts that are there already are indexed in the
-- background; until then words are found in them all the same, slower.
-- if text_index
ALTER TABLE @table(spans) @on_cluster
    ADD INDEX IF NOT EXISTS name_words lower(name) TYPE text(tokenizer = splitByNonAlpha);
ALTER TABLE @table(spans) @on_cluster
    ADD INDEX IF NOT EXISTS error_words lower(error_message) TYPE text(tokenizer = splitByNonAlpha);
ALTER TABLE @table(spans) @on_cluster MATERIALIZE INDEX IF EXISTS name_words;
ALTER TABLE @table(spans) @on_cluster MATERIALIZE INDEX IF EXISTS error_words;
-- end
