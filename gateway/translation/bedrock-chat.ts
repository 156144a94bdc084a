import type { MediaPart, Message, Part } from "@weir/model";
import { isRecord, recordOf, textOf } from "../providers/shape.ts";
import { argumentsObject, badRequest, type ChatRequest, joinTurns, present } from "./chat-request.ts";
import type { ChatDialect, Delta, DeltaReader } from "./dialect.ts";

/** Chat completions in the words of Bedrock's Converse. */
export const bedrockChat: ChatDialect = {
  path: ({ model, isStream }) => `/model/${encodeURIComponent(model)}/${isStream ? "converse-stream" : "converse"}`,
  headers: [],
  body(request) {
    return present({
      messages: joinTurns(request.messages.map(turnOf)),
      system: request.system === "" ? undefined : [{ text: request.system }],
      inferenceConfig: inferenceConfig(request),
      toolConfig: toolConfig(request),
      additionalModelRequestFields: request.topK === undefined ? undefined : { top_k: request.topK },
    });
  },
  openDeltas: readDeltas,
};

function inferenceConfig(request: ChatRequest): unknown {
  const config = present({
    maxTokens: request.maxTokens,
    temperature: request.temperature,
    topP: request.topP,
    stopSequences: request.stop,
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

function toolConfig({ tools, toolChoice }: ChatRequest): unknown {
  // Converse has no word for "none": tools that may not be called are not shown.
  if (tools.length === 0 || toolChoice === "none") return undefined;
  return present({
    tools: tools.map((tool) => ({
      toolSpec: present({
        name: tool.name,
        description: tool.description,
        inputSchema: { json: tool.parameters ?? { type: "object" } },
      }),
    })),
    toolChoice: choiceOf(toolChoice),
  });
}

function choiceOf(choice: ChatRequest["toolChoice"]): unknown {
  if (typeof choice === "object") return { tool: { name: choice.name } };
  if (choice === "required") return { any: {} };
  return choice === "auto" ? { auto: {} } : undefined;
}

function turnOf(message: Message): { role: string; content: unknown[] } {
  return { role: message.role === "assistant" ? "assistant" : "user", content: message.parts.flatMap(blockOf) };
}

function blockOf(part: Part): unknown[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ text: part.text }];
    case "reasoning":
      return [];
    case "tool_call":
      return [{ toolUse: { toolUseId: part.id, name: part.name, input: argumentsObject(part.arguments) } }];
    case "tool_result":
      return [{ toolResult: { toolUseId: part.id, content: part.parts.flatMap(blockOf) } }];
    case "image":
      return [{ image: { format: formatOf(part, "png"), source: bytesOf(part) } }];
    case "document": {
      const name = part.name.replaceAll(/[^A-Za-z0-9 ()[\]-]+/g, "-") || "document";
      return [{ document: { name, format: formatOf(part, "pdf"), source: bytesOf(part) } }];
    }
    case "json":
      return [{ text: JSON.stringify(part.value) }];
    default:
      throw badRequest(`Bedrock's Converse takes no ${part.type} in a message.`);
  }
}

function formatOf({ source }: MediaPart, usual: string): string {
  const subtype = source.kind === "data" ? source.mediaType.split("/")[1] : undefined;
  return subtype === undefined || subtype === "" ? usual : subtype === "jpg" ? "jpeg" : subtype;
}

function bytesOf({ source, type }: MediaPart): unknown {
  if (source.kind === "data") return { bytes: source.base64 };
  if (source.kind === "url" && source.url.startsWith("s3://")) return { s3Location: { uri: source.url } };
  throw badRequest(`Bedrock takes the bytes of a ${type}: send it as a data: URL.`);
}

function readDeltas(): DeltaReader {
  const calls = new Map<unknown, number>();
  return (raw, type): Delta[] => {
    const event = recordOf(raw);
    if (type === "contentBlockStart") {
      const use = recordOf(event["start"])["toolUse"];
      if (!isRecord(use)) return [];
      const index = calls.size;
      calls.set(event["contentBlockIndex"], index);
      return [{ kind: "call", index, id: textOf(use["toolUseId"]), name: textOf(use["name"]), arguments: "" }];
    }
    if (type !== "contentBlockDelta") return [];
    const delta = recordOf(event["delta"]);
    const text = textOf(delta["text"]);
    if (text !== "") return [{ kind: "text", text }];
    const reasoning = textOf(recordOf(delta["reasoningContent"])["text"]);
    if (reasoning !== "") return [{ kind: "reasoning", text: reasoning }];
    const index = calls.get(event["contentBlockIndex"]);
    const piece = textOf(recordOf(delta["toolUse"])["input"]);
    return index === undefined || piece === "" ? [] : [{ kind: "arguments", index, arguments: piece }];
  };
}
