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

-- The previews hold at most 200 characters: what the user said last (a tool's result is no text of the user), and the
-- answer's text or its tool call. A body that has none, or is over 1 MiB, shows its beginning.
-- fragment message_text
if(JSONType(message, 'content') = 'String', JSONExtractString(message, 'content'), arrayStringConcat(arrayFilter(
            text -> text != '', arrayMap(part -> JSONExtractString(part, 'text'), JSONExtractArrayRaw(message, 'content'))), ' '))
-- end
CREATE MATERIALIZED VIEW IF NOT EXISTS traces_view @on_cluster TO @table(traces) AS
WITH
    if(length(input) <= 1048576, content_format, '') AS input_format,
    if(length(output) <= 1048576, content_format, '') AS output_format,
    multiIf(
        input_format IN ('openai.chat', 'anthropic.messages', 'weir.messages'), JSONExtractArrayRaw(input, 'messages'),
        input_format = 'openai.responses', JSONExtractArrayRaw(input, 'input'),
        []) AS asked,
    multiIf(
        output_format = 'openai.chat', [JSONExtractRaw(output, 'choices', 1, 'message')],
        output_format = 'anthropic.messages', [output],
        output_format = 'openai.responses', JSONExtractArrayRaw(output, 'output'),
        []) AS answered,
    multiIf(
        length(asked) > 0, arrayLast(text -> text != '', arrayMap(
            message -> @message_text, arrayFilter(message -> JSONExtractString(message, 'role') = 'user', asked))),
        input_format IN ('openai.responses', 'openai.embeddings'),
            if(JSONType(input, 'input') = 'String', JSONExtractString(input, 'input'), JSONExtractString(input, 'input', 1)),
        input_format = 'openai.completions', JSONExtractString(input, 'prompt'),
        '') AS asked_text,
    multiIf(
        length(answered) > 0, arrayFirst(text -> text != '', arrayMap(message -> @message_text, answered)),
        output_format = 'openai.completions', JSONExtractString(output, 'choices', 1, 'text'),
        '') AS answered_text,
    multiIf(
        answered_text != '', '',
        output_format = 'openai.chat', JSONExtractRaw(output, 'choices', 1, 'message', 'tool_calls', 1, 'function'),
        output_format = 'anthropic.messages', arrayFirst(part -> JSONExtractString(part, 'type') = 'tool_use',
            JSONExtractArrayRaw(output, 'content')),
        output_format = 'openai.responses', arrayFirst(item -> JSONExtractString(item, 'type') = 'function_call', answered),
        '') AS called,
    if(called = '', '', concat(
        JSONExtractString(called, 'name'), '(',
        if(JSONHas(called, 'arguments'), JSONExtractString(called, 'arguments'), JSONExtractRaw(called, 'input')), ')'))
        AS called_text
SELECT
    project_id, retention_days, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, source,
    operation, service_name, provider, request_model, response_model, status, http_status, error_type, is_stream,
    ttft_ns, user_id, session_id, tags, prompt_name, api_key_id, environment,
    leftUTF8(if(asked_text != '', asked_text, substring(input, 1, 800)), 200) AS input_preview,
    leftUTF8(multiIf(
        answered_text != '', answered_text,
        called_text != '', called_text,
        content_format = 'openai.embeddings', '',
        substring(output, 1, 800)), 200) AS output_preview
FROM @table(spans)
WHERE is_entry = 1;
