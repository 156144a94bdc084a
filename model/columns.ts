/**
 * The one definition of each table's columns. Row types, the block encoder, the checks of the migrations and the
 * reference page all derive from it. A row's fields carry the names of the columns, so that code, SQL, API and UI
 * spell them the same.
 */

/** How a column is written in a Native block and what its JavaScript value is. */
export interface ColumnTypes {
  /** UTF-8 text. */
  string: string;
  /** UTF-8 text; bytes are copied as they are and must be valid UTF-8. */
  content: string | Uint8Array;
  /** Hex digits of a fixed number of bytes: FixedString(n). */
  hex16: string;
  hex8: string;
  uint8: number;
  uint16: number;
  uint32: number;
  /** Integers up to 2^53: durations in ns, sizes in bytes. */
  uint64: number;
  nullable_uint16: number | null;
  nullable_uint32: number | null;
  nullable_uint64: number | null;
  nullable_int64: number | null;
  int32: number;
  /** NaN and the infinities are kept as they are. */
  float64: number;
  nullable_float64: number | null;
  /** Nanoseconds since 1970, as DateTime64(9). */
  time_ns: bigint;
  strings: readonly string[];
  /** As uint64, each. */
  uint64s: readonly number[];
  float64s: readonly number[];
  times_ns: readonly bigint[];
  hex16s: readonly string[];
  hex8s: readonly string[];
  string_map: Readonly<Record<string, string>>;
}

/** The last time that a column of `time_ns` holds, in the year 2262. */
export const latestTimeUnixNano = 2n ** 63n - 1n;

export interface Column<Type extends keyof ColumnTypes = keyof ColumnTypes> {
  readonly type: Type;
  /** The stored type and codec, as the migration declares them. The block carries `blockType`, which ClickHouse converts. */
  readonly stored: string;
  readonly meaning: string;
}

function column<Type extends keyof ColumnTypes>(type: Type, stored: string, meaning: string): Column<Type> {
  return { type, stored, meaning };
}

const label = (meaning: string) => column("string", "LowCardinality(String)", meaning);
const text = (meaning: string) => column("string", "String CODEC(ZSTD(1))", meaning);
const tokens = (meaning: string) => column("nullable_uint32", "Nullable(UInt32) CODEC(T64, ZSTD(1))", meaning);
const durationOrUnknown = (meaning: string) =>
  column("nullable_uint64", "Nullable(UInt64) CODEC(T64, ZSTD(1))", meaning);
const nanoUsd = (meaning: string) => column("nullable_int64", "Nullable(Int64) CODEC(T64, ZSTD(1))", meaning);

