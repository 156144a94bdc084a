import type { MediaPart, Message, Part } from "@weir/model";
import { recordOf, textOf } from "../providers/shape.ts";
import { badRequest, type ChatRequest, present, resultText } from "./chat-request.ts";
import type { ChatDialect, Delta, DeltaReader } from "./dialect.ts";

/** Chat completions in the words of Cohere's second chat API. */
export const cohereChat: ChatDialect = {
  path: () => "/v2/chat",
  headers: [],
  body(request) {
    const system = request.system === "" ? [] : [{ role: "system", content: request.system }];
    return present({
      model: request.model,
      messages: [...system, ...request.messages.flatMap(messagesOf)],
      tools: request.tools.map((tool) => ({
        type: "function",
        function: present({ name: tool.name, description: tool.description, parameters: tool.parameters ?? {} }),
      })),
      tool_choice: toolChoice(request),
      temperature: request.temperature,
      p: request.topP,
      k: request.topK,
      max_tokens: request.maxTokens,
      stop_sequences: request.stop,
      seed: request.seed,
      frequency_penalty: request.frequencyPenalty,
      presence_penalty: request.presencePenalty,
      response_format: responseFormat(request),
      stream: request.isStream,
    });
  },
  openDeltas: readDeltas,
};

function toolChoice({ toolChoice }: ChatRequest): string | undefined {
  if (typeof toolChoice === "object" || toolChoice === "required") return "REQUIRED";
  return toolChoice === "none" ? "NONE" : undefined;
}

function responseFormat({ schema }: ChatRequest): unknown {
  if (schema === undefined) return undefined;
  return Object.keys(schema).length === 0 ? { type: "json_object" } : { type: "json_object", json_schema: schema };
}

/** A tool's results are messages of their own, an assistant's calls stand beside its text. */
function messagesOf(message: Message): unknown[] {
  const results = message.parts.filter((part) => part.type === "tool_result");
  if (results.length > 0) {
    return results.map((result) => ({ role: "tool", tool_call_id: result.id, content: resultText(result.parts) }));
  }
  const calls = message.parts.filter((part) => part.type === "tool_call");
  const content = message.parts.flatMap(contentOf);
  return [
    present({
      role: message.role,
      content,
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  ];
}

function contentOf(part: Part): unknown[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "image":
      return [{ type: "image_url", image_url: { url: urlOf(part) } }];
    case "json":
      return [{ type: "text", text: JSON.stringify(part.value) }];
    case "reasoning":
    case "tool_call":
      return [];
    default:
      throw badRequest(`Cohere's API takes no ${part.type} in a message.`);
  }
}

function urlOf({ source }: MediaPart): string {
  if (source.kind === "url") return source.url;
  if (source.kind === "data") return `data:${source.mediaType || "image/png"};base64,${source.base64}`;
  throw badRequest("Cohere's API takes images by address or as data.");
}

function readDeltas(): DeltaReader {
  const calls = new Map<unknown, number>();
  return (raw): Delta[] => {
    const event = recordOf(raw);
    const message = recordOf(recordOf(event["delta"])["message"]);
    const content = recordOf(message["content"]);
    switch (event["type"]) {
      case "content-start":
      case "content-delta":
        return [...pieceOf("reasoning", textOf(content["thinking"])), ...pieceOf("text", textOf(content["text"]))];
      case "tool-plan-delta":
        return pieceOf("reasoning", textOf(message["tool_plan"]));
      case "tool-call-start": {
        const call = callOf(message["tool_calls"]);
        const index = calls.size;
        calls.set(event["index"], index);
        return [{ kind: "call", index, ...call }];
      }
      case "tool-call-delta": {
        const index = calls.get(event["index"]);
        return index === undefined
          ? []
          : [{ kind: "arguments", index, arguments: callOf(message["tool_calls"]).arguments }];
      }
      default:
        return [];
    }
  };
}

function pieceOf(kind: "text" | "reasoning", text: string): Delta[] {
  return text === "" ? [] : [{ kind, text }];
}

function callOf(raw: unknown): { id: string; name: string; arguments: string } {
  const call = recordOf(Array.isArray(raw) ? raw[0] : raw);
  const body = recordOf(call["function"]);
  return { id: textOf(call["id"]), name: textOf(body["name"]), arguments: textOf(body["arguments"]) };
}
