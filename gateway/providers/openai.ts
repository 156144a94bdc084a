import { ownValue, type Usage } from "@weir/model";
import { ChatStream } from "./openai-chat-stream.ts";
import { openaiMediaRoutes } from "./openai-media.ts";
import { ResponsesStream } from "./openai-responses-stream.ts";
import { rerankRoutes } from "./rerank.ts";
import {
  type Answer,
  type Api,
  type ApiRoute,
  countOf,
  defineApi,
  isRecord,
  type Json,
  listOf,
  noteCount,
  noteDetail,
  recordOf,
  routeEnding,
  textOf,
} from "./shape.ts";

/**
 * The usage object of chat completions, completions and embeddings, with the vendors' variations: DeepSeek counts
 * `prompt_cache_hit_tokens`, Mistral `num_cached_tokens`, Together a plain `cached_tokens`; xAI and Gemini leave
 * reasoning out of `completion_tokens`, which the total gives away.
 */
export function readChatUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const input = recordOf(raw["prompt_tokens_details"] ?? raw["prompt_token_details"]);
  const output = recordOf(raw["completion_tokens_details"]);
  const usage = answer.usage;
  answer.hasUsage = true;
  usage.input_tokens = countOf(raw["prompt_tokens"]) ?? usage.input_tokens;
  usage.reasoning_tokens =
    countOf(output["reasoning_tokens"]) ?? countOf(raw["reasoning_tokens"]) ?? usage.reasoning_tokens;
  usage.output_tokens = chatOutputTokens(raw, usage) ?? usage.output_tokens;
  usage.cache_read_tokens =
    countOf(input["cached_tokens"]) ??
    countOf(raw["prompt_cache_hit_tokens"]) ??
    countOf(raw["num_cached_tokens"]) ??
    countOf(raw["cached_tokens"]) ??
    usage.cache_read_tokens;
  usage.cache_write_tokens = countOf(input["cache_write_tokens"]) ?? usage.cache_write_tokens;
  usage.input_audio_tokens = countOf(input["audio_tokens"]) ?? usage.input_audio_tokens;
  usage.output_audio_tokens = countOf(output["audio_tokens"]) ?? usage.output_audio_tokens;
  answer.costNanoUsd = reportedCost(raw) ?? answer.costNanoUsd;
  noteDetail(answer, "web_search_requests", raw["num_search_queries"]);
  noteDetail(answer, "search_sources", raw["num_sources_used"]);
  const serverTools = recordOf(raw["server_tool_use_details"] ?? raw["server_tool_use"]);
  noteDetail(answer, "web_search_requests", serverTools["web_search_requests"]);
}

/**
 * Completion tokens with reasoning: some vendors leave it out of `completion_tokens` but count it in the total;
 * Perplexity's deep research leaves it out of both.
 */
function chatOutputTokens(raw: Json, usage: Usage): number | null {
  const completion = countOf(raw["completion_tokens"]);
  const besides = countOf(raw["reasoning_tokens"]);
  if (completion !== null && besides !== null && besides > completion) return completion + besides;
  const prompt = countOf(raw["prompt_tokens"]);
  const total = countOf(raw["total_tokens"]);
  if (completion === null || prompt === null || total === null) return completion;
  const isReasoningApart = usage.reasoning_tokens !== null && total === prompt + completion + usage.reasoning_tokens;
  return isReasoningApart ? total - prompt : completion;
}

/**
 * OpenRouter's `cost` (with what was billed to the user's own key added), Perplexity's `cost.total_cost`, xAI's ticks, of
 * which 10¹⁰ are a dollar.
 */
export function reportedCost(raw: Json): number | null {
  const ticks = raw["cost_in_usd_ticks"];
  if (typeof ticks === "number") return nanoUsd(ticks / 1e10);
  const cost = raw["cost"];
  if (isRecord(cost)) return nanoUsd(cost["total_cost"]);
  const own = raw["is_byok"] === true ? nanoUsd(recordOf(raw["cost_details"])["upstream_inference_cost"]) : 0;
  const total = nanoUsd(cost);
  return total === null || own === null ? null : total + own;
}

