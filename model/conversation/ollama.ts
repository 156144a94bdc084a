import type { Message, Part } from "../message.ts";
import { arrayOf, firstString, isObject, type JsonObject, objectOf, stringOf, without } from "./json-value.ts";
import { mediaPart } from "./media.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { readOpenaiToolCall, readParts, reasoning } from "./parts.ts";
import { type ConversationReader, liftSystem, type ReadResponse, readError, readTools } from "./request.ts";

/** Ollama's `/api/chat`. */
export const ollamaChat: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      ...liftSystem(arrayOf(request["messages"]).map(readMessage)),
      tools: readTools(request["tools"]),
      params: { ...without(request, "messages", "tools", "options"), ...objectOf(request["options"]) },
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    if (!isObject(response["message"])) return [];
    const message = readMessage(response["message"]);
    return [{ ...message, role: message.role || "assistant", finishReason: finishOf(response) }];
  },
};

/** Ollama's `/api/generate`. */
export const ollamaGenerate: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = [...readParts(request["prompt"]), ...readImages(request["images"])];
    return {
      system: stringOf(request["system"]),
      messages: parts.length === 0 ? [] : [{ role: "user", parts }],
      tools: [],
      params: { ...without(request, "prompt", "images", "system", "options"), ...objectOf(request["options"]) },
    };
  },
  response(value): ReadResponse {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const parts = [...readThinking(response), ...readParts(response["response"])];
    const finishReason = finishOf(response);
    return parts.length === 0 && finishReason === "" ? [] : [{ role: "assistant", parts, finishReason }];
  },
};

/** Ollama's `/api/embed`, and `/api/embeddings` of old. */
export const ollamaEmbed: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = readParts(request["input"] ?? request["prompt"]);
    const messages = parts.length === 0 ? [] : [{ role: "user", parts }];
    return { system: "", messages, tools: [], params: without(request, "input", "prompt") };
  },
  response(value) {
    const response = objectOf(value);
    const vectors = response["embeddings"] ?? (response["embedding"] === undefined ? [] : [response["embedding"]]);
    const data = arrayOf(vectors).map((embedding) => ({ embedding }));
    return openaiEmbeddings.response({ data, error: response["error"] });
  },
};

function finishOf(response: JsonObject): string {
  return firstString(response["done_reason"]) || (response["done"] === true ? "stop" : "");
}

function readMessage(value: unknown): Message {
  const message = objectOf(value);
  const role = stringOf(message["role"]);
  if (role === "tool") {
    const id = firstString(message["tool_call_id"], message["tool_name"], message["name"]);
    return { role, parts: [{ type: "tool_result", id, parts: readParts(message["content"]), isError: false }] };
  }
  return {
    role,
    parts: [
      ...readThinking(message),
      ...readParts(message["content"]),
      ...readImages(message["images"]),
      ...arrayOf(message["tool_calls"]).map(readOpenaiToolCall),
    ],
  };
}

function readThinking(message: JsonObject): Part[] {
  const written = stringOf(message["thinking"]);
  return written === "" ? [] : [reasoning(written)];
}

/** Images are bare base64; the format is only in their bytes. */
function readImages(value: unknown): Part[] {
  return arrayOf(value).map((image) => {
    return mediaPart("image", { kind: "data", mediaType: "", base64: stringOf(image) });
  });
}
