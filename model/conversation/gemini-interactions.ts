import type { Message, Part } from "../message.ts";
import { arrayOf, firstString, type JsonObject, jsonText, objectOf, stringOf, without } from "./json-value.ts";
import { mediaPart, urlSource } from "./media.ts";
import { plainText, readParts, reasoning, text } from "./parts.ts";
import { type ConversationReader, type ReadResponse, readError, readTools } from "./request.ts";

/**
 * Gemini's Interactions: what was said and done is a list of steps. In the API's former revision it was a list of
 * contents (`outputs`): texts and media stood beside thoughts and calls.
 */
export const geminiInteractions: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      system: plainText(request["system_instruction"]),
      messages: readInput(request["input"]),
      tools: readTools(request["tools"]),
      params: {
        ...without(request, "input", "system_instruction", "tools", "generation_config"),
        ...objectOf(request["generation_config"]),
      },
    };
  },
  response(value): ReadResponse {
    const response = objectOf(Array.isArray(value) ? value[0] : value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const steps = arrayOf(response["steps"]).flatMap((step) => readStep(objectOf(step)).parts);
    const parts = steps.length > 0 ? steps : arrayOf(response["outputs"]).map(objectOf).flatMap(readContent);
    const finishReason = stringOf(response["status"]);
    if (parts.length === 0 && finishReason === "") return [];
    return [{ role: "assistant", parts, finishReason }];
  },
};

/** A text, contents, or steps: which of them a list holds shows in its first entry. */
function readInput(input: unknown): Message[] {
  if (input === undefined || input === null) return [];
  if (typeof input === "string") return [{ role: "user", parts: [text(input)] }];
  const entries = (Array.isArray(input) ? input : [input]).map(objectOf);
  const isContents = mediaTypes.has(stringOf(entries[0]?.["type"])) || stringOf(entries[0]?.["type"]) === "text";
  return isContents ? [{ role: "user", parts: entries.flatMap(readContent) }] : entries.map(readStep);
}

/** A step, or a turn of a conversation with its role. */
function readStep(step: JsonObject): Message {
  const type = stringOf(step["type"]);
  if (type === "model_output") return { role: "assistant", parts: readContents(step) };
  if (type === "user_input") return { role: "user", parts: readContents(step) };
  if (type === "") {
    const role = stringOf(step["role"]);
    return { role: role === "model" ? "assistant" : role, parts: readContents(step) };
  }
  const deed = readDeed(type, step) ?? { type: "unknown", label: type, value: step };
  return { role: type === "function_result" ? "tool" : "assistant", parts: [deed] };
}

function readContents({ content }: JsonObject): Part[] {
  return (typeof content === "string" ? [{ text: content }] : arrayOf(content)).map(objectOf).flatMap(readContent);
}

/** A thought, a call or a call's result: a step, and in the former revision a content too. */
function readDeed(type: string, step: JsonObject): Part | undefined {
  if (type === "thought") return readThought(step);
  if (type.endsWith("_call")) return readCall(type, step);
  return type.endsWith("_result") ? readResult(step) : undefined;
}

function readThought(step: JsonObject): Part {
  const written = plainText(step["summary"]);
  return reasoning(written, written === "" && stringOf(step["signature"]) !== "");
}

function readCall(type: string, step: JsonObject): Part {
  return {
    type: "tool_call",
    id: stringOf(step["id"]),
    name: firstString(step["name"]) || type.slice(0, -"_call".length),
    arguments: jsonText(step["arguments"] ?? {}),
    isProviderTool: type !== "function_call",
  };
}

function readResult(step: JsonObject): Part {
  const { result } = step;
  const parts: Part[] = typeof result === "string" ? readParts(result) : [{ type: "json", value: result ?? null }];
  return { type: "tool_result", id: stringOf(step["call_id"]), parts, isError: step["is_error"] === true };
}

const mediaTypes: ReadonlySet<string> = new Set(["image", "audio", "video", "document"]);

function readContent(content: JsonObject): Part[] {
  const type = stringOf(content["type"]);
  const deed = readDeed(type, content);
  if (deed !== undefined) return [deed];
  if (!mediaTypes.has(type))
    return typeof content["text"] === "string" ? readParts(content["text"]) : readParts([content]);
  const base64 = stringOf(content["data"]);
  const mediaType = stringOf(content["mime_type"]);
  const source = base64 === "" ? urlSource(stringOf(content["uri"])) : { kind: "data" as const, mediaType, base64 };
  return [mediaPart(type as "image" | "audio" | "video" | "document", source)];
}