/** The wide row: one call or step. Order is the order in the block and in the table. */
export const spanColumns = {
  project_id: label("The tenant."),
  retention_days: column("uint16", "UInt16 CODEC(T64, ZSTD(1))", "Days until the row expires: its retention class."),
  trace_id: column("hex16", "FixedString(16) CODEC(ZSTD(1))", "W3C trace id."),
  span_id: column("hex8", "FixedString(8) CODEC(ZSTD(1))", "W3C span id; the id of a call."),
  parent_span_id: column("hex8", "FixedString(8) CODEC(ZSTD(1))", "All zero when there is no parent."),
  is_entry: column(
    "uint8",
    "UInt8 CODEC(T64, ZSTD(1))",
    "1 when the span has no parent, or a parent in another process.",
  ),
  start_time: column(
    "time_ns",
    "DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))",
    "When the request arrived or the step began.",
  ),
  duration_ns: column("uint64", "UInt64 CODEC(T64, ZSTD(1))", "From start to the last byte."),
  name: label("What was done: `chat gpt-4o`, a tool's name, an agent's name."),
  kind: label("llm, embedding, reranker, retriever, tool, agent, chain, guardrail, evaluator, http."),
  source: label("Who recorded it: gateway, rest, otlp, ai-apm."),
  operation: label("gen_ai.operation.name: chat, text_completion, embeddings, execute_tool, invoke_agent …"),
  service_name: label("service.name of the sender."),
  provider: label("gen_ai.provider.name, or the gateway's provider id where it has none."),
  request_model: label("The model asked for."),
  response_model: label("The model that answered."),
  status: label("ok, error, cancelled (the client left), cut (the upstream broke off), interrupted (a process died)."),
  http_status: column("nullable_uint16", "Nullable(UInt16) CODEC(T64, ZSTD(1))", "The status that the client saw."),
  error_type: label("error.type: a closed list for the gateway."),
  error_message: text("What failed, in the words of the provider or the sender."),
  is_stream: column("uint8", "UInt8 CODEC(T64, ZSTD(1))", "1 when the answer was streamed."),
  input_tokens: tokens("Cached reads and cache writes included."),
  output_tokens: tokens("Reasoning included."),
  cache_read_tokens: tokens("Part of input_tokens."),
  cache_write_tokens: tokens("Part of input_tokens."),
  cache_write_1h_tokens: tokens("The part of cache_write_tokens with the one-hour lifetime."),
  reasoning_tokens: tokens("Part of output_tokens."),
  input_audio_tokens: tokens("Part of input_tokens."),
  output_audio_tokens: tokens("Part of output_tokens."),
  usage_source: label("provider, estimated, reported, none."),
  cost_nano_usd: nanoUsd("Total; NULL when the price or the usage is unknown."),
  cost_input_nano_usd: nanoUsd("Of the total: uncached input."),
  cost_output_nano_usd: nanoUsd("Of the total: output, reasoning included."),
  cost_cache_read_nano_usd: nanoUsd("Of the total: cached reads."),
  cost_cache_write_nano_usd: nanoUsd("Of the total: cache writes."),
  price_version: label("The version of the price table that was used."),
  price_source: label("genai-prices, weir-tiers, weir-media, override, reported; empty when there was no price."),
  price_rates: label(
    'The rates used, as JSON: {"input_mtok":2.5,…}, in USD a million tokens (_mtok), a thousand calls (_kcount), an hour.',
  ),
  ttfb_ns: durationOrUnknown("From the request to the first byte of the answer's body."),
  ttft_ns: durationOrUnknown("Time to first token: first delta with content, reasoning or a tool call."),
  gateway_ns: durationOrUnknown(
    "What the gateway itself added: the duration less the time spent waiting for the provider or the client.",
  ),
  inter_token_p50_ns: durationOrUnknown("Median gap between content chunks."),
  inter_token_p95_ns: durationOrUnknown("95th percentile of the gaps."),
  inter_token_max_ns: durationOrUnknown("Longest stall between content chunks."),
  chunk_count: column("nullable_uint32", "Nullable(UInt32) CODEC(T64, ZSTD(1))", "Content chunks of a stream."),
  request_bytes: column("uint64", "UInt64 CODEC(T64, ZSTD(1))", "Bytes of the request's body."),
  response_bytes: column("uint64", "UInt64 CODEC(T64, ZSTD(1))", "Bytes of the answer's body."),
  finish_reason: label("stop, length, tool_call, content_filter, error …"),
  response_id: text("gen_ai.response.id."),
  http_route: label("Method and path template: `POST /v1/chat/completions`."),
  user_id: text("Who it was done for."),
  session_id: text("gen_ai.conversation.id or session.id."),
  tags: column("strings", "Array(LowCardinality(String))", "Free labels."),
  prompt_name: label("gen_ai.prompt.name."),
  prompt_version: label("gen_ai.prompt.version."),
  api_key_id: label("The Weir key that was used; empty without one."),
  environment: label("deployment.environment.name."),
  attributes: column(
    "string_map",
    "Map(LowCardinality(String), String) CODEC(ZSTD(1))",
    "Everything that has no column of its own.",
  ),
  content_format: label(
    "How to read input and output: openai.chat, openai.responses, openai.embeddings, anthropic.messages, weir.messages, text …",
  ),
  content_state: label("full, truncated, dropped, off, expired (kept shorter than the span)."),
  input: column("content", "String CODEC(ZSTD(3))", "What was asked, as content_format says."),
  output: column(
    "content",
    "String CODEC(ZSTD(3))",
    "What was answered; a stream is kept as the whole message that it adds up to.",
  ),
  input_preview: column(
    "string",
    "String CODEC(ZSTD(3))",
    "The last thing that the user said, at most 200 characters. Made of the input as the row is stored.",
  ),
  output_preview: column(
    "string",
    "String CODEC(ZSTD(3))",
    "The beginning of the answer, or its tool call. Made of the output as the row is stored.",
  ),
} as const satisfies Record<string, Column>;

type RowOf<Columns extends Record<string, Column>> = {
  -readonly [Name in keyof Columns]: Columns[Name] extends Column<infer Type> ? ColumnTypes[Type] : never;
};

/** A row of `spans`. */
export type SpanRow = RowOf<typeof spanColumns>;

const timeOf = (meaning: string) => column("time_ns", "DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))", meaning);
const attributeMap = (meaning: string) =>
  column("string_map", "Map(LowCardinality(String), String) CODEC(ZSTD(1))", meaning);
const measured = (meaning: string) => column("nullable_float64", "Nullable(Float64) CODEC(ZSTD(1))", meaning);
const counts = (meaning: string) => column("uint64s", "Array(UInt64) CODEC(Delta, ZSTD(1))", meaning);
const numbers = (meaning: string) => column("float64s", "Array(Float64) CODEC(ZSTD(1))", meaning);

