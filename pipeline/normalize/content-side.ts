import type { AnyValue, Attributes } from "@weir/otlp";
import { isValueObject, jsonOf, parsedJson, type ValueObject } from "./attribute-value.ts";
import type { Side } from "./span-view.ts";

/** A side whose bytes are one attribute's; undefined when the attribute is absent or empty. */
export function sideOfKey(attributes: Attributes, key: string): Side | undefined {
  return Object.hasOwn(attributes, key) ? sideOf(attributes[key] as AnyValue, [key]) : undefined;
}

/** The side of the first of the attributes that holds something. */
export function sideOfFirst(attributes: Attributes, ...keys: readonly string[]): Side | undefined {
  for (const key of keys) {
    const side = sideOfKey(attributes, key);
    if (side !== undefined) return side;
  }
  return undefined;
}

/** A side of any value: JSON text stays as it was written, JSON within JSON text is unwrapped. */
export function sideOf(value: unknown, keys: readonly string[]): Side | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") return structuredSide(jsonOf(value), keys);
  if (!/^\s*[[{"]/.test(value)) return { form: "text", text: value, keys };
  const parsed = parsedJson(value);
  if (typeof parsed === "string") return sideOf(parsed, keys);
  if (parsed === undefined) return { form: /^\s*[[{]\s*["{[]/.test(value) ? "cut" : "text", text: value, keys };
  return { form: isMessages(parsed) ? "messages" : "json", text: value, value: parsed, keys };
}

function structuredSide(text: string, keys: readonly string[]): Side {
  const value = parsedJson(text);
  return { form: isMessages(value) ? "messages" : "json", text, value, keys };
}

/** A side that was assembled: printed as JSON. Undefined for no messages at all. */
export function messagesSide(value: ValueObject | readonly unknown[], keys: readonly string[]): Side | undefined {
  if (Array.isArray(value) && value.length === 0) return undefined;
  const text = jsonOf(value);
  return { form: "messages", text, value: parsedJson(text), keys };
}

/** Whether `weir.messages` finds messages in the value: a list of them, one, or a request that holds some. */
export function isMessages(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isMessage);
  if (!isValueObject(value)) return false;
  const messages = value["messages"];
  return Array.isArray(messages) ? messages.length > 0 && messages.every(isMessage) : isMessage(value);
}

function isMessage(value: unknown): boolean {
  if (!isValueObject(value) || typeof value["role"] !== "string") return false;
  return "content" in value || "parts" in value || "tool_calls" in value;
}
