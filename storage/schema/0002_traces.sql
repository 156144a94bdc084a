-- One row an entry span, for the list of traces: narrow, with previews instead of content.
CREATE TABLE IF NOT EXISTS @table(traces) @on_cluster
(
    project_id LowCardinality(String),
    retention_days UInt16 CODEC(T64, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    parent_span_id FixedString(8) CODEC(ZSTD(1)),
    start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    name LowCardinality(String),
    kind LowCardinality(String),
    source LowCardinality(String),
    operation LowCardinality(String),
    service_name LowCardinality(String),
    provider LowCardinality(String),
    request_model LowCardinality(String),
    response_model LowCardinality(String),
    status LowCardinality(String),
    http_status Nullable(UInt16) CODEC(T64, ZSTD(1)),
    error_type LowCardinality(String),
    is_stream UInt8 CODEC(T64, ZSTD(1)),
    ttft_ns Nullable(UInt64) CODEC(T64, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)),
    prompt_name LowCardinality(String),
    api_key_id LowCardinality(String),
    environment LowCardinality(String),
    input_preview String CODEC(ZSTD(3)),
    output_preview String CODEC(ZSTD(3)),
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = @engine(MergeTree)
PARTITION BY (retention_days, toMonday(start_time))
ORDER BY (project_id, start_time)
TTL toDateTime(start_time) + toIntervalDay(retention_days)
SETTINGS ttl_only_drop_parts = 1, @durable;
@distributed(traces, cityHash64(project_id, trace_id))

-- The previews hold at most 200 characters of the last message asked and of the answer; where the content is not of a
-- known form, the start of its text. Reading the last message takes one pass over the body, the rest works on that.
CREATE MATERIALIZED VIEW IF NOT EXISTS traces_view @on_cluster TO @table(traces) AS
WITH
    JSONExtractRaw(
        input, if(content_format IN ('openai.responses', 'openai.embeddings'), 'input', 'messages'), -1) AS asked,
    JSONExtractRaw(
        output,
        multiIf(content_format = 'openai.responses', 'output', content_format = 'anthropic.messages', 'content', 'choices'),
        -1) AS answered,
    multiIf(
        content_format IN ('', 'text', 'json'), input,
        JSONExtractString(asked, 'content') != '', JSONExtractString(asked, 'content'),
        JSONExtractString(asked, 'content', -1, 'text') != '', JSONExtractString(asked, 'content', -1, 'text'),
        content_format IN ('openai.responses', 'openai.embeddings') AND JSONExtractString(input, 'input') != '',
        JSONExtractString(input, 'input'),
        content_format = 'openai.completions' AND JSONExtractString(input, 'prompt') != '',
        JSONExtractString(input, 'prompt'),
        input) AS asked_text,
    multiIf(
        content_format IN ('', 'text', 'json'), output,
        content_format = 'openai.embeddings', '',
        JSONExtractString(answered, 'message', 'content') != '', JSONExtractString(answered, 'message', 'content'),
        JSONExtractString(answered, 'text') != '', JSONExtractString(answered, 'text'),
        JSONExtractString(answered, 'content', -1, 'text') != '', JSONExtractString(answered, 'content', -1, 'text'),
        answered != '', answered,
        output) AS answered_text
SELECT
    project_id, retention_days, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, source,
    operation, service_name, provider, request_model, response_model, status, http_status, error_type, is_stream,
    ttft_ns, user_id, session_id, tags, prompt_name, api_key_id, environment,
    leftUTF8(asked_text, 200) AS input_preview,
    leftUTF8(answered_text, 200) AS output_preview
FROM @table(spans)
WHERE is_entry = 1;
