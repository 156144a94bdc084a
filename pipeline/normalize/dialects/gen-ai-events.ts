import type { AnyValue, SpanEvent } from "@weir/otlp";
import { objectOf, structureOf, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOf } from "../content-side.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

const messageEvent = /^gen_ai\.(system|user|assistant|tool)\.message$/;

/** The names of events whose content is read; they are not kept as events. */
export function isContentEvent(name: string): boolean {
  return (
    messageEvent.test(name) ||
    name === "gen_ai.choice" ||
    name === "gen_ai.content.prompt" ||
    name === "gen_ai.content.completion" ||
    name === "gen_ai.client.inference.operation.details"
  );
}

/**
 * Messages as span events: `gen_ai.user.message` … and `gen_ai.choice` of the conventions up to 1.36, and
 * `gen_ai.content.prompt` and `.completion` of those before.
 */
export function genAiEvents({ events }: SpanView): Sides {
  const messages = events.flatMap((event) => eventMessage(event.name, event.attributes) ?? []);
  const choices = events.flatMap((event) => eventChoice(event.name, event.attributes) ?? []);
  return {
    input: messagesSide(messages, []) ?? wholeContent(events, "gen_ai.content.prompt", "gen_ai.prompt"),
    output: messagesSide(choices, []) ?? wholeContent(events, "gen_ai.content.completion", "gen_ai.completion"),
  };
}

function wholeContent(events: readonly SpanEvent[], name: string, key: string): Side | undefined {
  return sideOf(events.find((event) => event.name === name)?.attributes[key], []);
}

/** The message of a `gen_ai.*.message` event, its body and attributes alike; undefined for other events. */
export function eventMessage(name: string, body: AnyValue | ValueObject): ValueObject | undefined {
  const role = messageEvent.exec(name)?.[1];
  if (role === undefined) return undefined;
  const message = objectOf(body);
  return {
    role: textOf(message["role"]) ?? role,
    content: structureOf(message["content"]) ?? message["content"] ?? null,
    ...(textOf(message["name"]) !== undefined && { name: message["name"] }),
    ...(message["tool_calls"] !== undefined && { tool_calls: structureOf(message["tool_calls"]) ?? [] }),
    ...(role === "tool" && { tool_call_id: textOf(message["id"]) ?? textOf(message["tool_call_id"]) ?? "" }),
  };
}

/** The message of a `gen_ai.choice` event with its finish reason; undefined for other events. */
export function eventChoice(name: string, body: AnyValue | ValueObject): ValueObject | undefined {
  if (name !== "gen_ai.choice") return undefined;
  const choice = objectOf(body);
  const message = typeof choice["message"] === "string" ? (structureOf(choice["message"]) ?? {}) : choice["message"];
  const inner = { ...choice, ...objectOf(message as AnyValue) };
  const text = typeof choice["message"] === "string" && structureOf(choice["message"]) === undefined;
  return {
    role: textOf(inner["role"]) ?? "assistant",
    content: text ? choice["message"] : (structureOf(inner["content"]) ?? inner["content"] ?? null),
    ...(inner["tool_calls"] !== undefined && { tool_calls: structureOf(inner["tool_calls"]) ?? [] }),
    finish_reason: textOf(choice["finish_reason"]) ?? "",
  };
}
