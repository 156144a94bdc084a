import type { Attributes } from "@weir/otlp";
import { isValueObject, jsonOf, objectOf, parsedJson, textOf } from "./attribute-value.ts";

/** Attributes whose values are an object of metadata. */
const objects = ["langfuse.trace.metadata", "langfuse.observation.metadata", "metadata"];

/** What stands before a single key of metadata. */
const prefixes = [
  "langfuse.trace.metadata.",
  "langfuse.observation.metadata.",
  "traceloop.association.properties.",
  "ai.telemetry.metadata.",
  "ai.settings.context.",
  "langsmith.metadata.",
];

/** Keys that have columns, and settings of the tracers themselves. */
const withColumns = new Set(["userId", "user_id", "sessionId", "session_id", "thread_id", "tags", "usage_metadata"]);
const ofTracers = /^(?:ls_|LANGSMITH_|LANGCHAIN_|revision_id$)/;

/** Metadata of every dialect as `metadata.<key>`, as the gateway and REST store it. */
export function metadataAttributes(attributes: Attributes): Record<string, string> {
  const found: Record<string, string> = {};
  const add = (key: string, value: unknown) => {
    if (key === "" || withColumns.has(key) || ofTracers.test(key) || value === null || value === undefined) return;
    found[`metadata.${key}`] ??= metadataText(value);
  };
  for (const key of objects) {
    if (attributes[key] === undefined) continue;
    for (const [name, value] of Object.entries(objectOf(attributes[key]))) add(name, value);
  }
  for (const key of Object.keys(attributes)) {
    const prefix = prefixes.find((start) => key.startsWith(start));
    if (prefix !== undefined) add(key.slice(prefix.length), attributes[key]);
  }
  return found;
}

/** Texts lose JSON's quotes, which Langfuse puts around every value. */
function metadataText(value: unknown): string {
  const text = textOf(value);
  if (text === undefined) return typeof value === "string" ? "" : jsonOf(value);
  if (!text.startsWith('"')) return text;
  const inner = parsedJson(text);
  return typeof inner === "string" ? inner : isValueObject(inner) ? jsonOf(inner) : text;
}
