import { MessagesStream } from "./anthropic-stream.ts";
import {
  type Answer,
  type Api,
  type ApiRoute,
  countOf,
  defineApi,
  isRecord,
  type Json,
  noteDetail,
  recordOf,
  routeEnding,
  textOf,
} from "./shape.ts";

/**
 * The usage object of the Messages API. Anthropic counts cached input apart; our input tokens include it. The reading
 * may be repeated with newer, cumulative values.
 */
export function readMessagesUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const usage = answer.usage;
  const uncached = countOf(raw["input_tokens"]);
  const byLifetime = isRecord(raw["cache_creation"]) ? raw["cache_creation"] : {};
  const fiveMinutes = countOf(byLifetime["ephemeral_5m_input_tokens"]);
  const oneHour = countOf(byLifetime["ephemeral_1h_input_tokens"]);
  const split = fiveMinutes === null && oneHour === null ? null : (fiveMinutes ?? 0) + (oneHour ?? 0);
  answer.hasUsage = true;
  usage.cache_read_tokens = countOf(raw["cache_read_input_tokens"]);
  usage.cache_write_tokens = countOf(raw["cache_creation_input_tokens"]) ?? split;
  usage.cache_write_1h_tokens = oneHour;
  usage.input_tokens =
    uncached === null ? null : uncached + (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  usage.output_tokens = countOf(raw["output_tokens"]);
  const details = isRecord(raw["output_tokens_details"]) ? raw["output_tokens_details"] : {};
  usage.reasoning_tokens = countOf(details["thinking_tokens"]) ?? countOf(details["reasoning_tokens"]);
  answer.serviceTier = tierOf(raw);
  const serverTools = recordOf(raw["server_tool_use"]);
  noteDetail(answer, "web_search_requests", serverTools["web_search_requests"]);
  noteDetail(answer, "web_fetch_requests", serverTools["web_fetch_requests"]);
  noteDetail(answer, "code_execution_requests", serverTools["code_execution_requests"]);
}

/** What is dearer than the standard tier is named: fast mode, and inference that stays in one country. */
function tierOf(raw: Json): string {
  if (raw["speed"] === "fast") return "fast";
  const place = textOf(raw["inference_geo"]);
  return place === "us" ? "inference_us" : textOf(raw["service_tier"]);
}

export const messages: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "anthropic.messages",
  route: "/v1/messages",
  streams: "when_asked",
  readJson: readMessagesObject,
  openStream: (allowance) => new MessagesStream(allowance, readMessagesUsage),
});

/** Reads a Message object. */
export function readMessagesObject(body: Json, answer: Answer): void {
  answer.model = textOf(body["model"]);
  answer.id = textOf(body["id"]);
  answer.finish = textOf(body["stop_reason"]);
  readMessagesUsage(body["usage"], answer);
}

/** Counts without calling a model: nothing is used, nothing is billed. */
export const countTokens: Api = defineApi({
  operation: "count_tokens",
  route: "/v1/messages/count_tokens",
  format: "anthropic.messages",
});

export const anthropicRoutes: readonly ApiRoute[] = [
  routeEnding("/messages", messages),
  routeEnding("/messages/count_tokens", countTokens),
];
