import { type Frame, inChunks, Pace } from "./pace.ts";
import { countTokens, type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

export interface ChatRequest {
  readonly model?: string;
  readonly messages?: readonly { role: string; content?: unknown; tool_call_id?: string }[];
  readonly stream?: boolean;
  readonly stream_options?: { include_usage?: boolean };
  readonly tools?: readonly { function?: { name: string; parameters?: JsonSchema } }[];
  readonly tool_choice?: unknown;
  readonly parallel_tool_calls?: boolean;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly response_format?: { type: string; json_schema?: { schema?: JsonSchema } };
}

/** What every object of one answer repeats. */
export interface Envelope {
  readonly id: string;
  readonly createdUnixSeconds: number;
  readonly cachedTokens: number;
}

export function readChatRequest(body: ChatRequest): Question {
  const messages = body.messages ?? [];
  const users = messages.filter((message) => message.role === "user");
  const offered = body.tool_choice === "none" ? [] : (body.tools ?? []);
  return {
    model: body.model ?? "gpt-4o-mini",
    prompt: contentText(users.at(-1)?.content),
    everything: messages.map((message) => contentText(message.content)).join("\n") + JSON.stringify(body.tools ?? ""),
    tools: offered.flatMap((tool) =>
      tool.function ? [{ name: tool.function.name, schema: tool.function.parameters ?? {} }] : [],
    ),
    toolsAnswered: messages.at(-1)?.role === "tool",
    parallelTools: body.parallel_tool_calls !== false,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    answerSchema: schemaOf(body.response_format),
    think: body.model?.includes("reasoner") === true,
  };
}

function schemaOf(format: ChatRequest["response_format"]): JsonSchema | undefined {
  if (format === undefined || format.type === "text") return undefined;
  return format.json_schema?.schema ?? { type: "object", properties: { answer: { type: "string" } } };
}

/** The text of a message's content, given as a string or as a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n");
}

export function chatUsage(reply: Reply, cachedTokens: number) {
  return {
    prompt_tokens: reply.inputTokens,
    completion_tokens: reply.outputTokens,
    total_tokens: reply.inputTokens + reply.outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reply.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

export function chatJson(reply: Reply, envelope: Envelope) {
  const toolCalls = reply.toolCalls.map((call) => ({
    id: `call_${reply.random.letters(24)}`,
    type: "function",
    function: { name: call.name, arguments: call.argumentsJson },
  }));
  return {
    id: envelope.id,
    object: "chat.completion",
    created: envelope.createdUnixSeconds,
    model: reply.behaviour.answersAs,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: toolCalls.length > 0 ? null : reply.text,
          ...(reply.thought === "" ? {} : { reasoning_content: reply.thought }),
          ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: reply.finish,
      },
    ],
    usage: chatUsage(reply, envelope.cachedTokens),
    service_tier: "default",
    system_fingerprint: "fp_weirdemo01",
  };
}

/** The events of a streamed answer. As at OpenAI, asking for usage puts `"usage":null` on every other chunk. */
export function* chatStream(reply: Reply, envelope: Envelope, includeUsage: boolean): Generator<Frame> {
  const pace = new Pace(reply);
  const chunk = (delta: object, finish: string | null, waitMs: number): Frame => ({
    text: frame({
      id: envelope.id,
      object: "chat.completion.chunk",
      created: envelope.createdUnixSeconds,
      model: reply.behaviour.answersAs,
      service_tier: "default",
      system_fingerprint: "fp_weirdemo01",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(includeUsage ? { usage: null } : {}),
    }),
    waitMs,
  });

  const opening = pace.before(1);
  yield chunk(
    { role: "assistant", content: reply.toolCalls.length > 0 ? null : "", refusal: null },
    null,
    opening * 0.9,
  );
  for (const delta of chatDeltas(reply)) yield chunk(delta, null, pace.before(1));
  yield chunk({}, reply.finish, 1);
  if (includeUsage) yield { text: usageFrame(reply, envelope), waitMs: 1 };
  yield { text: "data: [DONE]\n\n", waitMs: 0 };
}

function* chatDeltas(reply: Reply): Generator<object> {
  for (const piece of inChunks(tokensOf(reply.thought), 2, reply)) yield { reasoning_content: piece.text };
  for (const piece of tokensOf(reply.text)) yield { content: piece };
  for (const [index, call] of reply.toolCalls.entries()) {
    const id = `call_${reply.random.letters(24)}`;
    yield { tool_calls: [{ index, id, type: "function", function: { name: call.name, arguments: "" } }] };
    for (const piece of tokensOf(call.argumentsJson)) {
      yield { tool_calls: [{ index, function: { arguments: piece } }] };
    }
  }
}

function usageFrame(reply: Reply, envelope: Envelope): string {
  return frame({
    id: envelope.id,
    object: "chat.completion.chunk",
    created: envelope.createdUnixSeconds,
    model: reply.behaviour.answersAs,
    service_tier: "default",
    system_fingerprint: "fp_weirdemo01",
    choices: [],
    usage: chatUsage(reply, envelope.cachedTokens),
  });
}

function frame(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export interface EmbeddingsRequest {
  readonly model?: string;
  readonly input?: string | readonly string[];
  readonly encoding_format?: "float" | "base64";
  readonly dimensions?: number;
}

/** Vectors that depend on the text alone. */
export function embeddingsJson(body: EmbeddingsRequest, vectorOf: (text: string, length: number) => Float32Array) {
  const inputs = typeof body.input === "string" ? [body.input] : (body.input ?? []);
  const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  return {
    object: "list",
    data: inputs.map((text, index) => {
      const vector = vectorOf(text, body.dimensions ?? 1536);
      const embedding =
        body.encoding_format === "base64" ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector);
      return { object: "embedding", index, embedding };
    }),
    model: body.model ?? "text-embedding-3-small",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
