import { contentText } from "./openai-chat.ts";
import { type Frame, Pace } from "./pace.ts";
import { countTokens, type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

export interface CohereChatRequest {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly tools?: readonly { readonly function?: { name: string; parameters?: JsonSchema } }[];
  readonly response_format?: { readonly type: string; readonly json_schema?: JsonSchema };
}

export function readCohereRequest(body: CohereChatRequest): Question {
  const messages = body.messages ?? [];
  const users = messages.filter((message) => message.role === "user");
  const format = body.response_format;
  return {
    model: body.model ?? "command-a-03-2025",
    prompt: contentText(users.at(-1)?.content),
    everything: messages.map((message) => contentText(message.content)).join("\n") + JSON.stringify(body.tools ?? ""),
    tools: (body.tools ?? []).flatMap((tool) =>
      tool.function ? [{ name: tool.function.name, schema: tool.function.parameters ?? {} }] : [],
    ),
    toolsAnswered: messages.at(-1)?.role === "tool",
    parallelTools: true,
    maxTokens: body.max_tokens,
    answerSchema: format?.type === "json_object" ? (format.json_schema ?? { type: "object" }) : undefined,
    think: false,
  };
}

/** What a chat's own template adds to the tokens; it is not billed. */
const templateTokens = 62;
const finishReasons = { stop: "COMPLETE", tool_calls: "TOOL_CALL", length: "MAX_TOKENS" } as const;

function endOf(reply: Reply) {
  return {
    finish_reason: finishReasons[reply.finish],
    usage: {
      billed_units: { input_tokens: reply.inputTokens, output_tokens: reply.outputTokens },
      tokens: { input_tokens: reply.inputTokens + templateTokens, output_tokens: reply.outputTokens },
    },
  };
}

function callsOf(reply: Reply) {
  return reply.toolCalls.map(({ name, argumentsJson }) => ({
    id: `${name}_${reply.random.letters(12)}`,
    type: "function",
    function: { name, arguments: argumentsJson },
  }));
}

export function cohereJson(reply: Reply, id: string) {
  const said =
    reply.toolCalls.length > 0
      ? { tool_plan: "I will look that up.", tool_calls: callsOf(reply) }
      : { content: [{ type: "text", text: reply.text }] };
  return { id, message: { role: "assistant", ...said }, ...endOf(reply) };
}

export function* cohereStream(reply: Reply, id: string): Generator<Frame> {
  const pace = new Pace(reply);
  const event = (type: string, members: object, waitMs: number): Frame => ({
    text: `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`,
    waitMs,
  });
  const ofMessage = (type: string, index: number, message: object, waitMs: number) =>
    event(type, { index, delta: { message } }, waitMs);
  yield event("message-start", { id, delta: { message: { role: "assistant", content: [], tool_calls: [] } } }, 1);
  if (reply.toolCalls.length === 0) {
    yield ofMessage("content-start", 0, { content: { type: "text", text: "" } }, pace.before(1));
    for (const text of tokensOf(reply.text)) yield ofMessage("content-delta", 0, { content: { text } }, pace.before(1));
    yield event("content-end", { index: 0 }, 1);
  }
  for (const [index, call] of callsOf(reply).entries()) {
    const opened = { ...call, function: { name: call.function.name, arguments: "" } };
    yield ofMessage("tool-call-start", index, { tool_calls: opened }, pace.before(1));
    for (const piece of tokensOf(call.function.arguments)) {
      yield ofMessage("tool-call-delta", index, { tool_calls: { function: { arguments: piece } } }, pace.before(1));
    }
    yield event("tool-call-end", { index }, 1);
  }
  yield event("message-end", { delta: endOf(reply) }, 1);
}

export interface CohereEmbedRequest {
  readonly texts?: readonly string[];
  readonly output_dimension?: number;
}

export function cohereEmbedJson(
  body: CohereEmbedRequest,
  id: string,
  vectorOf: (text: string, length: number) => Float32Array,
) {
  const texts = body.texts ?? [];
  const float = texts.map((text) => Array.from(vectorOf(text, body.output_dimension ?? 1024)));
  const input_tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return { id, embeddings: { float }, texts, meta: { api_version: { version: "2" }, billed_units: { input_tokens } } };
}

export interface RerankRequest {
  readonly query?: string;
  readonly documents?: readonly string[];
  readonly top_n?: number;
}

/** The more of the query's words a document has, the higher it stands. */
export function rerankJson({ query = "", documents = [], top_n }: RerankRequest, id: string) {
  const words = new Set(query.toLowerCase().match(/\p{L}+/gu));
  const ranked = documents.map((document, index) => {
    const found = new Set(
      document
        .toLowerCase()
        .match(/\p{L}+/gu)
        ?.filter((word) => words.has(word)),
    );
    return { index, relevance_score: words.size === 0 ? 0 : found.size / words.size };
  });
  const results = ranked.sort((a, b) => b.relevance_score - a.relevance_score).slice(0, top_n ?? documents.length);
  return { id, results, meta: { api_version: { version: "2" }, billed_units: { search_units: 1 } } };
}
