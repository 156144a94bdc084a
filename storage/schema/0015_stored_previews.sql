-- Previews come with the rows (pipeline/writer/preview-columns.ts): a list reads 200 characters of a row, not blocks of two
-- megabytes, and they are made by the reader of conversations that makes all the rest. Rows of before have none.
ALTER TABLE @table(spans) @on_cluster
    ADD COLUMN IF NOT EXISTS input_preview String CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS output_preview String CODEC(ZSTD(3));
-- if cluster
ALTER TABLE spans @on_cluster
    ADD COLUMN IF NOT EXISTS input_preview String CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS output_preview String CODEC(ZSTD(3));
-- end
ALTER TABLE traces_view @on_cluster MODIFY QUERY SELECT
    project_id, retention_days, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, source,
    operation, service_name, provider, request_model, response_model, status, http_status, error_type, is_stream,
    ttft_ns, user_id, session_id, tags, prompt_name, api_key_id, environment, input_preview, output_preview
FROM @table(spans)
WHERE is_entry = 1;
