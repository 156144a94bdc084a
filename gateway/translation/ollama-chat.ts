import type { MediaPart, Message } from "@weir/model";
import { isRecord, listOf, recordOf, textOf } from "../providers/shape.ts";
import { argumentsObject, badRequest, present, resultText, toolNames } from "./chat-request.ts";
import type { ChatDialect, Delta, DeltaReader } from "./dialect.ts";

/** Chat completions in the words of Ollama's `/api/chat`. */
export const ollamaChat: ChatDialect = {
  path: () => "/api/chat",
  headers: [],
  body(request) {
    const system = request.system === "" ? [] : [{ role: "system", content: request.system }];
    const names = toolNames(request.messages);
    const hasSchema = request.schema !== undefined && Object.keys(request.schema).length > 0;
    const options = present({
      temperature: request.temperature,
      top_p: request.topP,
      top_k: request.topK,
      num_predict: request.maxTokens,
      stop: request.stop,
      seed: request.seed,
      frequency_penalty: request.frequencyPenalty,
      presence_penalty: request.presencePenalty,
    });
    return present({
      model: request.model,
      messages: [...system, ...request.messages.flatMap((message) => messagesOf(message, names))],
      tools: request.toolChoice === "none" ? [] : request.tools.map(toolOf),
      format: request.schema === undefined ? undefined : hasSchema ? request.schema : "json",
      think: request.reasoningEffort === "" ? undefined : request.reasoningEffort !== "none",
      options: Object.keys(options).length === 0 ? undefined : options,
      stream: request.isStream,
    });
  },
  openDeltas: readDeltas,
};

function toolOf(tool: { name: string; description: string; parameters: unknown }): unknown {
  const { name, description, parameters } = tool;
  return { type: "function", function: { name, description, parameters: parameters ?? { type: "object" } } };
}

function messagesOf(message: Message, names: ReadonlyMap<string, string>): unknown[] {
  const results = message.parts.filter((part) => part.type === "tool_result");
  if (results.length > 0) {
    return results.map(({ id, parts }) => ({
      role: "tool",
      tool_name: names.get(id) ?? id,
      content: resultText(parts),
    }));
  }
  const calls = message.parts.filter((part) => part.type === "tool_call");
  const images = message.parts.filter((part): part is MediaPart => part.type === "image");
  const other = message.parts.find((part) => ["audio", "video", "document"].includes(part.type));
  if (other !== undefined) throw badRequest(`Ollama's API takes no ${other.type} in a message.`);
  return [
    {
      role: message.role,
      content: resultText(message.parts),
      ...(images.length > 0 && { images: images.map(base64Of) }),
      ...(calls.length > 0 && {
        tool_calls: calls.map((call) => ({
          function: { name: call.name, arguments: argumentsObject(call.arguments) },
        })),
      }),
    },
  ];
}

function base64Of({ source }: MediaPart): string {
  if (source.kind === "data") return source.base64;
  throw badRequest("Ollama takes the bytes of an image: send it as a data: URL.");
}

function readDeltas(): DeltaReader {
  let calls = 0;
  return (raw): Delta[] => {
    const message = recordOf(recordOf(raw)["message"]);
    const reasoning = textOf(message["thinking"]);
    const text = textOf(message["content"]);
    return [
      ...(reasoning === "" ? [] : [{ kind: "reasoning" as const, text: reasoning }]),
      ...(text === "" ? [] : [{ kind: "text" as const, text }]),
      ...listOf(message["tool_calls"])
        .filter(isRecord)
        .map((call): Delta => {
          const body = recordOf(call["function"]);
          const index = calls++;
          const id = textOf(call["id"]) || `call_${index}`;
          return {
            kind: "call",
            index,
            id,
            name: textOf(body["name"]),
            arguments: JSON.stringify(body["arguments"] ?? {}),
          };
        }),
    ];
  };
}
