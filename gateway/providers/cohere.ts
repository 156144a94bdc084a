import { unknownUsage } from "@weir/model";
import { CohereChatStream, CohereV1Stream } from "./cohere-stream.ts";
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
  textOf,
} from "./shape.ts";

/**
 * Cohere's counts (`usage` in version 2, `meta` in version 1): `tokens` are what the model took and gave, the
 * templates around a chat included; `billed_units` are what is paid for. Embeddings have only the latter.
 */
export function readCohereUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const tokens = recordOf(raw["tokens"]);
  const units = recordOf(raw["billed_units"]);
  const billedInput = countOf(units["input_tokens"]);
  const billedOutput = countOf(units["output_tokens"]);
  const { usage } = answer;
  usage.input_tokens = countOf(tokens["input_tokens"]) ?? billedInput;
  usage.output_tokens = countOf(tokens["output_tokens"]) ?? billedOutput;
  usage.cache_read_tokens = countOf(raw["cached_tokens"]);
  noteDetail(answer, "search_units", units["search_units"]);
  noteDetail(answer, "classifications", units["classifications"]);
  noteDetail(answer, "images", units["images"]);
  noteDetail(answer, "input_image_tokens", units["image_tokens"]);
  answer.hasUsage = usage.input_tokens !== null || usage.output_tokens !== null;
  if (billedInput === null && billedOutput === null) return;
  answer.billed = { ...unknownUsage, input_tokens: billedInput, output_tokens: billedOutput };
  noteDetail(answer, "billed_input_tokens", billedInput);
  noteDetail(answer, "billed_output_tokens", billedOutput);
}

/** Reads a whole answer of either version's chat, or of the older `generate`. */
export function readCohereJson(body: Json, answer: Answer): void {
  answer.id = textOf(body["id"]) || textOf(body["response_id"]) || textOf(body["generation_id"]);
  answer.finish = textOf(body["finish_reason"]) || textOf(recordOf(listOf(body["generations"])[0])["finish_reason"]);
  readCohereUsage(body["usage"] ?? body["meta"], answer);
}

const chat: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "cohere.chat",
  route: "/v2/chat",
  streams: "when_asked",
  readJson: readCohereJson,
  openStream: (allowance) => new CohereChatStream(allowance, readCohereJson),
});

const chatV1: Api = {
  ...chat,
  format: "cohere.v1.chat",
  route: "/v1/chat",
  openStream: (allowance) => new CohereV1Stream(allowance, readCohereJson),
};

const generate: Api = { ...chatV1, operation: "text_completion", format: "cohere.generate", route: "/v1/generate" };

const embed: Api = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "cohere.embed",
  route: "/v2/embed",
  dropsOutput: true,
  readJson: readCohereJson,
});

const paths: Readonly<Record<string, Api>> = {
  "/v2/chat": chat,
  "/v1/chat": chatV1,
  "/v1/generate": generate,
  "/v2/embed": embed,
  "/v1/embed": { ...embed, route: "/v1/embed" },
};

export const cohereRoutes: readonly ApiRoute[] = Object.entries(paths).map(([path, api]) => ({
  method: "POST",
  path: new RegExp(`${path}$`),
  api,
}));
