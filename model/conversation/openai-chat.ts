import type { Message, Part } from "../message.ts";
import { arrayOf, firstString, type JsonObject, objectOf, stringOf, without } from "./json-value.ts";
import { plainText, readOpenaiToolCall, readParts, reasoning, text } from "./parts.ts";
import { type ConversationReader, liftSystem, type ReadResponse, readOpenaiError, readTools } from "./request.ts";

/** OpenAI's chat completions, as OpenAI and those who speak its dialect send them. */
export const openaiChat: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      ...liftSystem(arrayOf(request["messages"]).map(readChatMessage)),
      tools: readTools(request["tools"] ?? request["functions"]),
      params: without(request, "messages", "tools", "functions"),
    };
  },
  response(value): ReadResponse {
    const response = objectOf(value);
    const choices = arrayOf(response["choices"]).map((entry) => {
      const choice = objectOf(entry);
      const message = readChatMessage(choice["message"] ?? choice["delta"]);
      return {
        ...message,
        role: message.role || "assistant",
        finishReason: firstString(choice["finish_reason"], choice["stop_reason"]),
      };
    });
    const error = readOpenaiError(response);
    return error === undefined ? choices : [error, ...choices];
  },
};

/** One message of the chat API; tool messages become the result that they are. */
export function readChatMessage(value: unknown): Message {
  const message = objectOf(value);
  const role = stringOf(message["role"]);
  const name = stringOf(message["name"]);
  const parts = role === "tool" || role === "function" ? [readToolMessage(message)] : readChatParts(message);
  return { role: role === "function" ? "tool" : role, ...(name === "" ? {} : { name }), parts };
}

function readToolMessage(message: JsonObject): Part {
  const id = firstString(message["tool_call_id"], message["id"], message["name"]);
  return { type: "tool_result", id, parts: readParts(message["content"], 1), isError: false };
}

function readChatParts(message: JsonObject): Part[] {
  const refusal = stringOf(message["refusal"]);
  return [
    ...readReasoningFields(message),
    ...readParts(message["content"]),
    ...(refusal === "" ? [] : [{ type: "refusal" as const, text: refusal }]),
    ...readParts(message["images"]),
    ...readAudio(message["audio"]),
    ...arrayOf(message["tool_calls"]).map(readOpenaiToolCall),
    ...(message["function_call"] ? [readOpenaiToolCall({ function: message["function_call"] })] : []),
  ];
}

/** DeepSeek and vLLM write `reasoning_content`; OpenRouter and Groq `reasoning`, OpenRouter also with details. */
function readReasoningFields(message: JsonObject): Part[] {
  const written = plainText(message["reasoning_content"]) || plainText(message["reasoning"]);
  return written === "" ? readParts(message["reasoning_details"]) : [reasoning(written)];
}

function readAudio(value: unknown): Part[] {
  const audio = objectOf(value);
  const transcript = stringOf(audio["transcript"]);
  return [
    ...(stringOf(audio["data"]) === "" ? [] : readParts([{ type: "audio", audio }])),
    ...(transcript === "" ? [] : [text(transcript)]),
  ];
}