/** One log record. */
export const logColumns = {
  project_id: label("The tenant."),
  retention_days: column("uint16", "UInt16 CODEC(T64, ZSTD(1))", "Days until the row expires: its retention class."),
  time: timeOf("When it happened; where the sender does not know, when it was observed or, at last, received."),
  observed_time: timeOf("When it was collected."),
  sequence: column("uint32", "UInt32 CODEC(Delta, ZSTD(1))", "Order of arrival: tells records of one instant apart."),
  severity_number: column(
    "uint8",
    "UInt8 CODEC(T64, ZSTD(1))",
    "1 to 24: trace, debug, info, warn, error, fatal; 0 untold.",
  ),
  severity_text: label("As the sender spells it."),
  event_name: label("The kind of an event: `gen_ai.choice`; empty for a plain record."),
  service_name: label("service.name of the sender."),
  environment: label("deployment.environment.name."),
  scope_name: label("The library that logged."),
  scope_version: label("Its version."),
  trace_id: column("hex16", "FixedString(16) CODEC(ZSTD(1))", "All zero outside of a trace."),
  span_id: column("hex8", "FixedString(8) CODEC(ZSTD(1))", "All zero outside of a span."),
  trace_flags: column("uint8", "UInt8 CODEC(T64, ZSTD(1))", "The W3C trace flags."),
  body_format: label("text, or json for a structured body."),
  body: column("content", "String CODEC(ZSTD(3))", "The message."),
  attributes: attributeMap("Attributes of the record; structured values as JSON."),
  resource: attributeMap("What describes the sender."),
} as const satisfies Record<string, Column>;

/** A row of `logs`. */
export type LogRow = RowOf<typeof logColumns>;

/** One point of a metric. Fields that its type does not have are NULL, zero or empty. */
export const metricPointColumns = {
  project_id: label("The tenant."),
  retention_days: column("uint16", "UInt16 CODEC(T64, ZSTD(1))", "Days until the row expires: its retention class."),
  metric_name: label("`gen_ai.client.token.usage`."),
  type: label("gauge, sum, histogram, exponential_histogram, summary."),
  unit: label("As UCUM spells it: s, By, {token}."),
  description: label("What is measured, in the sender's words."),
  temporality: label("delta: since the point before; cumulative: since start_time; empty for gauges."),
  is_monotonic: column("uint8", "UInt8 CODEC(T64, ZSTD(1))", "1 for a sum that only grows."),
  service_name: label("service.name of the sender."),
  environment: label("deployment.environment.name."),
  scope_name: label("The library that measured."),
  start_time: timeOf("Where a sum or histogram began to count; 1970 when untold."),
  time: timeOf("When it was measured."),
  flags: column("uint32", "UInt32 CODEC(T64, ZSTD(1))", "Bit 0: no value was recorded."),
  value: measured("Of a gauge or sum; NaN and infinities as they came."),
  count: column("nullable_uint64", "Nullable(UInt64) CODEC(T64, ZSTD(1))", "Measurements of a histogram or summary."),
  sum: measured("Their sum."),
  min: measured("The smallest of them, where told."),
  max: measured("The largest of them, where told."),
  bucket_bounds: numbers("Histogram: upper bounds, inclusive, all but the last bucket's."),
  bucket_counts: counts("Histogram: measurements by bucket, one more than bounds."),
  scale: column(
    "int32",
    "Int32 CODEC(T64, ZSTD(1))",
    "Exponential histogram: buckets grow by the factor 2^(2^-scale).",
  ),
  zero_count: column("uint64", "UInt64 CODEC(T64, ZSTD(1))", "Exponential histogram: measurements that are zero."),
  zero_threshold: column("float64", "Float64 CODEC(ZSTD(1))", "Exponential histogram: what counts as zero."),
  positive_offset: column("int32", "Int32 CODEC(T64, ZSTD(1))", "Exponential histogram: index of the first bucket."),
  positive_counts: counts("Exponential histogram: measurements by bucket."),
  negative_offset: column("int32", "Int32 CODEC(T64, ZSTD(1))", "The same below zero."),
  negative_counts: counts("The same below zero."),
  quantiles: numbers("Summary: 0 to 1."),
  quantile_values: numbers("Summary: the value at each quantile."),
  attributes: attributeMap("What tells the metric's series apart."),
  resource: attributeMap("What describes the sender."),
  exemplar_times: column("times_ns", "Array(DateTime64(9, 'UTC')) CODEC(ZSTD(1))", "Exemplars: when."),
  exemplar_values: numbers("Exemplars: what was measured."),
  exemplar_trace_ids: column(
    "hex16s",
    "Array(FixedString(16)) CODEC(ZSTD(1))",
    "Exemplars: in which trace; all zero in none.",
  ),
  exemplar_span_ids: column("hex8s", "Array(FixedString(8)) CODEC(ZSTD(1))", "Exemplars: in which span."),
} as const satisfies Record<string, Column>;

/** A row of `metric_points`. */
export type MetricPointRow = RowOf<typeof metricPointColumns>;

/** The tables that a process may write to through the pipeline. */
export const tableColumns = {
  spans: spanColumns,
  logs: logColumns,
  metric_points: metricPointColumns,
} as const satisfies Record<string, Record<string, Column>>;
export type TableName = keyof typeof tableColumns;

/**
 * Goes up with each change of what a block of an existing table means; journal frames carry it. A new table, or a column
 * that is made as rows are stored, changes no old block.
 */
export const columnsVersion = 1;
