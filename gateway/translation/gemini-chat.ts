import type { MediaPart, Message, Part } from "@weir/model";
import { ownValue } from "@weir/model";
import { isRecord, listOf, recordOf, textOf } from "../providers/shape.ts";
import {
  argumentsObject,
  badRequest,
  type ChatRequest,
  joinTurns,
  present,
  resultText,
  toolNames,
} from "./chat-request.ts";
import type { ChatDialect, Delta, DeltaReader } from "./dialect.ts";

const thinkingLevels: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 512,
  low: 1024,
  medium: 8192,
  high: 24_576,
};

/** Chat completions in the words of Gemini's `generateContent`. */
export const geminiChat: ChatDialect = {
  path({ model, isStream }) {
    const method = isStream ? "streamGenerateContent?alt=sse" : "generateContent";
    // Vertex's models are known by their whole path, as tuned ones are.
    if (/^(projects|publishers)\//.test(model)) return `/v1/${encodeURI(model)}:${method}`;
    if (model.startsWith("tunedModels/")) return `/v1beta/${encodeURI(model)}:${method}`;
    return `/v1beta/models/${encodeURIComponent(model.replace(/^models\//, ""))}:${method}`;
  },
  headers: [],
  body(request) {
    const names = toolNames(request.messages);
    const turns = joinTurns(request.messages.map((message) => turnOf(message, names)));
    return present({
      contents: turns.map(({ role, content }) => ({ role, parts: content })),
      systemInstruction: request.system === "" ? undefined : { parts: [{ text: request.system }] },
      tools: request.tools.length === 0 ? undefined : [{ functionDeclarations: request.tools.map(declarationOf) }],
      toolConfig: toolConfig(request),
      generationConfig: generationConfig(request),
    });
  },
  openDeltas: readDeltas,
};

function declarationOf(tool: ChatRequest["tools"][number]): unknown {
  return present({
    name: tool.name,
    description: tool.description,
    parametersJsonSchema: tool.parameters ?? undefined,
  });
}

function toolConfig({ toolChoice }: ChatRequest): unknown {
  if (toolChoice === "") return undefined;
  if (typeof toolChoice === "object") {
    return { functionCallingConfig: { mode: "ANY", allowedFunctionNames: [toolChoice.name] } };
  }
  return { functionCallingConfig: { mode: { auto: "AUTO", none: "NONE", required: "ANY" }[toolChoice] } };
}

function generationConfig(request: ChatRequest): unknown {
  const budget = ownValue(thinkingLevels, request.reasoningEffort);
  const config = present({
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    maxOutputTokens: request.maxTokens,
    stopSequences: request.stop,
    seed: request.seed,
    candidateCount: request.choices > 1 ? request.choices : undefined,
    frequencyPenalty: request.frequencyPenalty,
    presencePenalty: request.presencePenalty,
    responseMimeType: request.schema === undefined ? undefined : "application/json",
    responseJsonSchema: isRecord(request.schema) && Object.keys(request.schema).length > 0 ? request.schema : undefined,
    thinkingConfig: budget === undefined ? undefined : { thinkingBudget: budget, includeThoughts: budget > 0 },
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

function turnOf(message: Message, names: ReadonlyMap<string, string>): { role: string; content: unknown[] } {
  const role = message.role === "assistant" ? "model" : "user";
  return { role, content: message.parts.flatMap((part) => partOf(part, names)) };
}

function partOf(part: Part, names: ReadonlyMap<string, string>): unknown[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ text: part.text }];
    case "reasoning":
      return [];
    case "tool_call":
      return [{ functionCall: { name: part.name, args: argumentsObject(part.arguments) } }];
    case "tool_result":
      return [
        { functionResponse: { name: names.get(part.id) ?? part.id, response: responseOf(resultText(part.parts)) } },
      ];
    case "image":
    case "audio":
    case "video":
    case "document":
      return [mediaOf(part)];
    case "json":
      return [{ text: JSON.stringify(part.value) }];
    default:
      throw badRequest(`Gemini's API takes no ${part.type} in a message.`);
  }
}

/** A response must be an object. */
function responseOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // A plain text is as good.
  }
  return { result: text };
}

const usualTypes = { image: "image/png", audio: "audio/wav", video: "video/mp4", document: "application/pdf" } as const;

function mediaOf({ source, type }: MediaPart): unknown {
  switch (source.kind) {
    case "data":
      return { inlineData: { mimeType: source.mediaType || usualTypes[type], data: source.base64 } };
    case "text":
      return { text: source.text };
    case "url":
      return { fileData: { mimeType: usualTypes[type], fileUri: source.url } };
    default:
      return { fileData: { mimeType: usualTypes[type], fileUri: source.fileId } };
  }
}

function readDeltas(): DeltaReader {
  let calls = 0;
  return (event): Delta[] => {
    const candidate = recordOf(listOf(recordOf(event)["candidates"])[0]);
    return listOf(recordOf(candidate["content"])["parts"]).flatMap((raw): Delta[] => {
      const part = recordOf(raw);
      const call = part["functionCall"];
      if (isRecord(call)) {
        const index = calls++;
        const id = textOf(call["id"]) || `call_${index}`;
        return [{ kind: "call", index, id, name: textOf(call["name"]), arguments: JSON.stringify(call["args"] ?? {}) }];
      }
      const text = textOf(part["text"]);
      return text === "" ? [] : [{ kind: part["thought"] === true ? "reasoning" : "text", text }];
    });
  };
}
