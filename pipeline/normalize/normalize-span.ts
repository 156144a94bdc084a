import {
  billedKinds,
  defaultRetentionDays,
  latestTimeUnixNano,
  newSpanRow,
  noSpanId,
  type PricedCost,
  type ProjectId,
  parseSpanId,
  parseTraceId,
  priceUsage,
  type SpanKind,
  type SpanRow,
  type Usage,
  usualOperations,
} from "@weir/model";
import type { Span } from "@weir/otlp";
import { objectOf, textOf } from "./attribute-value.ts";
import { type FieldValues, readFields } from "./compiled-fields.ts";
import { readContent, type SpanContent } from "./content.ts";
import { haystackMeta } from "./dialects/haystack.ts";
import { finishReason } from "./finish-reason.ts";
import { keptAttributes } from "./kept-attributes.ts";
import { metadataAttributes } from "./metadata.ts";
import { providerName, providerOfModel } from "./provider-names.ts";
import { requestParameters } from "./request-parameters.ts";
import { httpStatus, outcome } from "./status.ts";
import { isStream, timeToFirstTokenNs } from "./timing.ts";
import { spanUsage } from "./usage.ts";

export interface NormalizeContext {
  readonly projectId: ProjectId;
  /** The retention class of the project; the default one when absent. */
  readonly retentionDays?: number;
}

/**
 * The row of a span of any dialect. Never throws, whatever the attributes hold: what cannot be read stays unknown, and
 * the attributes themselves are kept. Usage and cost are set on the kinds that call a model only: what wraps them
 * repeats what its children used.
 */
export function normalizeSpan(span: Span, context: NormalizeContext): SpanRow {
  const fields = readFields(span.attributes);
  const kind = spanKind(span, fields);
  const isRoot = parseSpanId(span.parentSpanId) === undefined;
  const content = readContent({ attributes: span.attributes, events: span.events, kind, isRoot, fields });
  const row = newSpanRow(
    context.projectId,
    "otlp",
    // biome-ignore lint/complexity/useMathMinMax: it does not take bigints.
    span.startTimeUnixNano > latestTimeUnixNano ? latestTimeUnixNano : span.startTimeUnixNano,
  );
  row.retention_days = context.retentionDays ?? defaultRetentionDays;
  row.kind = kind;
  setIdentity(row, span);
  setModel(row, span, fields, content);
  setOutcome(row, span, fields, content);
  setAttribution(row, span, fields);
  row.content_format = content.format;
  if (content.isTruncated) row.content_state = "truncated";
  row.input = content.input;
  row.output = content.output;
  row.attributes = keptAttributes(span, content.keys);
  Object.assign(row.attributes, canonicalAttributes(span, fields, kind));
  if (billedKinds.has(kind)) setUsageAndCost(row, span, fields);
  return row;
}

function spanKind(span: Span, fields: FieldValues): SpanKind {
  if (fields.kind !== undefined) return fields.kind;
  if (Object.keys(span.attributes).some((key) => key.startsWith("db.vector."))) return "retriever";
  const hasModel = fields.request_model !== undefined || fields.response_model !== undefined;
  return hasModel ? "llm" : "chain";
}

function setIdentity(row: SpanRow, span: Span): void {
  row.trace_id = parseTraceId(span.traceId) ?? row.trace_id;
  row.span_id = parseSpanId(span.spanId) ?? row.span_id;
  row.parent_span_id = parseSpanId(span.parentSpanId) ?? noSpanId;
  row.is_entry = row.parent_span_id === noSpanId || hasRemoteParent(span) ? 1 : 0;
  const durationNs = span.endTimeUnixNano - span.startTimeUnixNano;
  row.duration_ns = durationNs > 0n ? Math.min(Number(durationNs), Number.MAX_SAFE_INTEGER) : 0;
  row.name = span.name;
}

const flagKnowsRemote = 0x100;
const flagIsRemote = 0x200;
const kindServer = 2;
const kindConsumer = 5;

/** As the flags say; senders that do not set them give it away by the kind of span that answers another process. */
export function hasRemoteParent({ flags, kind }: Pick<Span, "flags" | "kind">): boolean {
  if ((flags & flagKnowsRemote) !== 0) return (flags & flagIsRemote) !== 0;
  return kind === kindServer || kind === kindConsumer;
}

function setModel(row: SpanRow, span: Span, fields: FieldValues, content: SpanContent): void {
  const meta = haystackMeta(span.attributes);
  row.operation = fields.operation ?? usualOperations[row.kind as SpanKind] ?? "";
  row.request_model = fields.request_model ?? (billedKinds.has(row.kind) ? content.requestModel : undefined) ?? "";
  row.response_model = fields.response_model ?? content.model ?? textOf(meta["model"]) ?? "";
  row.provider = providerName(fields.provider ?? "");
  if (row.provider === "" && row.kind !== "tool") {
    row.provider = componentProvider(span) || providerOfModel(row.response_model || row.request_model);
  }
  row.response_id = fields.response_id ?? content.id ?? "";
  if (!billedKinds.has(row.kind)) return;
  const reason = fields.finish_reason ?? content.finishReason ?? textOf(meta["finish_reason"]);
  row.finish_reason = reason === undefined ? "" : finishReason(reason);
  row.is_stream = isStream(span, fields) ? 1 : 0;
  row.ttft_ns = timeToFirstTokenNs(span, fields);
}

