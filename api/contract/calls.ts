import { z } from "zod";
import {
  anyOf,
  costFields,
  filterText,
  pageOf,
  pageQuery,
  projectQuery,
  rangeQuery,
  spanId,
  time,
  tokenFields,
  traceId,
  whole,
  wholeOrUnknown,
} from "./fields.ts";

/** What narrows a list of calls, a breakdown or a chart. Different fields are joined by "and". */
export const callFilterQuery = {
  model: anyOf.optional().describe("The model that answered, or, where none is known, the one asked for."),
  provider: anyOf.optional(),
  status: anyOf.optional().describe("ok, error, cancelled, cut, interrupted."),
  kind: anyOf.optional().describe("llm, embedding, reranker, http, tool … Default: llm, embedding, reranker and http."),
  source: anyOf.optional().describe("gateway, rest, otlp, ai-apm."),
  error_type: anyOf.optional(),
  user_id: anyOf.optional(),
  session_id: anyOf.optional(),
  api_key_id: anyOf.optional(),
  service_name: anyOf.optional(),
  environment: anyOf.optional(),
  prompt_name: anyOf.optional(),
  tag: anyOf.optional(),
  trace_id: traceId.optional(),
  q: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("Text that input, output, name or error message contains; any case."),
  filter: filterText.optional(),
};

export const listCallsQuery = z.object({ ...rangeQuery, ...callFilterQuery, ...pageQuery });
export type ListCallsQuery = z.input<typeof listCallsQuery>;

/** One call or step, without its content. An empty text means "none". */
export const callSummary = z
  .object({
    span_id: z.string(),
    trace_id: z.string(),
    parent_span_id: z.string().nullable(),
    is_entry: z.boolean().describe("True without a parent, or with one in another process."),
    project_id: z.string(),
    start_time: time,
    end_time: time,
    duration_ns: whole,
    name: z.string(),
    kind: z.string().describe("llm, embedding, reranker, retriever, tool, agent, chain, guardrail, evaluator, http."),
    source: z.string().describe("Who recorded it: gateway, rest, otlp, ai-apm."),
    operation: z.string(),
    service_name: z.string(),
    provider: z.string(),
    request_model: z.string(),
    response_model: z.string(),
    status: z.string().describe("ok, error, cancelled, cut, interrupted."),
    http_status: wholeOrUnknown,
    error_type: z.string(),
    error_message: z.string().describe("In lists, its beginning."),
    is_stream: z.boolean(),
    ...tokenFields,
    usage_source: z.string().describe("provider, estimated, reported, none."),
    ...costFields,
    ttft_ns: wholeOrUnknown.describe("Time to first token."),
    ttfb_ns: wholeOrUnknown.describe("Time to the first byte of the answer's body."),
    finish_reason: z.string(),
    user_id: z.string(),
    session_id: z.string(),
    tags: z.array(z.string()),
    prompt_name: z.string(),
    prompt_version: z.string(),
    api_key_id: z.string(),
    environment: z.string(),
    input_preview: z
      .string()
      .describe("The beginning of the last thing that the user said; empty when it was not kept."),
    output_preview: z.string().describe("The beginning of the answer."),
  })
  .meta({ id: "CallSummary" });
export type CallSummary = z.infer<typeof callSummary>;

export const callPage = pageOf(callSummary).meta({ id: "CallPage" });
export type CallPage = z.infer<typeof callPage>;

export const callParams = z.object({ span_id: spanId });

export const getCallQuery = z.object({
  ...projectQuery,
  trace_id: traceId.optional().describe("The call's trace, if known: the look-up is faster."),
  start_time: time.optional().describe("The call's start, if known: the look-up is faster."),
});
export type GetCallQuery = z.input<typeof getCallQuery>;

/** Everything of one call. `input` and `output` are to be read as `content_format` says. */
export const callDetail = callSummary
  .extend({
    retention_days: whole,
    cache_write_1h_tokens: wholeOrUnknown.describe("Part of cache_write_tokens."),
    input_audio_tokens: wholeOrUnknown.describe("Part of input_tokens."),
    output_audio_tokens: wholeOrUnknown.describe("Part of output_tokens."),
    cost_input_nano_usd: z.number().int().nullable().describe("Of the total: uncached input."),
    cost_output_nano_usd: z.number().int().nullable().describe("Of the total: output."),
    cost_cache_read_nano_usd: z.number().int().nullable().describe("Of the total: cached reads."),
    cost_cache_write_nano_usd: z.number().int().nullable().describe("Of the total: cache writes."),
    price_version: z.string(),
    price_source: z.string().describe("genai-prices, override, reported; empty without a price."),
    price_rates: z
      .record(z.string(), z.number())
      .nullable()
      .describe(
        "The rates used, in USD a million tokens (input_mtok …), a thousand calls (web_searches_kcount …) or an hour.",
      ),
    gateway_ns: wholeOrUnknown.describe("What the gateway itself added."),
    inter_token_p50_ns: wholeOrUnknown,
    inter_token_p95_ns: wholeOrUnknown,
    inter_token_max_ns: wholeOrUnknown,
    chunk_count: wholeOrUnknown,
    request_bytes: whole,
    response_bytes: whole,
    response_id: z.string(),
    http_route: z.string(),
    attributes: z.record(z.string(), z.string()),
    content_format: z
      .string()
      .describe("openai.chat, openai.responses, anthropic.messages, weir.messages, text, json …"),
    content_state: z.string().describe("full, truncated, dropped, off, expired."),
    input: z.string(),
    output: z.string(),
  })
  .meta({ id: "CallDetail" });
export type CallDetail = z.infer<typeof callDetail>;
