import { type Answer, countOf, isRecord, type Json, listOf, recordOf, sumOf, textOf } from "./shape.ts";

/**
 * Usage as Converse and Nova tell it. Cached input is counted apart from `inputTokens`; our input tokens include it.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 */
export function readConverseUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const { usage } = answer;
  const uncached = countOf(raw["inputTokens"]);
  usage.cache_read_tokens = countOf(raw["cacheReadInputTokens"]) ?? countOf(raw["cacheReadInputTokenCount"]);
  usage.cache_write_tokens = countOf(raw["cacheWriteInputTokens"]) ?? countOf(raw["cacheWriteInputTokenCount"]);
  const oneHour = listOf(raw["cacheDetails"])
    .map(recordOf)
    .filter((entry) => entry["ttl"] === "1h");
  usage.cache_write_1h_tokens = sumOf(...oneHour.map((entry) => countOf(entry["inputTokens"])));
  usage.input_tokens =
    uncached === null ? null : uncached + (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  usage.output_tokens = countOf(raw["outputTokens"]);
  answer.hasUsage = usage.input_tokens !== null || usage.output_tokens !== null;
}

/** Reads a ConverseResponse. */
export function readConverse(body: Json, answer: Answer): void {
  answer.finish = textOf(body["stopReason"]);
  answer.serviceTier = textOf(recordOf(body["serviceTier"])["type"]);
  readConverseUsage(body["usage"], answer);
}
