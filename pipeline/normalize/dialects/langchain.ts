import { ownValue } from "@weir/model";
import { isValueObject, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide } from "../content-side.ts";
import type { Side } from "../span-view.ts";

const roles: Readonly<Record<string, string>> = {
  human: "user",
  HumanMessage: "user",
  ai: "assistant",
  AIMessage: "assistant",
  AIMessageChunk: "assistant",
  system: "system",
  SystemMessage: "system",
  tool: "tool",
  ToolMessage: "tool",
};

/**
 * LangChain's messages, as its tracers serialise them (`{"type":"human","content":…}`, `{"lc":1,"kwargs":…}`), within
 * `{"messages":[…]}` or alone: what chains and graphs take and give. The side as it is when it holds none.
 */
export function withLangchainMessages(side: Side | undefined): Side | undefined {
  if (side?.form !== "json") return side;
  const { value } = side;
  const held = isValueObject(value) ? (value["messages"] ?? value["output"] ?? value) : value;
  const messages = (Array.isArray(held) ? held.flat() : [held]).map(readMessage);
  // A result alone is what a tool gave, which is no conversation.
  if (messages.includes(undefined) || messages.every((message) => message?.["role"] === "tool")) return side;
  return messagesSide(messages as ValueObject[], side.keys) ?? side;
}

function readMessage(value: unknown): ValueObject | undefined {
  if (!isValueObject(value)) return undefined;
  const inner = isValueObject(value["kwargs"]) ? value["kwargs"] : isValueObject(value["data"]) ? value["data"] : value;
  const path = Array.isArray(value["id"]) ? value["id"].at(-1) : undefined;
  const role = [inner["type"], value["type"], path]
    .map((word) => ownValue(roles, textOf(word) ?? ""))
    .find((known) => known !== undefined);
  if (role === undefined || !("content" in inner)) return undefined;
  const calls = Array.isArray(inner["tool_calls"]) ? inner["tool_calls"].filter(isValueObject) : [];
  return {
    role,
    content: inner["content"],
    ...(calls.length > 0 && { tool_calls: calls.map(({ id, name, args }) => ({ id, name, arguments: args })) }),
    ...(role === "tool" && { tool_call_id: textOf(inner["tool_call_id"]) ?? "" }),
  };
}
