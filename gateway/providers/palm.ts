import {
  type Answer,
  type ApiRoute,
  countOf,
  defineApi,
  type Json,
  listOf,
  recordOf,
  sumOf,
  textOf,
  withModel,
} from "./shape.ts";

/**
 * The shape of Google's PaLM models, before Gemini: `generateText`, `generateMessage` and `embedText` of the API, and
 * `predict` on Vertex. Only Vertex told what was used.
 */
export function readPalmPrediction(body: Json, answer: Answer): void {
  const counts = recordOf(recordOf(body["metadata"])["tokenMetadata"]);
  const { usage } = answer;
  usage.input_tokens = totalTokens(counts["inputTokenCount"]);
  usage.output_tokens = totalTokens(counts["outputTokenCount"]);
  answer.hasUsage = sumOf(usage.input_tokens, usage.output_tokens) !== null;
}

function totalTokens(count: unknown): number | null {
  return countOf(recordOf(count)["totalTokens"]);
}

/** Answers that were filtered have no candidates, but say why. */
function readGenerated(body: Json, answer: Answer): void {
  if (listOf(body["candidates"]).length > 0) return;
  answer.finish = textOf(recordOf(listOf(body["filters"])[0])["reason"]);
}

const text = defineApi({
  operation: "text_completion",
  kind: "llm",
  format: "palm",
  route: "/v1beta2/models/{model}:generateText",
  readJson: readGenerated,
});
const message = { ...text, operation: "chat", route: "/v1beta2/models/{model}:generateMessage" };
const embed = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "palm",
  route: "/v1beta2/models/{model}:embedText",
  dropsOutput: true,
});
const count = defineApi({
  operation: "count_tokens",
  format: "palm",
  route: "/v1beta2/models/{model}:countTextTokens",
});

const methods = {
  generateText: text,
  generateMessage: message,
  embedText: embed,
  batchEmbedText: { ...embed, route: "/v1beta2/models/{model}:batchEmbedText" },
  countTextTokens: count,
  countMessageTokens: { ...count, route: "/v1beta2/models/{model}:countMessageTokens" },
};

export const palmRoutes: readonly ApiRoute[] = Object.entries(methods).map(([method, api]) => ({
  method: "POST",
  path: new RegExp(`/(?:models|tunedModels)/([^/:]+):${method}$`),
  api: ([, model = ""]) => withModel(api, model),
}));
