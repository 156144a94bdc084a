import { ownValue } from "@weir/model";
import { countTokens as countMessageTokens, messages } from "./anthropic.ts";
import { GenerateContentStream } from "./gemini-stream.ts";
import { chat, readChatObject, readChatUsage } from "./openai.ts";
import { ChatStream } from "./openai-chat-stream.ts";
import { readPalmPrediction } from "./palm.ts";
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
  sumOf,
  textOf,
  withModel,
} from "./shape.ts";

/**
 * `usageMetadata` of Gemini and Vertex. Cumulative; a count of zero is left out. The prompt's tokens include cached
 * ones, but not those of what tools gave back within the call; the candidates' tokens do not include thoughts.
 */
export function readGeminiUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const tier = textOf(raw["serviceTier"]) || textOf(raw["trafficType"]);
  answer.serviceTier = tier === "TRAFFIC_TYPE_UNSPECIFIED" ? "" : tier;
  const input = sumOf(countOf(raw["promptTokenCount"]), countOf(raw["toolUsePromptTokenCount"]));
  if (input === null) return;
  const { usage } = answer;
  const thoughts = countOf(raw["thoughtsTokenCount"]);
  // Interim versions of the API, and the Live API, call the candidates' tokens responses.
  const candidates = countOf(raw["candidatesTokenCount"]) ?? countOf(raw["responseTokenCount"]);
  answer.hasUsage = true;
  usage.input_tokens = input;
  usage.output_tokens = (candidates ?? 0) + (thoughts ?? 0);
  usage.reasoning_tokens = thoughts;
  usage.cache_read_tokens = countOf(raw["cachedContentTokenCount"]);
  usage.input_audio_tokens = inputTokensOf(raw, "AUDIO");
  usage.output_audio_tokens = tokensOf(raw["candidatesTokensDetails"] ?? raw["responseTokensDetails"], "AUDIO");
  if (Array.isArray(raw["cacheTokensDetails"])) {
    noteCount(answer, "cached_audio_tokens", tokensOf(raw["cacheTokensDetails"], "AUDIO") ?? 0);
    noteCount(answer, "cached_image_tokens", tokensOf(raw["cacheTokensDetails"], "IMAGE") ?? 0);
  }
  noteDetail(answer, "tool_use_input_tokens", raw["toolUsePromptTokenCount"]);
  noteDetail(answer, "input_image_tokens", inputTokensOf(raw, "IMAGE"));
  noteDetail(answer, "input_video_tokens", inputTokensOf(raw, "VIDEO"));
  noteDetail(answer, "output_image_tokens", tokensOf(raw["candidatesTokensDetails"], "IMAGE"));
}

/** Of the prompt, and of what tools gave back. */
function inputTokensOf(raw: Json, modality: string): number | null {
  return sumOf(tokensOf(raw["promptTokensDetails"], modality), tokensOf(raw["toolUsePromptTokensDetails"], modality));
}

function tokensOf(details: unknown, modality: string): number | null {
  const entries = listOf(details).map(recordOf);
  return sumOf(
    ...entries.filter((entry) => entry["modality"] === modality).map((entry) => countOf(entry["tokenCount"])),
  );
}

/** Reads a GenerateContentResponse. */
export function readGenerateContent(body: Json, answer: Answer): void {
  answer.model = textOf(body["modelVersion"]);
  answer.id = textOf(body["responseId"]);
  answer.finish = finishOf(body);
  readGeminiUsage(body["usageMetadata"], answer);
  const searches = listOf(body["candidates"]).flatMap((candidate) =>
    listOf(recordOf(recordOf(candidate)["groundingMetadata"])["webSearchQueries"]),
  );
  noteDetail(answer, "web_search_requests", searches.length);
}

/** Why the first candidate ended; for a prompt that was refused, why. */
function finishOf(body: Json): string {
  for (const candidate of listOf(body["candidates"])) {
    const finish = textOf(recordOf(candidate)["finishReason"]);
    if (finish !== "") return finish;
  }
  return textOf(recordOf(body["promptFeedback"])["blockReason"]);
}

const generate: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "gemini.generate",
  route: "/v1beta/models/{model}:generateContent",
  readJson: readGenerateContent,
});

const stream: Api = {
  ...generate,
  route: "/v1beta/models/{model}:streamGenerateContent",
  streams: "always",
  openStream: (allowance) => new GenerateContentStream(allowance, readGenerateContent),
};

const embed: Api = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "gemini.embed",
  route: "/v1beta/models/{model}:embedContent",
  dropsOutput: true,
  readJson(body, answer) {
    readGeminiUsage(body["usageMetadata"], answer);
    answer.usage.output_tokens = null;
  },
});

