import type { MediaPart, Message, Part } from "@weir/model";
import { recordOf, textOf } from "../providers/shape.ts";
import { argumentsObject, badRequest, type ChatRequest, joinTurns, present } from "./chat-request.ts";
import type { ChatDialect, Delta, DeltaReader } from "./dialect.ts";

/** Anthropic wants a limit; most models take at least this much. */
const usualMaxTokens = 4096;

/** Tokens to think with, by OpenAI's word for effort. */
const thinkingBudgets: Readonly<Record<string, number>> = { low: 1024, medium: 4096, high: 16_384, xhigh: 32_768 };

/** Chat completions in the words of Anthropic's Messages API. */
export const anthropicChat: ChatDialect = {
  path: () => "/v1/messages",
  headers: ["anthropic-version", "2023-06-01"],
  body(request) {
    const budget = thinkingBudgets[request.reasoningEffort];
    const maxTokens = request.maxTokens ?? usualMaxTokens;
    return present({
      model: request.model,
      // Thinking counts towards the limit.
      max_tokens: budget === undefined || maxTokens > budget ? maxTokens : maxTokens + budget,
      thinking: budget === undefined ? undefined : { type: "enabled", budget_tokens: budget },
      system: request.system,
      messages: joinTurns(request.messages.map(turnOf)),
      tools: request.tools.map((tool) => {
        return present({
          name: tool.name,
          description: tool.description,
          input_schema: tool.parameters ?? { type: "object" },
        });
      }),
      tool_choice: toolChoice(request),
      // With thinking, only the usual temperature is taken. OpenAI's scale goes on to 2.
      temperature:
        budget !== undefined || request.temperature === undefined ? undefined : Math.min(1, request.temperature),
      top_p: budget === undefined ? request.topP : undefined,
      top_k: request.topK,
      stop_sequences: request.stop,
      metadata: request.user === "" ? undefined : { user_id: request.user },
      output_config: hasSchema(request) ? { format: { type: "json_schema", schema: request.schema } } : undefined,
      stream: request.isStream ? true : undefined,
    });
  },
  openDeltas: readDeltas,
};

function hasSchema({ schema }: ChatRequest): boolean {
  return schema !== undefined && Object.keys(schema).length > 0;
}

function toolChoice({ toolChoice, tools, allowsParallelCalls }: ChatRequest): unknown {
  if (tools.length === 0) return undefined;
  const disable = allowsParallelCalls ? {} : { disable_parallel_tool_use: true };
  if (typeof toolChoice === "object") return { type: "tool", name: toolChoice.name, ...disable };
  if (toolChoice === "none") return { type: "none" };
  if (toolChoice === "required") return { type: "any", ...disable };
  return toolChoice === "" && allowsParallelCalls ? undefined : { type: "auto", ...disable };
}

function turnOf(message: Message): { role: string; content: unknown[] } {
  return { role: message.role === "assistant" ? "assistant" : "user", content: message.parts.flatMap(blockOf) };
}

function blockOf(part: Part): unknown[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "tool_call":
      return [{ type: "tool_use", id: part.id, name: part.name, input: argumentsObject(part.arguments) }];
    case "tool_result":
      return [present({ type: "tool_result", tool_use_id: part.id, content: part.parts.flatMap(blockOf) })];
    case "image":
    case "document":
      return [{ type: part.type, source: sourceOf(part) }];
    case "json":
      return [{ type: "text", text: JSON.stringify(part.value) }];
    case "reasoning":
      // It would need the signature, which OpenAI's messages do not carry.
      return [];
    default:
      throw badRequest(`Anthropic's API takes no ${part.type} in a message.`);
  }
}

function sourceOf({ source, type }: MediaPart): unknown {
  switch (source.kind) {
    case "url":
      return { type: "url", url: source.url };
    case "data": {
      const usual = type === "image" ? "image/png" : "application/pdf";
      return { type: "base64", media_type: source.mediaType || usual, data: source.base64 };
    }
    case "text":
      return { type: "text", media_type: "text/plain", data: source.text };
    default:
      return { type: "file", file_id: source.fileId };
  }
}

function readDeltas(): DeltaReader {
  const calls = new Map<unknown, number>();
  return (raw): Delta[] => {
    const event = recordOf(raw);
    if (event["type"] === "content_block_start") {
      const block = recordOf(event["content_block"]);
      if (block["type"] !== "tool_use") return [];
      const index = calls.size;
      calls.set(event["index"], index);
      return [{ kind: "call", index, id: textOf(block["id"]), name: textOf(block["name"]), arguments: "" }];
    }
    if (event["type"] !== "content_block_delta") return [];
    const delta = recordOf(event["delta"]);
    if (delta["type"] === "text_delta") return [{ kind: "text", text: textOf(delta["text"]) }];
    if (delta["type"] === "thinking_delta") return [{ kind: "reasoning", text: textOf(delta["thinking"]) }];
    const index = calls.get(event["index"]);
    if (delta["type"] !== "input_json_delta" || index === undefined) return [];
    return [{ kind: "arguments", index, arguments: textOf(delta["partial_json"]) }];
  };
}