function nanoUsd(usd: unknown): number | null {
  return typeof usd === "number" && usd >= 0 && usd < 1e6 ? Math.round(usd * 1e9) : null;
}

/** The usage object of the Responses API. */
export function readResponsesUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const input = recordOf(raw["input_tokens_details"]);
  const usage = answer.usage;
  answer.hasUsage = true;
  usage.input_tokens = countOf(raw["input_tokens"]);
  usage.output_tokens = countOf(raw["output_tokens"]);
  usage.cache_read_tokens = countOf(input["cached_tokens"]);
  usage.cache_write_tokens = countOf(input["cache_write_tokens"]);
  usage.reasoning_tokens = countOf(recordOf(raw["output_tokens_details"])["reasoning_tokens"]);
  answer.costNanoUsd = reportedCost(raw) ?? answer.costNanoUsd;
}

export function readChatObject(body: Json, answer: Answer): void {
  answer.model = textOf(body["model"]);
  answer.id = textOf(body["id"]);
  answer.serviceTier = textOf(body["service_tier"]);
  readChatUsage(body["usage"], answer);
  const choices = body["choices"];
  if (!Array.isArray(choices)) return;
  for (const choice of choices) {
    if (isRecord(choice) && answer.finish === "") answer.finish = textOf(choice["finish_reason"]);
  }
}

/** Calls of the provider's own tools that are billed beside the tokens, by the name under which they are counted. */
const billedToolCalls: Readonly<Record<string, string>> = {
  file_search_call: "file_search_requests",
  code_interpreter_call: "code_interpreter_requests",
  image_generation_call: "image_generation_requests",
};

function countToolCalls(body: Json, answer: Answer): void {
  const isPreview = listOf(body["tools"]).some((tool) => textOf(recordOf(tool)["type"]).startsWith(webSearchPreview));
  const searches = isPreview ? "web_search_preview_requests" : "web_search_requests";
  for (const item of listOf(body["output"])) {
    const { type, action } = recordOf(item);
    const name = type === "web_search_call" ? searches : ownValue(billedToolCalls, textOf(type));
    // Pages that are opened or looked through are no searches.
    const kind = textOf(recordOf(action)["type"]);
    if (name === undefined || (type === "web_search_call" && kind !== "" && kind !== "search")) continue;
    answer.details[name] = (answer.details[name] ?? 0) + 1;
  }
}

const webSearchPreview = "web_search_preview";

/** Reads a Response object, whole or of the last event of a stream. */
export function readResponseObject(body: Json, answer: Answer): void {
  answer.model = textOf(body["model"]);
  answer.id = textOf(body["id"]);
  answer.serviceTier = textOf(body["service_tier"]);
  readResponsesUsage(body["usage"], answer);
  countToolCalls(body, answer);
  const status = textOf(body["status"]);
  const incomplete = isRecord(body["incomplete_details"]) ? textOf(body["incomplete_details"]["reason"]) : "";
  answer.finish = incomplete || status;
  const error = body["error"];
  if (!isRecord(error)) return;
  answer.errorType = textOf(error["code"]) || "server_error";
  answer.errorMessage = textOf(error["message"]);
}

export const chat: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "openai.chat",
  route: "/v1/chat/completions",
  streams: "when_asked",
  mustAskForUsage: true,
  readJson: readChatObject,
  openStream: (allowance) => new ChatStream(allowance, "chat.completion", readChatUsage),
});

const completions: Api = {
  ...chat,
  operation: "text_completion",
  format: "openai.completions",
  route: "/v1/completions",
  openStream: (allowance) => new ChatStream(allowance, "text_completion", readChatUsage),
};

/** Mistral's completion between a prompt and a suffix: a prompt goes in, a chat's choices come out. */
const fillInTheMiddle: Api = {
  ...chat,
  operation: "text_completion",
  format: "openai.completions",
  route: "/v1/fim/completions",
  mustAskForUsage: false,
};

