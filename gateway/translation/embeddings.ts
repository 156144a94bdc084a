import { countOf, isRecord, type Json, listOf, recordOf } from "../providers/shape.ts";
import { badRequest, jsonObject, present } from "./chat-request.ts";

/** An embeddings request of OpenAI's. */
export interface EmbeddingsRequest {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  /** Vectors are wanted as little-endian float32 in base64, which OpenAI's SDKs ask for unasked. */
  readonly isBase64: boolean;
}

/** How a provider's own API is asked for vectors on behalf of a client of OpenAI's. Pure. */
export interface EmbeddingsDialect {
  path(request: EmbeddingsRequest): string;
  /** Throws `BAD_REQUEST` for what the API cannot be asked. */
  body(request: EmbeddingsRequest): unknown;
  /** The vectors, in the order of the texts. */
  vectors(answer: Json): readonly unknown[];
  /** Tokens that were embedded; null when the API does not say. */
  tokens(answer: Json): number | null;
}

export function readEmbeddingsRequest(body: Buffer, model: string): EmbeddingsRequest {
  const raw = jsonObject(body.toString());
  const texts = typeof raw["input"] === "string" ? [raw["input"]] : listOf(raw["input"]);
  if (texts.length === 0 || !texts.every((text) => typeof text === "string")) {
    throw badRequest("`input` must be a text or a list of texts: other providers do not know OpenAI's tokens.");
  }
  const dimensions = typeof raw["dimensions"] === "number" ? raw["dimensions"] : undefined;
  return { model, texts, dimensions, isBase64: raw["encoding_format"] === "base64" };
}

/** OpenAI's answer. */
export function openaiEmbeddings(
  dialect: EmbeddingsDialect,
  answer: Json,
  request: EmbeddingsRequest,
  model: string,
): Json {
  const tokens = dialect.tokens(answer);
  return {
    object: "list",
    data: dialect.vectors(answer).map((vector, index) => {
      const embedding = request.isBase64 ? base64Of(listOf(vector)) : vector;
      return { object: "embedding", index, embedding };
    }),
    model,
    // OpenAI's SDKs count on a number.
    usage: { prompt_tokens: tokens ?? 0, total_tokens: tokens ?? 0 },
  };
}

function base64Of(vector: readonly unknown[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(Number(value), index * 4);
  return bytes.toString("base64");
}

export const geminiEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => `/v1beta/models/${encodeURIComponent(model)}:batchEmbedContents`,
  body: ({ model, texts, dimensions }) => ({
    requests: texts.map((text) => {
      return present({ model: `models/${model}`, content: { parts: [{ text }] }, outputDimensionality: dimensions });
    }),
  }),
  vectors: (answer) => listOf(answer["embeddings"]).map((entry) => recordOf(entry)["values"]),
  tokens: (answer) => countIn(answer["usageMetadata"], "promptTokenCount"),
};

export const cohereEmbeddings: EmbeddingsDialect = {
  path: () => "/v2/embed",
  body: ({ model, texts, dimensions }) => {
    const types = { input_type: "search_document", embedding_types: ["float"] };
    return present({ model, texts, ...types, output_dimension: dimensions });
  },
  vectors: (answer) => listOf(recordOf(answer["embeddings"])["float"] ?? answer["embeddings"]),
  tokens: (answer) => countIn(recordOf(answer["meta"])["billed_units"], "input_tokens"),
};

export const ollamaEmbeddings: EmbeddingsDialect = {
  path: () => "/api/embed",
  body: ({ model, texts, dimensions }) => present({ model, input: texts, dimensions }),
  vectors: (answer) => listOf(answer["embeddings"]),
  tokens: (answer) => countIn(answer, "prompt_eval_count"),
};

/** Titan takes one text at a time, Cohere's models a list. */
export const bedrockEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => `/model/${encodeURIComponent(model)}/invoke`,
  body({ model, texts, dimensions }) {
    if (/cohere/.test(model)) {
      return present({
        texts,
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: dimensions,
      });
    }
    if (texts.length !== 1) throw badRequest(`${model} on Bedrock embeds one text at a time.`);
    return present({ inputText: texts[0], dimensions });
  },
  vectors(answer) {
    if (Array.isArray(answer["embedding"])) return [answer["embedding"]];
    const { embeddings } = answer;
    return listOf(isRecord(embeddings) ? embeddings["float"] : embeddings);
  },
  tokens: (answer) => countIn(answer, "inputTextTokenCount"),
};

function countIn(raw: unknown, name: string): number | null {
  return countOf(recordOf(raw)[name]);
}