const count: Api = defineApi({
  operation: "count_tokens",
  format: "gemini.generate",
  route: "/v1beta/models/{model}:countTokens",
});

/** Vertex's common call for models that are not Gemini: text embeddings, images, and the PaLM models of old. */
const predict: Api = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "vertex.predict",
  route: "/v1/{publisher}/models/{model}:predict",
  dropsOutput: true,
  readJson: readPrediction,
});

function readPrediction(body: Json, answer: Answer): void {
  if (isRecord(recordOf(body["metadata"])["tokenMetadata"])) {
    readPalmPrediction(body, answer);
    return;
  }
  const statistics = listOf(body["predictions"]).map((entry) =>
    recordOf(recordOf(recordOf(entry)["embeddings"])["statistics"]),
  );
  answer.usage.input_tokens = sumOf(...statistics.map((entry) => countOf(entry["token_count"])));
  answer.hasUsage = answer.usage.input_tokens !== null;
}

function predictionOf(model: string): Api {
  if (/imagen|imagegeneration|veo/.test(model)) {
    return { ...predict, operation: "image_generation", kind: "llm", dropsOutput: false };
  }
  if (/bison|gecko@|unicorn|codechat/.test(model) && !model.includes("embedding")) {
    return { ...predict, operation: "text_completion", kind: "llm", dropsOutput: false };
  }
  return predict;
}

/** Methods of a model: the word after its name's colon. */
const methods: Readonly<Record<string, (model: string) => Api>> = {
  generateContent: () => generate,
  streamGenerateContent: () => stream,
  embedContent: () => embed,
  batchEmbedContents: () => ({ ...embed, route: "/v1beta/models/{model}:batchEmbedContents" }),
  countTokens: () => count,
  predict: predictionOf,
};

/** Models of others on Vertex, in their own API: the path names the publisher, and whether it is to be a stream. */
const publishers: Readonly<Record<string, Api>> = {
  anthropic: messages,
  mistralai: { ...chat, mustAskForUsage: false },
};

function publisherApi(publisher: string, model: string, isStream: boolean): Api {
  const method = isStream ? "streamRawPredict" : "rawPredict";
  const route = `/v1/publishers/${publisher}/models/{model}:${method}`;
  if (model.startsWith("count-tokens")) return { ...countMessageTokens, route };
  const api = ownValue(publishers, publisher) ?? defineApi({ route });
  return withModel({ ...api, route, streams: isStream ? "always" : "when_asked" }, model);
}

/** Google's own OpenAI API tells thoughts in the total alone. */
function readThoughts(raw: unknown, { usage }: Answer): void {
  const total = countOf(recordOf(raw)["total_tokens"]);
  if (total === null || usage.input_tokens === null || usage.output_tokens === null) return;
  const untold = total - usage.input_tokens - usage.output_tokens;
  if (usage.reasoning_tokens !== null || untold <= 0) return;
  usage.reasoning_tokens = untold;
  usage.output_tokens += untold;
}

function readGoogleChatUsage(raw: unknown, answer: Answer): void {
  // Cumulative, where a stream repeats it.
  answer.usage.reasoning_tokens = null;
  readChatUsage(raw, answer);
  readThoughts(raw, answer);
}

const googleChat: Api = {
  ...chat,
  readJson(body, answer) {
    readChatObject(body, answer);
    readThoughts(body["usage"], answer);
  },
  openStream: (allowance) => new ChatStream(allowance, "chat.completion", readGoogleChatUsage),
};

/** The Gemini API's, and Vertex's. */
const openaiChatPath = /^\/v1[a-z0-9]*\/(?:openai|projects\/.+\/endpoints\/openapi)\/chat\/completions$/;

const geminiMethod = /\/(?:models|tunedModels|endpoints)\/([^/:]+):([A-Za-z]+)$/;
const rawPredict = /\/publishers\/([^/]+)\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;

export const geminiRoutes: readonly ApiRoute[] = [
  { method: "POST", path: openaiChatPath, api: googleChat },
  {
    method: "POST",
    path: rawPredict,
    api: ([, publisher = "", model = "", method]) => publisherApi(publisher, model, method === "streamRawPredict"),
  },
  {
    method: "POST",
    path: geminiMethod,
    api: ([path, model = "", method = ""]) => {
      const api = Object.hasOwn(methods, method) ? methods[method]?.(model) : undefined;
      return withModel(api ?? defineApi({ route: routeOf(path) }), api === undefined ? "" : model);
    },
  },
];

function routeOf(path: string): string {
  return path.replace(/\/[^/:]+:/, "/{model}:");
}
