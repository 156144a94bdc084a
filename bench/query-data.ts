/**
 * Spans as ClickHouse makes them itself: 30 days of an install with 12 projects (one has a third of
 * the traffic), agents of eight steps, 24 models, 7 services that each have their own key, source and environment, 20,000
 * users, 11 attributes a span, and text of a Zipf-like vocabulary.
 */
export interface DataShape {
  readonly rows: number;
  readonly days: number;
  /** The end of the last day, in seconds since 1970. */
  readonly endSecond: number;
}

const models = [
  ...["gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "o3", "o4-mini", "claude-sonnet-4-5", "claude-haiku-4-5"],
  ...["claude-opus-4-1", "gemini-2.5-pro", "gemini-2.5-flash", "mistral-large", "mistral-small", "llama-3.3-70b"],
  ...["llama-3.1-8b", "deepseek-chat", "deepseek-reasoner", "grok-4", "command-r-plus", "qwen-3-32b"],
  ...["text-embedding-3-small", "text-embedding-3-large", "rerank-v3.5", "gemma-3-27b"],
];

const quoted = (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(", ")}]`;

/** Uniform from 0 to 1, of the row and a salt. */
const random = (salt: number) => `(cityHash64(number, ${salt}) / 18446744073709551616.)`;
/** Of the trace: eight rows share it. */
const randomOfTrace = (salt: number) => `(cityHash64(intDiv(number, 8), ${salt}) / 18446744073709551616.)`;

/** Words by rank: few are common, most are rare. */
const words = (count: string, salt: number) =>
  `arrayStringConcat(arrayMap(i -> concat('w', toString(toUInt32(pow(20000, cityHash64(number, i, ${salt}) / 18446744073709551616.)))), range(toUInt32(${count}))), ' ')`;

/** The SELECT of rows `from` to `from + count`, in the order of time; columns as `spans` has them. */
export function spansSelect({ rows, days, endSecond }: DataShape, from: number, count: number): string {
  const nanosPerTrace = Math.floor((days * 86_400 * 1e9) / (rows / 8));
  const startNano = BigInt(endSecond - days * 86_400) * 1_000_000_000n;
  return `WITH
    intDiv(number, 8) AS trace,
    number % 8 AS step,
    toUInt8(step = 0) AS is_first,
    1 + toUInt32(pow(${randomOfTrace(1)}, 2.2) * 11.99) AS project_number,
    ${quoted(models)}[1 + toUInt32(pow(${random(2)}, 1.8) * ${models.length - 0.01})] AS model,
    multiIf(is_first, 'agent', step % 3 = 2, 'tool', startsWith(model, 'text-embedding'), 'embedding',
      startsWith(model, 'rerank'), 'reranker', 'llm') AS span_kind,
    span_kind IN ('llm', 'embedding', 'reranker') AS is_call,
    multiIf(${random(3)} < 0.965, 'ok', ${random(3)} < 0.99, 'error', 'cancelled') AS outcome,
    toUInt64(exp(19.5 + 1.1 * sqrt(-2 * log(${random(4)} + 1e-12)) * cos(6.283185 * ${random(5)}))) AS took,
    toUInt32(exp(6.3 + 1.2 * sqrt(-2 * log(${random(6)} + 1e-12)) * cos(6.283185 * ${random(7)}))) AS asked,
    toUInt32(exp(5.1 + 0.9 * sqrt(-2 * log(${random(8)} + 1e-12)) * cos(6.283185 * ${random(9)}))) AS said
  SELECT
    concat('project-', toString(project_number)) AS project_id,
    toUInt16(90) AS retention_days,
    MD5(concat('trace ', toString(trace))) AS trace_id,
    toFixedString(substring(MD5(toString(number)), 1, 8), 8) AS span_id,
    if(is_first, toFixedString('', 8), toFixedString(substring(MD5(toString(trace * 8)), 1, 8), 8)) AS parent_span_id,
    is_first AS is_entry,
    fromUnixTimestamp64Nano(${startNano} + toInt64(trace) * ${nanosPerTrace} + toInt64(step) * 700000000 + toInt64(took % 1000000), 'UTC') AS start_time,
    took AS duration_ns,
    multiIf(is_first, concat('agent ', toString(trace % 9)), span_kind = 'tool', concat('tool ', toString(trace % 40)), concat('chat ', model)) AS name,
    span_kind AS kind,
    if(trace % 7 < 2, 'gateway', 'otlp') AS source,
    multiIf(is_first, 'invoke_agent', span_kind = 'tool', 'execute_tool', span_kind = 'llm', 'chat', 'embeddings') AS operation,
    concat('service-', toString(trace % 7)) AS service_name,
    if(is_call, ['openai', 'anthropic', 'google', 'mistral', 'other'][1 + cityHash64(model) % 5], '') AS provider,
    if(is_call, model, '') AS request_model,
    if(is_call, model, '') AS response_model,
    outcome AS status,
    if(is_call, if(outcome = 'error', if(number % 3 = 0, 429, 500), 200), NULL)::Nullable(UInt16) AS http_status,
    if(outcome = 'error', ['rate_limited', 'timeout', 'server_error'][1 + number % 3], '') AS error_type,
    if(outcome = 'error', concat('upstream said no: ', toString(number % 50)), '') AS error_message,
    toUInt8(number % 3 = 0) AS is_stream,
    if(is_call, asked, NULL)::Nullable(UInt32) AS input_tokens,
    if(span_kind = 'llm', said, NULL)::Nullable(UInt32) AS output_tokens,
    if(is_call AND number % 4 = 0, intDiv(asked, 2), NULL)::Nullable(UInt32) AS cache_read_tokens,
    if(is_call, 'provider', 'none') AS usage_source,
    if(is_call AND number % 50 != 0, asked * 2500 + said * 10000, NULL)::Nullable(Int64) AS cost_nano_usd,
    if(is_call AND number % 50 != 0, asked * 2500, NULL)::Nullable(Int64) AS cost_input_nano_usd,
    if(is_call AND number % 50 != 0, said * 10000, NULL)::Nullable(Int64) AS cost_output_nano_usd,
    if(number % 3 = 0, intDiv(took, 4), NULL)::Nullable(UInt64) AS ttft_ns,
    if(span_kind = 'llm', ['stop', 'stop', 'stop', 'tool_call', 'length'][1 + number % 5], '') AS finish_reason,
    concat('user-', toString(toUInt32(pow(${randomOfTrace(14)}, 3) * 20000))) AS user_id,
    concat('session-', toString(intDiv(trace, 6))) AS session_id,
    [concat('team-', toString(trace % 6))] AS tags,
    if(trace % 7 < 5, 'production', 'staging') AS environment,
    concat('key_', toString(project_number), '_', toString(trace % 7 % 3)) AS api_key_id,
    mapFromArrays(
      arrayConcat(arrayMap(i -> concat('attribute.', toString(i)), range(8)), ['customer.tier', 'request.number', 'host.name'], if(cityHash64(number, 21) % 100000 = 0, ['rare.flag'], [])),
      arrayConcat(arrayMap(i -> concat('value-', toString(cityHash64(number, i) % 50)), range(8)), [['gold', 'silver', 'free'][1 + trace % 3], toString(number), concat('host-', toString(trace % 200))], if(cityHash64(number, 21) % 100000 = 0, ['set'], []))
    )::Map(String, String) AS attributes,
    if(is_call, 'openai.chat', 'text') AS content_format,
    'full' AS content_state,
    if(is_call, concat('{"messages":[{"role":"system","content":"You are the assistant of project ', toString(project_number),
      '. Answer briefly and cite your sources."},{"role":"user","content":"', ${words("18", 31)}, if(cityHash64(number, 22) % 50000 = 0, ' refund policy zebra', ''), '"}]}'), ${words("5", 32)}) AS input,
    if(is_call, concat('{"choices":[{"index":0,"message":{"role":"assistant","content":"', ${words("24", 33)}, '"},"finish_reason":"stop"}]}'), ${words("5", 34)}) AS output,
    leftUTF8(if(is_call, JSONExtractString(input, 'messages', 2, 'content'), input), 200) AS input_preview,
    leftUTF8(if(is_call, JSONExtractString(output, 'choices', 1, 'message', 'content'), output), 200) AS output_preview
  FROM numbers(${from}, ${count})`;
}