const embeddings: Api = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "openai.embeddings",
  route: "/v1/embeddings",
  dropsOutput: true,
  readJson(body, answer) {
    readChatObject(body, answer);
    answer.usage.output_tokens = null;
  },
});

const responses: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "openai.responses",
  route: "/v1/responses",
  streams: "when_asked",
  readJson: readResponseObject,
  openStream: (allowance) => new ResponsesStream(allowance, readResponseObject),
});

const lastStatuses = new Set(["completed", "incomplete", "failed", "cancelled"]);

/**
 * A response that is asked for by its id. One made in the background had no usage when it was asked for: it is told here,
 * as often as the client asks.
 */
const retrievedResponse = defineApi({
  route: "/v1/responses/{id}",
  readJson(body, answer) {
    if (body["background"] !== true || !lastStatuses.has(textOf(body["status"]))) return;
    readResponseObject(body, answer);
    answer.isLate = answer.hasUsage;
  },
});

/** The usage object of realtime responses. Cached audio has a price of its own, so that its part is told too. */
function readRealtimeUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const input = recordOf(raw["input_token_details"]);
  const cached = recordOf(input["cached_tokens_details"]);
  const { usage } = answer;
  answer.hasUsage = true;
  usage.input_tokens = countOf(raw["input_tokens"]);
  usage.output_tokens = countOf(raw["output_tokens"]);
  usage.cache_read_tokens = countOf(input["cached_tokens"]);
  usage.input_audio_tokens = countOf(input["audio_tokens"]);
  usage.output_audio_tokens = countOf(recordOf(raw["output_token_details"])["audio_tokens"]);
  noteDetail(answer, "input_image_tokens", input["image_tokens"]);
  noteCount(answer, "cached_audio_tokens", countOf(cached["audio_tokens"]));
  noteCount(answer, "cached_image_tokens", countOf(cached["image_tokens"]));
}

/** Reads the response object of a realtime session's `response.done`. */
function readRealtimeResponse(body: Json, answer: Answer): void {
  answer.id = textOf(body["id"]);
  answer.model = textOf(body["model"]) || answer.model;
  readRealtimeUsage(body["usage"], answer);
  const details = recordOf(body["status_details"]);
  answer.finish = textOf(details["reason"]) || textOf(body["status"]);
  const error = details["error"];
  if (!isRecord(error)) return;
  answer.errorType = textOf(error["code"]) || textOf(error["type"]) || "server_error";
  answer.errorMessage = textOf(error["message"]) || answer.errorType;
}

/** One response within a realtime session, whose events are read as a stream. */
export const realtimeResponse: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "openai.responses",
  route: "/v1/realtime",
  streams: "always",
  readJson: readRealtimeResponse,
  openStream: (allowance) => new ResponsesStream(allowance, readRealtimeResponse),
});

/**
 * Operations by the end of the path, which is what vendors have in common. What is kept of them (retrieving a
 * response, files, batches, models) calls no model and is recorded as HTTP.
 */
export const openaiRoutes: readonly ApiRoute[] = [
  routeEnding("/chat/completions", chat),
  // Perplexity's own name for it.
  routeEnding("/sonar", { ...chat, route: "/v1/sonar", mustAskForUsage: false }),
  routeEnding("/agents/completions", { ...chat, route: "/v1/agents/completions", mustAskForUsage: false }),
  routeEnding("/fim/completions", fillInTheMiddle),
  routeEnding("/completions", completions),
  routeEnding("/embeddings", embeddings),
  routeEnding("/responses", responses),
  {
    method: "GET",
    path: /\/responses\/(resp_[\w-]{1,200})$/,
    api: ([, id = ""]) => ({ ...retrievedResponse, traceSeed: id }),
  },
  routeEnding("/responses/compact", { ...responses, route: "/v1/responses/compact", streams: "never" }),
  routeEnding("/responses/input_tokens", defineApi({ operation: "count_tokens", route: "/v1/responses/input_tokens" })),
  ...openaiMediaRoutes,
  ...rerankRoutes,
];
