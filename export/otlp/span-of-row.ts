import { noSpanId, type SpanRow } from "@weir/model";
import type { AnyValue, Attributes, InstrumentationScope, Span } from "@weir/otlp";
import type { GenAiContent } from "./gen-ai-messages.ts";

/** What all that leaves has in common: compared by identity when requests are put together. */
export interface Sender {
  readonly resource: Attributes;
  readonly scope: InstrumentationScope;
}

const kindInternal = 1;
const kindClient = 3;
const statusUnset = 0;
const statusError = 2;
const flagSampled = 0x01;
const flagHasRemoteness = 0x100;
const flagParentIsRemote = 0x200;

/** Kinds whose work is done by another process than the caller's. */
const remoteKinds = new Set(["llm", "embedding", "reranker", "retriever", "http"]);

/** The span of OpenTelemetry that a call's row stands for, by the GenAI conventions. */
export function spanOfRow(row: SpanRow, sender: Sender, content: GenAiContent | undefined): Span {
  const hasParent = row.parent_span_id !== noSpanId;
  const isError = row.status !== "ok" && row.status !== "cancelled";
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: hasParent ? row.parent_span_id : "",
    traceState: "",
    flags: flagSampled | flagHasRemoteness | (hasParent && row.source === "gateway" ? flagParentIsRemote : 0),
    name: row.name,
    kind: remoteKinds.has(row.kind) ? kindClient : kindInternal,
    startTimeUnixNano: row.start_time,
    endTimeUnixNano: row.start_time + BigInt(row.duration_ns),
    attributes: { ...callAttributes(row), ...contentAttributes(content) },
    events: [],
    links: [],
    statusCode: isError ? statusError : statusUnset,
    statusMessage: isError ? row.error_message : "",
    ...sender,
  };
}

/** What is known of a call, without its content. What is unknown is left out. */
export function callAttributes(row: SpanRow): Attributes {
  const [method = "", route = ""] = row.http_route.split(" ");
  const attributes: Record<string, AnyValue> = {
    "gen_ai.operation.name": row.operation,
    "gen_ai.provider.name": row.kind === "http" ? "" : row.provider,
    "gen_ai.request.model": row.request_model,
    "gen_ai.response.model": row.response_model,
    "gen_ai.response.id": row.response_id,
    "gen_ai.response.finish_reasons": row.finish_reason === "" ? null : [row.finish_reason],
    "gen_ai.response.time_to_first_chunk": seconds(row.ttft_ns),
    "gen_ai.request.stream": row.is_stream === 1 ? true : null,
    "gen_ai.usage.input_tokens": row.input_tokens,
    "gen_ai.usage.output_tokens": row.output_tokens,
    "gen_ai.usage.cache_read.input_tokens": row.cache_read_tokens,
    "gen_ai.usage.cache_creation.input_tokens": row.cache_write_tokens,
    "gen_ai.usage.reasoning.output_tokens": row.reasoning_tokens,
    "gen_ai.conversation.id": row.session_id,
    "gen_ai.prompt.name": row.prompt_name,
    "gen_ai.prompt.version": row.prompt_version,
    "user.id": row.user_id,
    "deployment.environment.name": row.environment,
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": row.http_status,
    "error.type": row.error_type,
    "weir.project.id": row.project_id,
    "weir.call.id": row.span_id,
    "weir.status": row.status,
    "weir.service.name": row.service_name,
    "weir.api_key.id": row.api_key_id,
    "weir.tags": row.tags.length === 0 ? null : [...row.tags],
    "weir.cost_usd": row.cost_nano_usd === null ? null : row.cost_nano_usd / 1e9,
    "weir.time_to_first_byte": seconds(row.ttfb_ns),
    "weir.gateway_overhead": seconds(row.gateway_ns),
    ...row.attributes,
  };
  for (const key of Object.keys(attributes)) {
    if (attributes[key] === null || attributes[key] === "") delete attributes[key];
  }
  return attributes;
}

export function contentAttributes(content: GenAiContent | undefined): Attributes {
  if (content === undefined) return {};
  const attributes: Record<string, AnyValue> = {
    "gen_ai.input.messages": content.inputMessages,
    "gen_ai.output.messages": content.outputMessages,
    "gen_ai.system_instructions": content.systemInstructions,
    "gen_ai.tool.definitions": content.toolDefinitions,
  };
  for (const key of Object.keys(attributes)) if (attributes[key] === "") delete attributes[key];
  return attributes;
}

function seconds(ns: number | null): number | null {
  return ns === null ? null : ns / 1e9;
}
