import type { Message, Part, ToolCallPart } from "../message.ts";
import { ownValue } from "../own-value.ts";
import { arrayOf, firstString, type JsonObject, jsonText, objectOf, stringOf, without } from "./json-value.ts";
import { readChatMessage } from "./openai-chat.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { readParts, reasoning, text } from "./parts.ts";
import { type ConversationReader, joinTexts, liftSystem, type ReadResponse, readError, readTools } from "./request.ts";

/** Cohere's chat, version 2: messages much as OpenAI's, with a plan before tool calls. */
export const cohereChat: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      ...liftSystem(arrayOf(request["messages"]).map(readV2Message)),
      tools: readTools(request["tools"]),
      params: without(request, "messages", "tools"),
    };
  },
  response(value) {
    const response = objectOf(value);
    if (response["message"] === undefined) return noAnswer(response);
    if (typeof response["message"] === "string") return [errorAnswer(response["message"])];
    const message = readV2Message(response["message"]);
    return [{ ...message, role: message.role || "assistant", finishReason: stringOf(response["finish_reason"]) }];
  },
};

function readV2Message(value: unknown): Message {
  const plan = stringOf(objectOf(value)["tool_plan"]);
  const message = readChatMessage(value);
  return plan === "" ? message : { ...message, parts: [reasoning(plan), ...message.parts] };
}

/** Cohere's chat, version 1: the newest message, what was said before, and the results of tools. */
export const cohereV1Chat: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const lifted = liftSystem(arrayOf(request["chat_history"]).map(readV1Message));
    const results = arrayOf(request["tool_results"]).map(readV1Result);
    const newest: Message[] = [];
    if (results.length > 0) newest.push({ role: "tool", parts: results });
    if (stringOf(request["message"]) !== "") newest.push({ role: "user", parts: readParts(request["message"]) });
    return {
      system: joinTexts([stringOf(request["preamble"]), lifted.system]),
      messages: [...lifted.messages, ...newest],
      tools: arrayOf(request["tools"]).map((entry) => {
        const tool = objectOf(entry);
        const parameters = tool["parameter_definitions"] ?? null;
        return { name: stringOf(tool["name"]), description: stringOf(tool["description"]), parameters };
      }),
      params: without(request, "message", "chat_history", "tool_results", "preamble", "tools"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const isError = response["text"] === undefined && typeof response["message"] === "string";
    if (isError) return [errorAnswer(stringOf(response["message"]))];
    const parts = [...readParts(response["text"]), ...arrayOf(response["tool_calls"]).map(readV1Call)];
    const finishReason = stringOf(response["finish_reason"]);
    if (parts.length === 0 && finishReason === "") return noAnswer(response);
    return [{ role: "assistant", parts, finishReason }];
  },
};

const v1Roles: Readonly<Record<string, string>> = {
  CHATBOT: "assistant",
  SYSTEM: "system",
  USER: "user",
  TOOL: "tool",
};

function readV1Message(value: unknown): Message {
  const message = objectOf(value);
  const written = stringOf(message["role"]);
  return {
    role: ownValue(v1Roles, written.toUpperCase()) ?? written,
    parts: [
      ...readParts(message["message"]),
      ...arrayOf(message["tool_calls"]).map(readV1Call),
      ...arrayOf(message["tool_results"]).map(readV1Result),
    ],
  };
}

function readV1Call(value: unknown): ToolCallPart {
  const call = objectOf(value);
  const name = stringOf(call["name"]);
  return { type: "tool_call", id: name, name, arguments: jsonText(call["parameters"]), isProviderTool: false };
}

function readV1Result(value: unknown): Part {
  const result = objectOf(value);
  const parts: Part[] = [{ type: "json", value: result["outputs"] ?? null }];
  return { type: "tool_result", id: stringOf(objectOf(result["call"])["name"]), parts, isError: false };
}

/** Cohere's older `generate`. */
export const cohereGenerate: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = readParts(request["prompt"]);
    const messages = parts.length === 0 ? [] : [{ role: "user", parts }];
    return { system: "", messages, tools: [], params: without(request, "prompt") };
  },
  response(value) {
    const response = objectOf(value);
    const answers = arrayOf(response["generations"]).map((entry) => {
      const generation = objectOf(entry);
      const finishReason = stringOf(generation["finish_reason"]);
      return { role: "assistant", parts: readParts(generation["text"]), finishReason };
    });
    if (answers.length > 0) return answers;
    const written = readParts(response["text"]);
    return written.length > 0 ? [{ role: "assistant", parts: written, finishReason: "" }] : noAnswer(response);
  },
};

/** Cohere's embeddings: texts, images, or inputs of both; vectors by type of number. */
export const cohereEmbed: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = [
      ...readParts(request["texts"]),
      ...arrayOf(request["images"]).flatMap((url) => readParts([{ type: "image_url", image_url: { url } }])),
      ...arrayOf(request["inputs"]).flatMap((input) => readParts(objectOf(input)["content"])),
    ];
    const messages = parts.length === 0 ? [] : [{ role: "user", parts }];
    return { system: "", messages, tools: [], params: without(request, "texts", "images", "inputs") };
  },
  response(value) {
    const response = objectOf(value);
    const embeddings = response["embeddings"];
    const vectors = Array.isArray(embeddings) ? embeddings : arrayOf(Object.values(objectOf(embeddings))[0]);
    if (vectors.length === 0) return noAnswer(response);
    return openaiEmbeddings.response({ data: vectors.map((embedding) => ({ embedding })) });
  },
};

/** Rerank: a query and documents, and which of these fit, the best first. Cohere's, as others have copied it. */
export const cohereRerank: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const documents = arrayOf(request["documents"]).map((entry): Part => {
      const written = firstString(entry, objectOf(entry)["text"]) || jsonText(entry);
      return { type: "document", name: "", source: { kind: "text", mediaType: "text/plain", text: written } };
    });
    const query = firstString(request["query"]);
    return {
      system: "",
      messages: [{ role: "user", parts: [...(query === "" ? [] : [text(query)]), ...documents] }],
      tools: [],
      params: without(request, "query", "documents"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const results = response["results"] ?? response["data"];
    if (!Array.isArray(results)) return noAnswer(response);
    return [{ role: "assistant", parts: [{ type: "json", value: results }], finishReason: "" }];
  },
};

/** Cohere's errors are a `message` and nothing else. */
function noAnswer(response: JsonObject): ReadResponse {
  const error = readError(response);
  if (error !== undefined) return [error];
  const message = stringOf(response["message"]);
  return message === "" ? [] : [errorAnswer(message)];
}

function errorAnswer(message: string): ReadResponse[number] {
  return { role: "assistant", parts: [{ type: "error", text: message, code: "" }], finishReason: "error" };
}
