import { contentText } from "./openai-chat.ts";
import { type Frame, inChunks, Pace } from "./pace.ts";
import type { PromptCache } from "./prompt-cache.ts";
import { countTokens, type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

interface Block {
  readonly type?: string;
  readonly text?: string;
  readonly cache_control?: CacheControl | undefined;
}

interface CacheControl {
  readonly type: string;
  readonly ttl?: string;
}

export interface MessagesRequest {
  readonly model?: string;
  readonly system?: string | readonly Block[];
  readonly messages?: readonly { role: string; content?: string | readonly Block[] }[];
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly tools?: readonly { name: string; input_schema?: JsonSchema; cache_control?: CacheControl }[];
  readonly tool_choice?: { type: string; disable_parallel_tool_use?: boolean };
  readonly thinking?: { type: string };
}

export function readMessagesRequest(body: MessagesRequest): Question {
  const messages = body.messages ?? [];
  const users = messages.filter((message) => message.role === "user" && contentText(message.content) !== "");
  const offered = body.tool_choice?.type === "none" ? [] : (body.tools ?? []);
  return {
    model: body.model ?? "claude-sonnet-4-5",
    prompt: contentText(users.at(-1)?.content),
    everything: everythingIn(body),
    tools: offered.map((tool) => ({ name: tool.name, schema: tool.input_schema ?? {} })),
    toolsAnswered: hasToolResult(messages.at(-1)?.content),
    parallelTools: body.tool_choice?.disable_parallel_tool_use !== true,
    maxTokens: body.max_tokens,
    answerSchema: undefined,
    think: body.thinking !== undefined && body.thinking.type !== "disabled",
  };
}

function everythingIn(body: MessagesRequest): string {
  const said = (body.messages ?? []).map((message) => contentText(message.content) || JSON.stringify(message.content));
  return [contentText(body.system), JSON.stringify(body.tools ?? ""), ...said].join("\n");
}

function hasToolResult(content: string | readonly Block[] | undefined): boolean {
  return Array.isArray(content) && content.some((block: Block) => block.type === "tool_result");
}

export function countTokensJson(body: MessagesRequest) {
  return { input_tokens: countTokens(everythingIn(body)) };
}

/** How the input tokens divide between plain input, what was read from the cache and what was written to it. */
export interface CacheShare {
  readonly read: number;
  readonly written: number;
  readonly writtenForAnHour: number;
}

/** The cached prefix ends at the last block of system or tools that asks for it. */
export function cacheShareOf(body: MessagesRequest, cache: PromptCache): CacheShare {
  const blocks: { text?: string; cache_control?: CacheControl | undefined }[] = [
    ...(body.tools ?? []),
    ...(typeof body.system === "object" ? body.system : []),
  ];
  const last = blocks.findLastIndex((block) => block.cache_control !== undefined);
  const marked = blocks[last];
  if (marked === undefined) return { read: 0, written: 0, writtenForAnHour: 0 };
  const prefix = JSON.stringify(blocks.slice(0, last + 1));
  const tokens = countTokens(
    blocks
      .slice(0, last + 1)
      .map((block) => block.text ?? JSON.stringify(block))
      .join("\n"),
  );
  const visit = cache.visit(`${body.model}${prefix}`, tokens);
  const written = visit === "written" ? tokens : 0;
  return {
    read: visit === "hit" ? tokens : 0,
    written,
    writtenForAnHour: marked.cache_control?.ttl === "1h" ? written : 0,
  };
}

/** Anthropic's input_tokens leave out what the cache served or took. */
function inputUsage(reply: Reply, share: CacheShare) {
  return {
    input_tokens: Math.max(1, reply.inputTokens - share.read - share.written),
    cache_creation_input_tokens: share.written,
    cache_read_input_tokens: share.read,
    cache_creation: {
      ephemeral_5m_input_tokens: share.written - share.writtenForAnHour,
      ephemeral_1h_input_tokens: share.writtenForAnHour,
    },
  };
}

function stopReasonOf(reply: Reply): string {
  return { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use" }[reply.finish];
}

export function messagesJson(reply: Reply, id: string, share: CacheShare) {
  return {
    model: reply.behaviour.answersAs,
    id,
    type: "message",
    role: "assistant",
    content: [...contentBlocks(reply)],
    stop_reason: stopReasonOf(reply),
    stop_sequence: null,
    usage: { ...inputUsage(reply, share), output_tokens: reply.outputTokens, service_tier: "standard" },
  };
}

function* contentBlocks(reply: Reply): Generator<object> {
  if (reply.thought !== "") {
    yield { type: "thinking", thinking: reply.thought, signature: `${reply.random.letters(180)}==` };
  }
  if (reply.text !== "") yield { type: "text", text: reply.text };
  for (const call of reply.toolCalls) {
    yield {
      type: "tool_use",
      id: `toolu_01${reply.random.letters(22)}`,
      name: call.name,
      input: JSON.parse(call.argumentsJson),
    };
  }
}

export function* messagesStream(reply: Reply, id: string, share: CacheShare): Generator<Frame> {
  const pace = new Pace(reply);
  const usage = { ...inputUsage(reply, share), output_tokens: 1, service_tier: "standard" };
  const message = {
    model: reply.behaviour.answersAs,
    id,
    type: "message",
    role: "assistant",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  yield event("message_start", { message }, pace.before(1) * 0.95);
  yield* blockEvents(reply, pace);
  const delta = { stop_reason: stopReasonOf(reply), stop_sequence: null };
  const { cache_creation: _, ...cumulative } = inputUsage(reply, share);
  yield event("message_delta", { delta, usage: { ...cumulative, output_tokens: reply.outputTokens } }, 1);
  yield event("message_stop", {}, 0);
}

function event(type: string, fields: object, waitMs: number): Frame {
  return { text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, waitMs };
}

function* blockEvents(reply: Reply, pace: Pace): Generator<Frame> {
  let index = 0;
  if (reply.thought !== "") {
    const signature = { type: "signature_delta", signature: `${reply.random.letters(180)}==` };
    const pieces = inChunks(tokensOf(reply.thought), 4, reply);
    const deltas = pieces.map(({ text, tokens }) => ({ delta: { type: "thinking_delta", thinking: text }, tokens }));
    yield* block(
      index++,
      { type: "thinking", thinking: "", signature: "" },
      [...deltas, { delta: signature, tokens: 1 }],
      pace,
    );
  }
  if (reply.text !== "") {
    const pieces = inChunks(tokensOf(reply.text), 5, reply);
    const deltas = pieces.map(({ text, tokens }) => ({ delta: { type: "text_delta", text }, tokens }));
    yield* block(index++, { type: "text", text: "" }, deltas, pace);
  }
  for (const call of reply.toolCalls) {
    const start = { type: "tool_use", id: `toolu_01${reply.random.letters(22)}`, name: call.name, input: {} };
    const pieces = ["", ...inChunks(tokensOf(call.argumentsJson), 4, reply).map(({ text }) => text)];
    const deltas = pieces.map((text) => ({ delta: { type: "input_json_delta", partial_json: text }, tokens: 2 }));
    yield* block(index++, start, deltas, pace);
  }
}

function* block(
  index: number,
  start: object,
  deltas: readonly { delta: object; tokens: number }[],
  pace: Pace,
): Generator<Frame> {
  yield event("content_block_start", { index, content_block: start }, 2);
  if (index === 0) yield event("ping", {}, 0);
  for (const { delta, tokens } of deltas) yield event("content_block_delta", { index, delta }, pace.before(tokens));
  yield event("content_block_stop", { index }, 0);
}
