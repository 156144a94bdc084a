import { type Message, type Part, type ResponseMessage, readConversation, type SpanRow, textOf } from "@weir/model";

/** The content of a call as OpenTelemetry's GenAI conventions spell it; each a JSON text, empty when there is none. */
export interface GenAiContent {
  readonly inputMessages: string;
  readonly outputMessages: string;
  readonly systemInstructions: string;
  readonly toolDefinitions: string;
}

const nothing: GenAiContent = { inputMessages: "", outputMessages: "", systemInstructions: "", toolDefinitions: "" };

/** Reads a row's content into `gen_ai.input.messages` and its siblings. Never throws. */
export function genAiContent(row: SpanRow): GenAiContent {
  if (row.input.length === 0 && row.output.length === 0) return nothing;
  const conversation = readConversation({
    content_format: row.content_format,
    content_state: row.content_state,
    input: textOfContent(row.input),
    output: textOfContent(row.output),
  });
  const answers = conversation.response === null ? [] : [conversation.response, ...conversation.alternatives];
  return {
    inputMessages: listText(conversation.messages.map(messageOf)),
    outputMessages: listText(answers.map((answer) => answerOf(answer, row.finish_reason))),
    systemInstructions:
      conversation.system === "" ? "" : JSON.stringify([{ type: "text", content: conversation.system }]),
    toolDefinitions: listText(conversation.tools.map((tool) => ({ type: "function", ...tool }))),
  };
}

function textOfContent(content: string | Uint8Array): string {
  return typeof content === "string" ? content : Buffer.from(content).toString();
}

function listText(list: readonly unknown[]): string {
  return list.length === 0 ? "" : JSON.stringify(list);
}

function messageOf({ role, name, parts }: Message) {
  return { role, parts: parts.map(partOf), ...(name && { name }) };
}

function answerOf(answer: ResponseMessage, finishReason: string) {
  return { ...messageOf(answer), finish_reason: finishReason || answer.finishReason || "stop" };
}

function partOf(part: Part): object {
  switch (part.type) {
    case "text":
      return { type: "text", content: part.text };
    case "reasoning":
      return { type: "reasoning", content: part.text };
    case "refusal":
    case "error":
      return { type: part.type, content: part.text };
    case "tool_call":
      return {
        type: part.isProviderTool ? "server_tool_call" : "tool_call",
        id: part.id,
        name: part.name,
        arguments: parsed(part.arguments),
      };
    case "tool_result":
      return { type: "tool_call_response", id: part.id, response: textOf(part.parts) || part.parts.map(partOf) };
    case "image":
    case "audio":
    case "video":
    case "document":
      return mediaOf(part);
    case "embedding":
      return { type: "embedding", dimensions: part.dimensions };
    case "json":
      return { type: "json", content: part.value };
    default:
      return { type: part.label || "unknown", content: part.value };
  }
}

function mediaOf({ type, source }: Extract<Part, { source: unknown }>): object {
  switch (source.kind) {
    case "url":
      return { type: "uri", modality: type, uri: source.url };
    case "file":
      return { type: "file", modality: type, file_id: source.fileId };
    case "text":
      return { type: "text", content: source.text };
    default:
      return { type: "blob", modality: type, mime_type: source.mediaType, content: source.base64 };
  }
}

/** A tool's arguments are an object where the model wrote whole JSON, else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
