import type { Part } from "../message.ts";
import { isObject } from "./json-value.ts";
import { type ConversationReader, readError } from "./request.ts";

/** What a tool or a step took and gave: any JSON. */
export const plainJson: ConversationReader = {
  request: (value) => ({ system: "", messages: [{ role: "user", parts: [jsonPart(value)] }], tools: [], params: {} }),
  response(value) {
    const error = isObject(value) && Object.keys(value).length === 1 ? readError(value) : undefined;
    return [error ?? { role: "assistant", parts: [jsonPart(value)], finishReason: "" }];
  },
};

function jsonPart(value: unknown): Part {
  return typeof value === "string" ? { type: "text", text: value } : { type: "json", value };
}
