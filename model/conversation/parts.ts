import type { Part, ToolCallPart, ToolResultPart } from "../message.ts";
import { ownValue } from "../own-value.ts";
import {
  arrayOf,
  firstString,
  isObject,
  type JsonObject,
  jsonText,
  objectOf,
  stringOf,
  without,
} from "./json-value.ts";
import {
  anthropicMedia,
  mediaPart,
  openaiAudio,
  openaiFile,
  openaiImage,
  otelBlob,
  otelUri,
  urlSource,
} from "./media.ts";

/** Results of tools hold parts again; deeper than this they are kept as they are. */
const deepestResult = 4;

type PartReader = (part: JsonObject, depth: number) => Part;

/** A reader for each `type` that a part has in any of the APIs and in OpenTelemetry's messages. */
const readers: Readonly<Record<string, PartReader>> = {
  text: (part) => text(firstString(part["text"], part["content"])),
  input_text: (part) => text(stringOf(part["text"])),
  output_text: (part) => text(stringOf(part["text"])),
  refusal: (part) => ({ type: "refusal", text: firstString(part["refusal"], part["text"]) }),
  thinking: (part) => reasoning(plainText(part["thinking"] ?? part["content"])),
  redacted_thinking: () => reasoning("", true),
  compaction: readCompaction,
  reasoning: readReasoning,
  "reasoning.text": (part) => reasoning(stringOf(part["text"])),
  "reasoning.summary": (part) => reasoning(stringOf(part["summary"])),
  "reasoning.encrypted": () => reasoning("", true),
  image_url: openaiImage,
  input_image: openaiImage,
  image: (part) => anthropicMedia("image", part),
  document: (part) => anthropicMedia("document", part),
  computer_screenshot: openaiImage,
  container_upload: (part) => mediaPart("document", { kind: "file", fileId: stringOf(part["file_id"]) }),
  document_url: (part) =>
    mediaPart("document", urlSource(stringOf(part["document_url"])), stringOf(part["document_name"])),
  file: openaiFile,
  input_file: openaiFile,
  input_audio: realtimeAudio,
  audio: realtimeAudio,
  output_audio: realtimeAudio,
  blob: otelBlob,
  uri: otelUri,
  tool_use: (part) => toolCall(part, part["input"]),
  server_tool_use: (part) => toolCall(part, part["input"], true),
  mcp_tool_use: (part) => toolCall(part, part["input"], true),
  tool_call: (part) => toolCall(part, part["arguments"]),
  server_tool_call: (part) => toolCall(part, part["arguments"] ?? part["server_tool_call"], true),
  function: (part) => readOpenaiToolCall(part),
  function_call: (part) => toolCall(part, part["arguments"]),
  custom_tool_call: (part) => toolCall(part, part["input"]),
  function_call_output: (part, depth) => toolResult(part, part["output"], depth),
  custom_tool_call_output: (part, depth) => toolResult(part, part["output"], depth),
  mcp_list_tools: providerAct,
  mcp_tool_listing: providerAct,
  mcp_approval_request: providerAct,
  additional_tools: providerAct,
  program: providerAct,
  fallback: providerAct,
  tool_result: (part, depth) => toolResult(part, part["content"] ?? part["parts"], depth),
  tool_call_response: (part, depth) => toolResult(part, part["response"] ?? part["result"], depth),
  server_tool_call_response: (part, depth) =>
    toolResult(part, part["response"] ?? part["server_tool_call_response"], depth),
  json: (part) => ({ type: "json", value: part["value"] }),
};

/** The parts of a message's content: a text, a list of parts, one part, or nothing. */
export function readParts(content: unknown, depth = 0): Part[] {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [text(content)];
  if (Array.isArray(content)) return content.flatMap((part) => readPart(part, depth));
  return readPart(content, depth);
}

function readPart(part: unknown, depth: number): Part[] {
  if (typeof part === "string") return part === "" ? [] : [text(part)];
  if (!isObject(part)) return [{ type: "json", value: part }];
  const type = stringOf(part["type"]);
  const reader = ownValue(readers, type);
  return [reader === undefined ? readOther(type, part, depth) : reader(part, depth)];
}

/** Realtime sessions tell what was said beside the sound, or instead of it. */
function realtimeAudio(part: JsonObject): Part {
  const transcript = stringOf(part["transcript"]);
  return transcript === "" ? openaiAudio(part) : text(transcript);
}

/** Tools of providers' own come under ever new names: `web_search_call`, `bash_code_execution_tool_result` … */
function readOther(type: string, part: JsonObject, depth: number): Part {
  if (type.endsWith("_tool_result")) return toolResult(part, part["content"], depth);
  if (type.endsWith("_output"))
    return toolResult(part, part["output"] ?? part["result"] ?? { type: "json", value: part["tools"] }, depth);
  if (type.endsWith("_call")) return providerToolCall(type.slice(0, -"_call".length), part);
  return type === "" ? { type: "json", value: part } : { type: "unknown", label: type, value: part };
}

export function text(value: string): Part {
  return { type: "text", text: value };
}

export function reasoning(value: string, isEncrypted = false): Part {
  return { type: "reasoning", text: value, isEncrypted };
}

/** The Responses API's item (summary and content are lists) and OpenTelemetry's part (content is a text). */
function readReasoning(part: JsonObject): Part {
  const written = [part["summary"], part["content"], part["text"]].map(plainText).filter((value) => value !== "");
  return reasoning(written.join("\n\n"), written.length === 0 && jsonText(part["encrypted_content"]) !== "");
}

/** What the model wrote to stand for the conversation so far, once that got too long. OpenAI's is encrypted. */
function readCompaction(part: JsonObject): Part {
  const written = stringOf(part["content"]);
  return reasoning(written, written === "" && stringOf(part["encrypted_content"]) !== "");
}

/** The text of a text or of a list of parts that have texts. */
export function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  const texts = arrayOf(value).map((part) => firstString(part, objectOf(part)["text"], objectOf(part)["content"]));
  return texts.filter((written) => written !== "").join("\n\n");
}

function toolCall(part: JsonObject, input: unknown, isProviderTool = false): ToolCallPart {
  return {
    type: "tool_call",
    id: firstString(part["call_id"], part["id"]),
    name: stringOf(part["name"]),
    arguments: jsonText(input),
    isProviderTool,
  };
}

function providerToolCall(name: string, part: JsonObject): ToolCallPart {
  const input = part["action"] ?? part["arguments"] ?? part["queries"] ?? part["code"] ?? part["operation"];
  return { ...toolCall(part, input, true), name };
}

/** What the provider does beside the model's tools: it lists a server's, asks for leave, hands over to another model. */
function providerAct(part: JsonObject): ToolCallPart {
  return { ...toolCall(part, without(part, "type", "id", "call_id"), true), name: stringOf(part["type"]) };
}

/** An entry of `tool_calls` in OpenAI's chat API. */
export function readOpenaiToolCall(call: unknown): ToolCallPart {
  const entry = objectOf(call);
  const body = objectOf(entry["function"] ?? entry["custom"]);
  return toolCall({ ...entry, ...body }, body["arguments"] ?? body["input"] ?? entry["arguments"]);
}

function toolResult(part: JsonObject, content: unknown, depth: number): ToolResultPart {
  const tooDeep = depth >= deepestResult;
  return {
    type: "tool_result",
    id: firstString(part["tool_use_id"], part["call_id"], part["tool_call_id"], part["id"]),
    parts: tooDeep ? [{ type: "json", value: content }] : readParts(content, depth + 1),
    isError: part["is_error"] === true || part["isError"] === true,
  };
}
