import {
  billedDetails,
  newSpanRow,
  type PricedCost,
  priceUsage,
  type SpanRow,
  streamGapsAttribute,
  unsampledParentAttribute,
} from "@weir/model";
import { finishReason } from "../providers/finish-reason.ts";
import type { Answer } from "../providers/shape.ts";
import type { CallRecord, ErrorType } from "./call-record.ts";
import { unixNanoAt } from "./clock.ts";
import { validUtf8 } from "./observe.ts";

const errorTypesByStatus: Readonly<Record<number, ErrorType>> = {
  400: "invalid_request",
  401: "authentication",
  402: "payment",
  403: "permission",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  422: "invalid_request",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

export function errorTypeOf(status: number): ErrorType {
  return errorTypesByStatus[status] ?? (status >= 500 ? "server_error" : "invalid_request");
}

/** The row of a call that is under way: what is known before the answer. */
export function openRow(call: CallRecord): SpanRow {
  const startNs = unixNanoAt(call.startMs);
  const row = newSpanRow(call.admission.projectId, "gateway", startNs, call.traceId, call.spanId);
  const { api, provider, attribution } = call;
  row.parent_span_id = call.parentSpanId;
  row.kind = api.kind;
  row.operation = api.operation;
  row.provider = provider.otelName;
  row.request_model = call.requestModel;
  row.name = nameOf(call);
  row.http_route = `${call.method} ${api.route}`;
  row.is_stream = call.asksForStream ? 1 : 0;
  row.request_bytes = call.requestBytes;
  row.api_key_id = call.admission.apiKeyId;
  row.content_format = api.format;
  row.content_state = "dropped";
  row.attributes = attributesOf(call);
  row.user_id = attribution?.userId || call.bodyUser;
  if (attribution === undefined) return row;
  row.session_id = attribution.sessionId;
  row.tags = attribution.tags;
  row.prompt_name = attribution.promptName;
  row.prompt_version = attribution.promptVersion;
  row.service_name = attribution.serviceName;
  row.environment = attribution.environment;
  return row;
}

/** The row of an ended call. */
export function callRow(call: CallRecord): SpanRow {
  const row = openRow(call);
  const { observer } = call;
  row.duration_ns = nanos(call.endMs - call.startMs);
  row.gateway_ns = nanos(call.ownMs);
  row.http_status = call.httpStatus;
  row.response_bytes = call.responseBytes;
  if (call.firstByteAtMs !== 0) row.ttfb_ns = nanos(call.firstByteAtMs - call.startMs);
  if (observer !== undefined) {
    readAnswer(row, call, observer.answer);
    if (observer.isStream) readTimes(row, call);
  }
  // Some clients, OpenAI's SDKs among them, leave at a stream's last event: they have the whole answer.
  row.status = call.status === "cancelled" && observer?.isStreamOver === true ? "ok" : call.status;
  row.error_type = call.errorType;
  row.error_message = call.errorMessage;
  readStatus(row, call);
  readContent(row, call);
  return row;
}

function nameOf(call: CallRecord): string {
  if (call.api.operation === "") return `${call.method} ${call.api.route}`;
  return call.requestModel === "" ? call.api.operation : `${call.api.operation} ${call.requestModel}`;
}

function attributesOf(call: CallRecord): Record<string, string> {
  const attributes: Record<string, string> = {};
  const metadata = call.attribution?.metadata;
  if (metadata !== undefined)
    for (const key of Object.keys(metadata)) attributes[`metadata.${key}`] = metadata[key] ?? "";
  if (call.provider.otelName !== call.provider.id) attributes["weir.provider"] = call.provider.id;
  if (call.admission.maskedCredential !== "") attributes["weir.credential"] = call.admission.maskedCredential;
  if (call.retries > 0) attributes["weir.retries"] = String(call.retries);
  if (!call.isParentSampled) attributes[unsampledParentAttribute] = "1";
  const alias = call.attribution?.traceAlias;
  if (alias) attributes["weir.trace_alias"] = alias;
  return attributes;
}

/** Counts that have no column, of the request and of its answer. */
function detailsOf(call: CallRecord, answer: Answer): Record<string, number> {
  return { ...call.bill?.details, ...answer.details };
}

function detailAttributes(details: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [`usage.${name}`, String(value)]));
}

