import { MessagesStream } from "./anthropic-stream.ts";
import { reportedCost } from "./openai.ts";
import {
  type Answer,
  type Api,
  type ApiRoute,
  countOf,
  defineApi,
  isRecord,
  type Json,
  listOf,
  noteDetail,
  recordOf,
  routeEnding,
  sumOf,
  textOf,
} from "./shape.ts";

/**
 * The usage object of the Messages API. Anthropic counts cached input apart; our input tokens include it. Compacting a
 * conversation that got too long is billed too, but told among the iterations alone. The reading may be repeated with
 * newer, cumulative values. https://platform.claude.com/docs/en/build-with-claude/compaction
 */
export function readMessagesUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const { usage } = answer;
  const iterations = listOf(raw["iterations"]).map(recordOf);
  const counts = [raw, ...iterations.filter(({ type }) => type === "compaction")].map(countsOf);
  answer.hasUsage = true;
  usage.cache_read_tokens = sumOf(...counts.map(({ read }) => read));
  usage.cache_write_tokens = sumOf(...counts.map(({ write }) => write));
  usage.cache_write_1h_tokens = sumOf(...counts.map(({ oneHour }) => oneHour));
  const uncached = sumOf(...counts.map((count) => count.uncached));
  usage.input_tokens =
    uncached === null ? null : uncached + (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  usage.output_tokens = sumOf(...counts.map(({ output }) => output));
  const details = recordOf(raw["output_tokens_details"]);
  usage.reasoning_tokens = countOf(details["thinking_tokens"]) ?? countOf(details["reasoning_tokens"]);
  answer.serviceTier = tierOf(raw);
  const serverTools = recordOf(raw["server_tool_use"]);
  noteDetail(answer, "web_search_requests", serverTools["web_search_requests"]);
  noteDetail(answer, "web_fetch_requests", serverTools["web_fetch_requests"]);
  noteDetail(answer, "code_execution_requests", serverTools["code_execution_requests"]);
  noteAdvice(answer, iterations);
  // OpenRouter's, which speaks this API, too.
  answer.costNanoUsd = reportedCost(raw) ?? answer.costNanoUsd;
}

/** The counts of a usage object, or of one of its iterations. */
function countsOf(raw: Json) {
  const byLifetime = recordOf(raw["cache_creation"]);
  const oneHour = countOf(byLifetime["ephemeral_1h_input_tokens"]);
  return {
    uncached: countOf(raw["input_tokens"]),
    read: countOf(raw["cache_read_input_tokens"]),
    write:
      countOf(raw["cache_creation_input_tokens"]) ?? sumOf(countOf(byLifetime["ephemeral_5m_input_tokens"]), oneHour),
    oneHour,
    output: countOf(raw["output_tokens"]),
  };
}

/** Another model's advice is billed at that model's rates: its tokens are no part of the usage. */
function noteAdvice(answer: Answer, iterations: readonly Json[]): void {
  const advice = iterations.filter(({ type }) => type === "advisor_message").map(countsOf);
  noteDetail(answer, "advisor_requests", advice.length);
  noteDetail(
    answer,
    "advisor_input_tokens",
    sumOf(...advice.flatMap(({ uncached, read, write }) => [uncached, read, write])),
  );
  noteDetail(answer, "advisor_output_tokens", sumOf(...advice.map(({ output }) => output)));
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