/** Haystack's components and MLflow's message formats are named for the provider whose API they speak. */
function componentProvider({ attributes }: Span): string {
  const name = textOf(attributes["haystack.component.type"]) ?? textOf(attributes["mlflow.message.format"]) ?? "";
  return /openai/i.test(name) && !/azure/i.test(name) ? "openai" : /anthropic/i.test(name) ? "anthropic" : "";
}

function setOutcome(row: SpanRow, span: Span, fields: FieldValues, content: SpanContent): void {
  const { status, errorType, errorMessage } = outcome(span, fields);
  row.status = status;
  row.error_type = errorType;
  row.error_message = errorMessage;
  row.http_status = httpStatus(span, fields);
  if (content.finishReason === "error" && row.status === "ok") row.finish_reason ||= "error";
}

function setAttribution(row: SpanRow, span: Span, fields: FieldValues): void {
  const { resource } = span;
  row.service_name = textOf(resource["service.name"]) ?? textOf(span.attributes["service.name"]) ?? "";
  row.environment =
    fields.environment ??
    textOf(resource["deployment.environment.name"]) ??
    textOf(resource["deployment.environment"]) ??
    "";
  row.user_id = fields.user_id ?? "";
  row.session_id = fields.session_id ?? "";
  row.tags = [...(fields.tags ?? [])];
  const langfusePrompt = objectOf(span.attributes["ai.telemetry.metadata.langfusePrompt"]);
  row.prompt_name = fields.prompt_name ?? textOf(langfusePrompt["name"]) ?? "";
  row.prompt_version = fields.prompt_version ?? textOf(langfusePrompt["version"]) ?? "";
}

/** What has no column under the names of OpenTelemetry, so that one key finds it for every dialect. */
function canonicalAttributes(span: Span, fields: FieldValues, kind: SpanKind): Record<string, string> {
  const { attributes } = span;
  const isTool = kind === "tool";
  const entityName = textOf(attributes["traceloop.entity.name"]);
  const toolName = isTool ? (fields.tool_name ?? entityName) : undefined;
  const agentName =
    fields.agent_name ?? (kind === "agent" ? (entityName ?? textOf(attributes["haystack.component.name"])) : undefined);
  return {
    ...metadataAttributes(attributes),
    ...requestParameters(attributes, fields),
    ...(toolName !== undefined && { "gen_ai.tool.name": toolName }),
    ...(isTool && fields.tool_call_id !== undefined && { "gen_ai.tool.call.id": fields.tool_call_id }),
    ...(agentName !== undefined && { "gen_ai.agent.name": agentName }),
  };
}

function setUsageAndCost(row: SpanRow, span: Span, fields: FieldValues): void {
  const { usage, rule } = spanUsage(span, fields);
  Object.assign(row, usage);
  if (usage.input_tokens !== null || usage.output_tokens !== null) row.usage_source = "reported";
  if (row.kind === "embedding" && row.input_tokens !== null) row.output_tokens ??= 0;
  if (rule !== undefined) row.attributes = { ...row.attributes, "weir.usage_rule": rule };
  setCost(row, fields, new Date(Number(row.start_time / 1_000_000n)));
}

/** What the cost of a row depends on, and where it goes. */
type PricedRow = Usage &
  Pick<SpanRow, "provider" | "request_model" | "response_model"> & {
    -readonly [Field in keyof PricedCost]: SpanRow[Field];
  };
type PricedFields = Pick<FieldValues, "set_cost" | "reported_cost" | "is_batch" | "service_tier">;

/**
 * The user's own amount, and OpenRouter's, which is its bill, come before our price; what an SDK worked out from a
 * table of its own comes after it. Unknown stays null.
 */
export function setCost(row: PricedRow, fields: PricedFields, startedAt: Date): void {
  const billed = fields.set_cost ?? (row.provider === "openrouter" ? fields.reported_cost : undefined);
  const priced = billed === undefined ? priceOf(row, fields, startedAt) : null;
  const reported = billed ?? fields.reported_cost;
  if (priced !== null) setPriced(row, priced);
  else if (reported !== undefined) setReported(row, reported);
}

/** Field by field, and not by `Object.assign`, which looks each one up: every call of a model comes by here. */
function setPriced(row: PricedRow, priced: PricedCost): void {
  row.cost_nano_usd = priced.cost_nano_usd;
  row.cost_input_nano_usd = priced.cost_input_nano_usd;
  row.cost_output_nano_usd = priced.cost_output_nano_usd;
  row.cost_cache_read_nano_usd = priced.cost_cache_read_nano_usd;
  row.cost_cache_write_nano_usd = priced.cost_cache_write_nano_usd;
  row.price_version = priced.price_version;
  row.price_source = priced.price_source;
  row.price_rates = priced.price_rates;
}

/** Our own price of the model that answered, or of the one asked for where a deployment answers under its own name. */
function priceOf(row: PricedRow, fields: PricedFields, at: Date): PricedCost | null {
  const { provider, response_model, request_model } = row;
  const tier = fields.is_batch === true ? "batch" : (fields.service_tier ?? "");
  const price = (model: string) => priceUsage({ provider, model, usage: row, at, serviceTier: tier });
  return (response_model === "" ? null : price(response_model)) ?? (request_model === "" ? null : price(request_model));
}

function setReported(row: PricedRow, usd: number): void {
  const nanoUsd = Math.round(usd * 1e9);
  if (!Number.isSafeInteger(nanoUsd)) return;
  row.cost_nano_usd = nanoUsd;
  row.price_source = "reported";
}