function readAnswer(row: SpanRow, call: CallRecord, answer: Answer): void {
  row.response_model = answer.model;
  row.response_id = answer.id;
  row.finish_reason = finishReason(answer.finish);
  row.attributes = { ...row.attributes, ...detailAttributes(detailsOf(call, answer)) };
  if (answer.isLate) becomeCall(row, answer);
  if (answer.hasUsage) {
    Object.assign(row, answer.usage);
    row.usage_source = "provider";
  }
  if (answer.hasUsage || isAnswered(call, answer)) readCost(row, call, answer);
}

/** What only the request tells of a bill counts where the request was answered. */
function isAnswered(call: CallRecord, answer: Answer): boolean {
  // What a session's events tell of has no status of HTTP.
  return call.status === "ok" && (call.httpStatus ?? 200) < 300 && answer.errorMessage === "";
}

/** What was asked for was a call's result: this is where its usage and content are known. */
function becomeCall(row: SpanRow, answer: Answer): void {
  row.kind = "llm";
  row.operation = "chat";
  row.request_model = answer.model;
  row.name = `chat ${answer.model}`;
  row.content_format = "openai.responses";
}

function readCost(row: SpanRow, call: CallRecord, answer: Answer): void {
  const priced = priceOf(call, answer, answer.model) ?? priceOf(call, answer, call.requestModel);
  if (answer.costNanoUsd !== null) {
    // What the provider says it took is nearer the bill than any table.
    row.cost_nano_usd = answer.costNanoUsd;
    row.price_source = "reported";
  } else if (priced !== null) {
    Object.assign(row, priced);
  }
}

/** By the model that answered, or the one that was asked for: a deployment's or a profile's name has no price. */
function priceOf(call: CallRecord, answer: Answer, model: string): PricedCost | null {
  if (model === "") return null;
  const at = new Date(performance.timeOrigin + call.startMs);
  const counts = answer.billed ?? answer.usage;
  // Vectors and rankings are no tokens, also where a price for output is listed.
  const output_tokens = call.api.kind === "llm" ? counts.output_tokens : (counts.output_tokens ?? 0);
  const told = detailsOf(call, answer);
  const usage = { ...counts, output_tokens, details: billedDetails((name) => told[name]) };
  const { serviceTier } = answer;
  return priceUsage({
    provider: call.provider.otelName,
    model,
    usage,
    at,
    serviceTier,
    variant: call.bill?.variant ?? "",
  });
}

function readTimes(row: SpanRow, call: CallRecord): void {
  const observer = call.observer;
  if (observer === undefined) return;
  row.is_stream = 1;
  if (observer.firstContentAtMs !== 0) row.ttft_ns = nanos(observer.firstContentAtMs - call.startMs);
  const gaps = observer.gaps.summary();
  row.inter_token_p50_ns = gaps.p50;
  row.inter_token_p95_ns = gaps.p95;
  row.inter_token_max_ns = gaps.max;
  row.chunk_count = observer.gaps.chunkCount;
  const rhythm = observer.gaps.rhythm();
  if (rhythm !== "") row.attributes = { ...row.attributes, [streamGapsAttribute]: rhythm };
}

/** What the answer itself says went wrong, where nothing worse was found. */
function readStatus(row: SpanRow, call: CallRecord): void {
  if (row.status !== "ok") return;
  const { httpStatus, observer } = call;
  if (httpStatus !== null && httpStatus >= 400) {
    row.status = "error";
    row.error_type = errorTypeOf(httpStatus);
    row.error_message = observer?.answer.errorMessage ?? "";
  } else if (observer !== undefined && observer.answer.errorMessage !== "") {
    row.status = "error";
    row.error_type = "stream_error";
    row.error_message = observer.answer.errorMessage;
  } else if (observer !== undefined && !observer.isComplete) {
    row.status = "cut";
    row.error_type = "stream_incomplete";
    row.error_message = "The provider ended the stream without its last event.";
  }
}

function readContent(row: SpanRow, call: CallRecord): void {
  if (call.inputState === "off") {
    row.content_state = "off";
    return;
  }
  const { input, observer } = call;
  if (input !== undefined && input.length > 0) row.input = validUtf8(input.bytes());
  if (observer !== undefined) row.output = observer.output;
  const isInputWhole = call.requestBytes === 0 || (input?.state === "full" && input.length > 0);
  if (row.input === "" && observer?.outputState !== "full") row.content_format = "";
  if (input?.state === "truncated" || observer?.outputState === "truncated") row.content_state = "truncated";
  else if (isInputWhole && (call.responseBytes === 0 || observer?.outputState === "full")) row.content_state = "full";
}

function nanos(ms: number): number {
  return Math.max(0, Math.round(ms * 1e6));
}
