import { type Frame, Pace } from "./pace.ts";
import { countTokens, type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

/** Of `/api/chat` (messages) and `/api/generate` (a prompt). */
export interface OllamaRequest {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content?: string }[];
  readonly prompt?: string;
  readonly system?: string;
  readonly stream?: boolean;
  readonly think?: boolean;
  readonly format?: "json" | JsonSchema;
  readonly options?: { readonly num_predict?: number };
  readonly tools?: readonly { readonly function?: { name: string; parameters?: JsonSchema } }[];
}

export function readOllamaRequest(body: OllamaRequest): Question {
  const messages = body.messages ?? [{ role: "user", content: body.prompt ?? "" }];
  const users = messages.filter((message) => message.role === "user");
  return {
    model: body.model ?? "llama3.2",
    prompt: users.at(-1)?.content ?? "",
    everything: [
      body.system ?? "",
      ...messages.map(({ content }) => content ?? ""),
      JSON.stringify(body.tools ?? ""),
    ].join("\n"),
    tools: (body.tools ?? []).flatMap((tool) =>
      tool.function ? [{ name: tool.function.name, schema: tool.function.parameters ?? {} }] : [],
    ),
    toolsAnswered: messages.at(-1)?.role === "tool",
    parallelTools: true,
    maxTokens: body.options?.num_predict,
    answerSchema: body.format === "json" ? { type: "object" } : body.format,
    think: body.think === true,
  };
}

/** Where an API's pieces stand: in a message, or beside the other members. */
type Holder = (piece: { content?: string; thinking?: string; tool_calls?: readonly object[] }) => object;

function holderOf(body: OllamaRequest): Holder {
  if (body.messages === undefined)
    return ({ content = "", thinking }) => ({ response: content, ...(thinking && { thinking }) });
  return ({ content = "", ...rest }) => ({ message: { role: "assistant", content, ...rest } });
}

function headOf(body: OllamaRequest, createdUnixSeconds: number) {
  return { model: body.model ?? "llama3.2", created_at: new Date(createdUnixSeconds * 1000).toISOString() };
}

const nanosPerToken = 12_000_000;

function endOf(reply: Reply) {
  const prompt = reply.inputTokens * 400_000;
  const generation = reply.outputTokens * nanosPerToken;
  const load = reply.random.between(60_000_000, 120_000_000);
  return {
    done: true,
    done_reason: reply.finish === "length" ? "length" : "stop",
    total_duration: load + prompt + generation,
    load_duration: load,
    prompt_eval_count: reply.inputTokens,
    prompt_eval_duration: prompt,
    eval_count: reply.outputTokens,
    eval_duration: generation,
  };
}

function callsOf(reply: Reply): object[] {
  return reply.toolCalls.map(({ name, argumentsJson }) => ({
    function: { name, arguments: JSON.parse(argumentsJson) },
  }));
}

export function ollamaJson(body: OllamaRequest, reply: Reply, createdUnixSeconds: number) {
  const said = {
    content: reply.text,
    ...(reply.thought === "" ? {} : { thinking: reply.thought }),
    ...(reply.toolCalls.length === 0 ? {} : { tool_calls: callsOf(reply) }),
  };
  return { ...headOf(body, createdUnixSeconds), ...holderOf(body)(said), ...endOf(reply) };
}

/** A line of JSON for each token. */
export function* ollamaStream(body: OllamaRequest, reply: Reply, createdUnixSeconds: number): Generator<Frame> {
  const pace = new Pace(reply);
  const hold = holderOf(body);
  const line = (members: object, waitMs: number): Frame => ({
    text: `${JSON.stringify({ ...headOf(body, createdUnixSeconds), ...members })}\n`,
    waitMs,
  });
  for (const thinking of tokensOf(reply.thought)) yield line({ ...hold({ thinking }), done: false }, pace.before(1));
  for (const content of tokensOf(reply.text)) yield line({ ...hold({ content }), done: false }, pace.before(1));
  for (const call of callsOf(reply)) yield line({ ...hold({ tool_calls: [call] }), done: false }, pace.before(8));
  yield line({ ...hold({}), ...endOf(reply) }, 1);
}

export interface OllamaEmbedRequest {
  readonly model?: string;
  readonly input?: string | readonly string[];
}

export function ollamaEmbedJson(body: OllamaEmbedRequest, vectorOf: (text: string, length: number) => Float32Array) {
  const inputs = typeof body.input === "string" ? [body.input] : (body.input ?? []);
  const prompt_eval_count = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  const embeddings = inputs.map((text) => Array.from(vectorOf(text, 768)));
  return {
    model: body.model ?? "nomic-embed-text",
    embeddings,
    total_duration: 14_000_000,
    load_duration: 1_000_000,
    prompt_eval_count,
  };
}
