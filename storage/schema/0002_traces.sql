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
SETTINGS ttl_only_drop_parts = 1, @settings;
@distributed(traces, cityHash64(project_id, trace_id))

-- The previews hold at most 200 characters: what the user said last (a tool's result is no text of the user), and the
-- answer's text or its tool call. A body that has none, or is over 1 MiB, shows its beginning. One typed extraction
-- serves all APIs. What is used more than once is a lambda's argument, `arrayMap(x -> …, [value])[1]`: an alias would
-- be analysed again at each use, with each insert.
CREATE MATERIALIZED VIEW IF NOT EXISTS traces_view @on_cluster TO @table(traces) AS
SELECT
    project_id, retention_days, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, source,
    operation, service_name, provider, request_model, response_model, status, http_status, error_type, is_stream,
    ttft_ns, user_id, session_id, tags, prompt_name, api_key_id, environment,
    arrayMap(
        asked -> arrayMap(
            said -> arrayMap(
                text -> leftUTF8(multiIf(
                    startsWith(text, '[{'), arrayStringConcat(JSONExtract(text, 'Array(Tuple(text String))').1),
                    startsWith(text, '['), JSONExtractString(text, 1),
                    text), 200),
                [multiIf(said != '', said, asked.2 != '', asked.2, asked.3 != '', asked.3, substring(input, 1, 800))])[1],
            [arrayLast(
                message -> message.1 = 'user' AND position(message.2, '"tool_result"') = 0,
                arrayConcat(asked.1, JSONExtract(asked.2, 'Array(Tuple(role String, content String))'))).2])[1],
        [JSONExtract(
            if(length(input) <= 1048576, input, ''),
            'Tuple(messages Array(Tuple(role String, content String)), input String, prompt String)')])[1] AS input_preview,
    arrayMap(
        answered -> arrayMap(
            (text, called) -> leftUTF8(multiIf(
                text != '', text,
                called.1 != '', concat(called.1, '(', called.2, ')'),
                content_format = 'openai.embeddings', '',
                substring(output, 1, 800)), 200),
            [concat(
                answered.1[1].2.1, answered.1[1].1,
                arrayStringConcat(answered.2.1),
                arrayStringConcat(arrayFlatten(answered.3.1.1)))],
            [arrayFirst(call -> call.1 != '', arrayConcat(
                [answered.1[1].2.2[1].1],
                arrayZip(answered.2.2, answered.2.3),
                arrayZip(answered.3.2, answered.3.3)))])[1],
        [JSONExtract(
            if(length(output) <= 1048576, output, ''),
            'Tuple(
                choices Array(Tuple(text String, message Tuple(
                    content String, tool_calls Array(Tuple(function Tuple(name String, arguments String)))))),
                content Array(Tuple(text String, name String, input String)),
                output Array(Tuple(content Array(Tuple(text String)), name String, arguments String)))')])[1] AS output_preview
FROM @table(spans)
WHERE is_entry = 1;
