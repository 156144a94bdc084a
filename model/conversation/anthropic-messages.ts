import { arrayOf, objectOf, stringOf, without } from "./json-value.ts";
import { plainText, readParts } from "./parts.ts";
import { type ConversationReader, readError, readTools } from "./request.ts";

/** Anthropic's Messages API. */
export const anthropicMessages: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      system: plainText(request["system"]),
      messages: arrayOf(request["messages"]).map((entry) => {
        const message = objectOf(entry);
        return { role: stringOf(message["role"]), parts: readParts(message["content"]) };
      }),
      tools: readTools(request["tools"]),
      params: without(request, "messages", "system", "tools"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const parts = readParts(response["content"]);
    const finishReason = stringOf(response["stop_reason"]);
    if (parts.length === 0 && finishReason === "") return [];
    return [{ role: "assistant", parts, finishReason }];
  },
};
