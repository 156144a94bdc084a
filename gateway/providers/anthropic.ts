import { MessagesStream } from "./anthropic-stream.ts";
import { type Answer, type Api, countOf, isRecord, textOf } from "./shape.ts";

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
}

const messages: Api = {
  operation: "chat",
  kind: "llm",
  format: "anthropic.messages",
  route: "/v1/messages",
  mustAskForUsage: false,
  dropsOutput: false,
  readJson(body, answer) {
    answer.model = textOf(body["model"]);
    answer.id = textOf(body["id"]);
    answer.finish = textOf(body["stop_reason"]);
    readMessagesUsage(body["usage"], answer);
  },
  openStream: (allowance) => new MessagesStream(allowance, readMessagesUsage),
};

/** Counts without calling a model: nothing is used, nothing is billed. */
const countTokens: Api = {
  operation: "count_tokens",
  kind: "http",
  format: "json",
  route: "/v1/messages/count_tokens",
  mustAskForUsage: false,
  dropsOutput: false,
  readJson() {},
  openStream: null,
};

export const anthropicApis: Readonly<Record<string, Api>> = {
  "/messages": messages,
  "/messages/count_tokens": countTokens,
};
