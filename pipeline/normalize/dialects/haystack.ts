import { arrayOf, isValueObject, objectOf, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOf, sideOfFirst } from "../content-side.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

const inputKeys = ["haystack.component.input", "haystack.agent.input", "haystack.pipeline.input_data"];
const outputKeys = ["haystack.component.output", "haystack.agent.output", "haystack.pipeline.output_data"];

/** Haystack with content tracing: what components took and gave, as JSON; its chat messages become messages. */
export function haystack({ attributes, kind }: SpanView): Sides {
  const input = sideOfFirst(attributes, ...inputKeys);
  const output = sideOfFirst(attributes, ...outputKeys);
  if (input === undefined && output === undefined) return {};
  const taken = objectOf(input?.value);
  const keys = input?.keys ?? [];
  if (kind === "embedding") return { input: sideOf(taken["text"], keys) ?? input };
  if (kind === "retriever") return { input: sideOf(taken["query"], keys) ?? input, output };
  if (kind !== "llm" && kind !== "agent") return { input, output };
  return { input: chatMessages(taken["messages"] ?? taken["prompt"], keys) ?? input, output: replies(output) };
}

function replies(output: Side | undefined): Side | undefined {
  const given = objectOf(output?.value);
  return chatMessages(given["replies"] ?? given["messages"], output?.keys ?? []) ?? output;
}

function chatMessages(value: unknown, keys: readonly string[]): Side | undefined {
  if (typeof value === "string") return messagesSide([{ role: "user", content: value }], keys);
  return messagesSide(
    arrayOf(value).map((message) =>
      isValueObject(message) ? readMessage(message) : { role: "assistant", content: message },
    ),
    keys,
  );
}

/** `{"role", "content": [{"text"} | {"tool_call"} | {"tool_call_result"} | {"image"} | {"reasoning"}], "meta"}`. */
function readMessage(message: ValueObject): ValueObject {
  const meta = objectOf(message["meta"]);
  const content = message["content"] ?? message["_content"];
  return {
    role: textOf(message["role"] ?? message["_role"]) ?? "user",
    ...(Array.isArray(content) ? { parts: content.map(readPart) } : { content: content ?? null }),
    ...(meta["finish_reason"] !== undefined && { finish_reason: meta["finish_reason"] }),
  };
}

function readPart(value: unknown): unknown {
  if (!isValueObject(value)) return value;
  if ("text" in value) return { type: "text", content: value["text"] };
  if ("reasoning" in value)
    return { type: "reasoning", content: textOf(objectOf(value["reasoning"])["reasoning_text"]) ?? "" };
  if ("tool_call" in value) {
    const { id, tool_name, arguments: given } = objectOf(value["tool_call"]);
    return { type: "tool_call", id: textOf(id) ?? "", name: textOf(tool_name) ?? "", arguments: given ?? {} };
  }
  if ("tool_call_result" in value) {
    const { result, origin } = objectOf(value["tool_call_result"]);
    return { type: "tool_call_response", id: textOf(objectOf(origin)["id"]) ?? "", response: result ?? "" };
  }
  if ("image" in value) {
    const { base64_image, mime_type } = objectOf(value["image"]);
    return { type: "blob", modality: "image", mime_type: mime_type ?? "", content: base64_image ?? "" };
  }
  return value;
}

/** What a generator says of its answer, since Haystack has no attributes for it: `replies[0].meta`, or `meta[0]`. */
export function haystackMeta(attributes: SpanView["attributes"]): ValueObject {
  const given = objectOf(attributes["haystack.component.output"]);
  const reply = objectOf(arrayOf(given["replies"])[0]);
  const meta = reply["meta"] ?? reply["_meta"] ?? arrayOf(given["meta"])[0] ?? given["meta"];
  return objectOf(meta);
}
