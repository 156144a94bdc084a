import type { SpanRow } from "./columns.ts";
import { newSpanId, newTraceId, noSpanId, type ProjectId, type SpanId, type TraceId } from "./ids.ts";
import { defaultRetentionDays } from "./retention.ts";

export const spanStatuses = ["ok", "error", "cancelled", "cut", "interrupted"] as const;
export type SpanStatus = (typeof spanStatuses)[number];

export type SpanSource = "gateway" | "rest" | "otlp" | "ai-apm";

/** How `input` and `output` are to be read; see `message.ts`. */
export const contentFormats = [
  "",
  "text",
  "json",
  "weir.messages",
  "openai.chat",
  "openai.completions",
  "openai.responses",
  "openai.embeddings",
  "openai.images",
  "openai.audio",
  "openai.moderations",
  "anthropic.messages",
  "gemini.generate",
  "gemini.embed",
  "gemini.interactions",
  "vertex.predict",
  "palm",
  "cohere.chat",
  "cohere.v1.chat",
  "cohere.generate",
  "cohere.embed",
  "cohere.rerank",
  "bedrock.converse",
  "bedrock.invoke",
  "ollama.chat",
  "ollama.generate",
  "ollama.embed",
] as const;
export type ContentFormat = (typeof contentFormats)[number];

/** The attribute of a row whose caller said by its traceparent that the trace is not sampled. */
export const unsampledParentAttribute = "weir.parent_unsampled";

/** A row with nothing known, for the caller to fill; its ids are fresh where none are given. */
export function newSpanRow(
  projectId: ProjectId,
  source: SpanSource,
  startTimeUnixNano: bigint,
  traceId: TraceId = newTraceId(),
  spanId: SpanId = newSpanId(),
): SpanRow {
  // Written out to the last field: a spread would make every row a slow object.
  return {
    project_id: projectId,
    retention_days: defaultRetentionDays,
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: noSpanId,
    is_entry: 1,
    start_time: startTimeUnixNano,
    duration_ns: 0,
    name: "",
    kind: "chain",
    source,
    operation: "",
    service_name: "",
    provider: "",
    request_model: "",
    response_model: "",
    status: "ok",
    http_status: null,
    error_type: "",
    error_message: "",
    is_stream: 0,
    input_tokens: null,
    output_tokens: null,
    cache_read_tokens: null,
    cache_write_tokens: null,
    cache_write_1h_tokens: null,
    reasoning_tokens: null,
    input_audio_tokens: null,
    output_audio_tokens: null,
    usage_source: "none",
    cost_nano_usd: null,
    cost_input_nano_usd: null,
    cost_output_nano_usd: null,
    cost_cache_read_nano_usd: null,
    cost_cache_write_nano_usd: null,
    price_version: "",
    price_source: "",
    price_rates: "",
    ttfb_ns: null,
    ttft_ns: null,
    gateway_ns: null,
    inter_token_p50_ns: null,
    inter_token_p95_ns: null,
    inter_token_max_ns: null,
    chunk_count: null,
    request_bytes: 0,
    response_bytes: 0,
    finish_reason: "",
    response_id: "",
    http_route: "",
    user_id: "",
    session_id: "",
    tags: [],
    prompt_name: "",
    prompt_version: "",
    api_key_id: "",
    environment: "",
    attributes: {},
    content_format: "",
    content_state: "full",
    input: "",
    output: "",
    input_preview: "",
    output_preview: "",
  };
}
