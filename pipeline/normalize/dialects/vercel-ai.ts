import { arrayOf, isValueObject, jsonOf, objectOf, structureOf, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOf, sideOfFirst, sideOfKey } from "../content-side.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

/** Vercel's AI SDK, versions 4 to 6 (`ai.*`; version 7 follows OpenTelemetry's conventions). */
export function vercelAi(view: SpanView): Sides {
  const { attributes, kind } = view;
  if (kind === "tool") {
    return { input: sideOfKey(attributes, "ai.toolCall.args"), output: sideOfKey(attributes, "ai.toolCall.result") };
  }
  return {
    input: sentMessages(attributes) ?? prompt(attributes) ?? texts(attributes),
    output: answer(view),
  };
}

function sentMessages(attributes: SpanView["attributes"]): Side | undefined {
  const messages = arrayOf(attributes["ai.prompt.messages"]);
  if (messages.length === 0) return sideOfKey(attributes, "ai.prompt.messages");
  return withTools(attributes, { messages: messages.map(readMessage) }, ["ai.prompt.messages"]);
}

/** `{"system":…,"prompt":…}` or `{"system":…,"messages":[…]}` of the outer spans. */
function prompt(attributes: SpanView["attributes"]): Side | undefined {
  const { system, prompt: text, messages } = objectOf(attributes["ai.prompt"]);
  if (text === undefined && messages === undefined) return sideOfKey(attributes, "ai.prompt");
  const list = messages === undefined ? (Array.isArray(text) ? text : [{ role: "user", content: text }]) : messages;
  const opening = textOf(system) === undefined ? [] : [{ role: "system", content: system }];
  return withTools(attributes, { messages: [...opening, ...arrayOf(list).map(readMessage)] }, ["ai.prompt"]);
}

function withTools(
  attributes: SpanView["attributes"],
  request: ValueObject,
  keys: readonly string[],
): Side | undefined {
  const tools = arrayOf(attributes["ai.prompt.tools"]).map((tool) => objectOf(tool));
  if (tools.length === 0) return messagesSide(arrayOf(request["messages"]), keys);
  const definitions = tools.map(({ inputSchema, ...tool }) => ({
    ...tool,
    ...(inputSchema !== undefined && { parameters: inputSchema }),
  }));
  return messagesSide({ ...request, tools: definitions }, [...keys, "ai.prompt.tools"]);
}

/** `ai.value` and `ai.values` of embeddings, the latter as JSON texts. */
function texts(attributes: SpanView["attributes"]): Side | undefined {
  const values = arrayOf(attributes["ai.values"]).map((value) => unquoted(value));
  if (values.length > 0) return sideOf(values, ["ai.values"]);
  const value = attributes["ai.value"];
  return value === undefined ? undefined : sideOf(unquoted(value), ["ai.value"]);
}

function unquoted(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith('"')) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Text, reasoning, tool calls and the object of an answer stand in attributes of their own; before 4 in `ai.result.*`. */
function answer({ attributes, fields }: SpanView): Side | undefined {
  const keys: string[] = [];
  const take = (...names: readonly string[]): unknown => {
    const key = names.find((name) => attributes[name] !== undefined && attributes[name] !== "");
    if (key !== undefined) keys.push(key);
    return key === undefined ? undefined : attributes[key];
  };
  const reasoning = textOf(take("ai.response.reasoning"));
  const text = textOf(take("ai.response.text", "ai.result.text"));
  const calls = arrayOf(take("ai.response.toolCalls", "ai.result.toolCalls")).map(readToolCall);
  const object = take("ai.response.object", "ai.result.object");
  const parts = [
    ...(reasoning === undefined ? [] : [{ type: "reasoning", content: reasoning }]),
    ...(text === undefined ? [] : [{ type: "text", content: text }]),
    ...(object === undefined ? [] : [{ type: "text", content: typeof object === "string" ? object : jsonOf(object) }]),
    ...calls,
  ];
  if (parts.length === 0) return sideOfFirst(attributes, "ai.ranking");
  return messagesSide([{ role: "assistant", parts, finish_reason: fields.finish_reason ?? "" }], keys);
}

function readMessage(value: unknown): ValueObject {
  const message = objectOf(value);
  const role = textOf(message["role"]) ?? "user";
  const content = message["content"];
  if (!Array.isArray(content)) return { role, content: content ?? null };
  return { role, parts: content.map((part) => readPart(part)) };
}

function readPart(value: unknown): unknown {
  if (!isValueObject(value)) return value;
  switch (value["type"]) {
    case "text":
      return { type: "text", content: value["text"] ?? "" };
    case "reasoning":
    case "thinking":
      return { type: "reasoning", content: value["text"] ?? "" };
    case "tool-call":
      return readToolCall(value);
    case "tool-result":
      return { type: "tool_call_response", id: textOf(value["toolCallId"]) ?? "", response: toolResult(value) };
    case "image":
      return media("image", value["image"], value["mediaType"] ?? value["mimeType"]);
    case "file":
      return media("document", value["data"], value["mediaType"] ?? value["mimeType"]);
    default:
      return value;
  }
}

/** Version 4 has `args`, version 5 `input`; both may be JSON text. */
function readToolCall(value: unknown): ValueObject {
  const call = objectOf(value);
  return {
    type: "tool_call",
    id: textOf(call["toolCallId"]) ?? "",
    name: textOf(call["toolName"]) ?? "",
    arguments: call["input"] ?? call["args"] ?? "",
  };
}

/** Version 4 has `result`, version 5 `output: { type, value }`. */
function toolResult(part: ValueObject): unknown {
  if (part["result"] !== undefined) return part["result"];
  const output = structureOf(part["output"]);
  return isValueObject(output) && "value" in output ? output["value"] : (part["output"] ?? "");
}

function media(modality: string, data: unknown, mediaType: unknown): ValueObject {
  const type = textOf(mediaType) ?? "";
  const medium = type === "" ? modality : (type.split("/")[0] ?? modality);
  const text = textOf(data) ?? textOf(objectOf(data)["url"]) ?? "";
  if (/^(?:https?|data):/.test(text)) return { type: "uri", modality: medium, mime_type: type, uri: text };
  return { type: "blob", modality: medium, mime_type: type, content: text };
}
