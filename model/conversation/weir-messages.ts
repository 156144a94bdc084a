import type { Message } from "../message.ts";
import { arrayOf, firstString, isObject, objectOf, without } from "./json-value.ts";
import { readChatMessage } from "./openai-chat.ts";
import { plainText, readParts } from "./parts.ts";
import { type ConversationReader, joinTexts, liftSystem, readError, readTools } from "./request.ts";

/**
 * Messages as applications and OpenTelemetry's conventions send them: a list, one message, or an object with
 * `messages`; each message with `parts` (OpenTelemetry) or `content` (any API's). A plain text is a user's message.
 */
export const weirMessages: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const lifted = liftSystem(readMessages(value, "user"));
    return {
      system: joinTexts([plainText(request["system"] ?? request["system_instructions"]), lifted.system]),
      messages: lifted.messages,
      tools: readTools(request["tools"]),
      params: isMessage(request) ? {} : without(request, "messages", "system", "system_instructions", "tools"),
    };
  },
  response(value) {
    const error = readError(objectOf(value));
    if (error !== undefined) return [error];
    const finishReasons = (Array.isArray(value) ? value : [value]).map((entry) => {
      return firstString(objectOf(entry)["finish_reason"]);
    });
    return readMessages(value, "assistant").map((message, index) => {
      return { ...message, finishReason: finishReasons[index] ?? "" };
    });
  },
};

function readMessages(value: unknown, role: "user" | "assistant"): Message[] {
  if (Array.isArray(value)) return value.map((entry) => readMessage(entry, role));
  if (!isObject(value)) return value === null ? [] : [readMessage(value, role)];
  if (Array.isArray(value["messages"])) return arrayOf(value["messages"]).map((entry) => readMessage(entry, role));
  return [readMessage(value, role)];
}

function isMessage(value: unknown): boolean {
  return isObject(value) && ("parts" in value || "content" in value);
}

function readMessage(value: unknown, role: "user" | "assistant"): Message {
  if (!isObject(value)) return { role, parts: readParts(value) };
  if (!isMessage(value) && !("tool_calls" in value)) return { role, parts: [{ type: "json", value }] };
  if (!Array.isArray(value["parts"])) {
    const message = readChatMessage(value);
    return { ...message, role: message.role || role };
  }
  const name = firstString(value["name"]);
  return {
    role: firstString(value["role"]) || role,
    ...(name === "" ? {} : { name }),
    parts: readParts(value["parts"]),
  };
}
