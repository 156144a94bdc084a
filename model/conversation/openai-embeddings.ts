import type { Part } from "../message.ts";
import { arrayOf, objectOf, without } from "./json-value.ts";
import { readParts } from "./parts.ts";
import { type ConversationReader, readOpenaiError } from "./request.ts";

/** OpenAI's embeddings: texts, or lists of tokens, and a vector for each. */
export const openaiEmbeddings: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = isTokens(request["input"])
      ? [{ type: "json" as const, value: request["input"] }]
      : readParts(request["input"]);
    return {
      system: "",
      messages: parts.length === 0 ? [] : [{ role: "user", parts }],
      tools: [],
      params: without(request, "input"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readOpenaiError(response);
    if (error !== undefined) return [error];
    const parts = arrayOf(response["data"]).map((entry) => readVector(objectOf(entry)["embedding"]));
    return parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason: "" }];
  },
};

function isTokens(input: unknown): boolean {
  return typeof arrayOf(input)[0] === "number";
}

/** A vector is a list of numbers, or little-endian float32 in base64. */
function readVector(vector: unknown): Part {
  const base64Length = typeof vector === "string" ? vector.replace(/=+$/, "").length : 0;
  const dimensions = typeof vector === "string" ? Math.floor((base64Length * 3) / 4 / 4) : arrayOf(vector).length;
  return { type: "embedding", dimensions };
}
