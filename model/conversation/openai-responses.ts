import type { Message, Part } from "../message.ts";
import { arrayOf, firstString, isObject, objectOf, stringOf, without } from "./json-value.ts";
import { readParts } from "./parts.ts";
import { type ConversationReader, joinTexts, liftSystem, readOpenaiError, readTools } from "./request.ts";

/** OpenAI's Responses API: input and output are lists of items, of which messages are one kind. */
export const openaiResponses: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const lifted = liftSystem(readItems(request["input"]));
    return {
      system: joinTexts([stringOf(request["instructions"]), lifted.system]),
      messages: lifted.messages,
      tools: readTools(request["tools"]),
      params: without(request, "input", "instructions", "tools"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const parts = arrayOf(response["output"]).flatMap((item) => itemMessage(item).parts);
    const incomplete = stringOf(objectOf(response["incomplete_details"])["reason"]);
    const finishReason = incomplete || stringOf(response["status"]);
    const error = readOpenaiError(response);
    const answer = parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason }];
    return error === undefined ? answer : [error, ...answer];
  },
};

/** Messages stay as they are; a run of other items of one side is one message. */
function readItems(input: unknown): Message[] {
  if (typeof input === "string") return [{ role: "user", parts: readParts(input) }];
  const messages: { role: string; parts: Part[]; isItems: boolean }[] = [];
  for (const item of arrayOf(input)) {
    const { role, parts, isItems } = itemMessage(item);
    const last = messages.at(-1);
    if (isItems && last !== undefined && last.role === role && last.isItems) last.parts.push(...parts);
    else messages.push({ role, parts, isItems });
  }
  return messages.map(({ role, parts }) => ({ role, parts }));
}

function itemMessage(item: unknown): { role: string; parts: Part[]; isItems: boolean } {
  const entry = objectOf(item);
  const type = stringOf(entry["type"]);
  if (type === "message" || (type === "" && isObject(item))) {
    return { role: firstString(entry["role"]) || "user", parts: readParts(entry["content"]), isItems: false };
  }
  const role = type.endsWith("_output") ? "tool" : "assistant";
  return { role, parts: readParts([item]), isItems: true };
}
