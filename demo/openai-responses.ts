import { contentText, type Envelope } from "./openai-chat.ts";
import { type Frame, Pace } from "./pace.ts";
import { type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

export interface ResponsesRequest {
  readonly model?: string;
  readonly input?: string | readonly { role?: string; type?: string; content?: unknown }[];
  readonly instructions?: string;
  readonly stream?: boolean;
  readonly tools?: readonly { type: string; name?: string; parameters?: JsonSchema }[];
  readonly tool_choice?: unknown;
  readonly parallel_tool_calls?: boolean;
  readonly max_output_tokens?: number;
  readonly reasoning?: { summary?: string | null };
  readonly text?: { format?: { type: string; schema?: JsonSchema } };
}

export function readResponsesRequest(body: ResponsesRequest): Question {
  const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : (body.input ?? []);
  const users = items.filter((item) => item.role === "user");
  const last: { type?: string } | undefined = items.at(-1);
  const format = body.text?.format;
  return {
    model: body.model ?? "gpt-5-mini",
    prompt: contentText(users.at(-1)?.content),
    everything: `${body.instructions ?? ""}\n${JSON.stringify(items)}${JSON.stringify(body.tools ?? "")}`,
    tools: (body.tool_choice === "none" ? [] : (body.tools ?? [])).flatMap((tool) =>
      tool.name === undefined ? [] : [{ name: tool.name, schema: tool.parameters ?? {} }],
    ),
    toolsAnswered: last?.type === "function_call_output",
    parallelTools: body.parallel_tool_calls !== false,
    maxTokens: body.max_output_tokens,
    answerSchema: format === undefined || format.type === "text" ? undefined : (format.schema ?? {}),
    think: typeof body.reasoning?.summary === "string",
  };
}

interface Item {
  readonly type: "reasoning" | "message" | "function_call";
  readonly id: string;
  readonly arguments?: string;
  readonly [field: string]: unknown;
}

function itemsOf(reply: Reply): Item[] {
  const items: Item[] = [];
  if (reply.reasoningTokens > 0) {
    const summary = reply.thought === "" ? [] : [{ type: "summary_text", text: reply.thought }];
    items.push({ type: "reasoning", id: `rs_${reply.random.hex(50)}`, summary });
  }
  for (const call of reply.toolCalls) {
    items.push({
      type: "function_call",
      id: `fc_${reply.random.hex(50)}`,
      status: "completed",
      arguments: call.argumentsJson,
      call_id: `call_${reply.random.letters(24)}`,
      name: call.name,
    });
  }
  if (reply.toolCalls.length === 0) items.push(messageItem(`msg_${reply.random.hex(50)}`, reply.text));
  return items;
}

function messageItem(id: string, text: string): Item {
  const content = [{ type: "output_text", annotations: [], logprobs: [], text }];
  return { type: "message", id, status: "completed", role: "assistant", content };
}

export function responsesJson(reply: Reply, envelope: Envelope, request: ResponsesRequest) {
  return wholeResponse(reply, envelope, request, itemsOf(reply), "completed");
}

function wholeResponse(
  reply: Reply,
  envelope: Envelope,
  request: ResponsesRequest,
  output: readonly Item[],
  status: "in_progress" | "completed",
) {
  const cut = status === "completed" && reply.finish === "length";
  return {
    id: envelope.id,
    object: "response",
    created_at: envelope.createdUnixSeconds,
    status: cut ? "incomplete" : status,
    background: false,
    error: null,
    incomplete_details: cut ? { reason: "max_output_tokens" } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: reply.behaviour.answersAs,
    output,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: "medium", summary: request.reasoning?.summary ?? null },
    service_tier: "default",
    store: true,
    temperature: 1,
    text: request.text ?? { format: { type: "text" }, verbosity: "medium" },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: 1,
    truncation: "disabled",
    usage: status === "completed" ? responsesUsage(reply, envelope) : null,
    user: null,
    metadata: {},
  };
}

function responsesUsage(reply: Reply, envelope: Envelope) {
  return {
    input_tokens: reply.inputTokens,
    input_tokens_details: { cached_tokens: envelope.cachedTokens },
    output_tokens: reply.outputTokens,
    output_tokens_details: { reasoning_tokens: reply.reasoningTokens },
    total_tokens: reply.inputTokens + reply.outputTokens,
  };
}

export function* responsesStream(reply: Reply, envelope: Envelope, request: ResponsesRequest): Generator<Frame> {
  const pace = new Pace(reply);
  let sequence = 0;
  const event = (type: string, fields: object, waitMs: number): Frame => ({
    text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, sequence_number: sequence++ })}\n\n`,
    waitMs,
  });

  const started = wholeResponse(reply, envelope, request, [], "in_progress");
  yield event("response.created", { response: started }, 20);
  yield event("response.in_progress", { response: started }, 0);
  const items = itemsOf(reply);
  for (const [index, item] of items.entries()) yield* itemEvents(item, index, reply, pace, event);
  const whole = wholeResponse(reply, envelope, request, items, "completed");
  yield event(reply.finish === "length" ? "response.incomplete" : "response.completed", { response: whole }, 2);
}

type MakeEvent = (type: string, fields: object, waitMs: number) => Frame;

function* itemEvents(item: Item, index: number, reply: Reply, pace: Pace, event: MakeEvent): Generator<Frame> {
  const at = { item_id: item.id, output_index: index };
  if (item.type === "reasoning") {
    yield event("response.output_item.added", { output_index: index, item: { ...item, summary: [] } }, 5);
    if (reply.thought !== "") yield* summaryEvents(at, reply, pace, event);
  } else if (item.type === "function_call") {
    yield event("response.output_item.added", { output_index: index, item: unfinished(item, { arguments: "" }) }, 5);
    const json = item.arguments ?? "";
    for (const delta of tokensOf(json)) {
      yield event("response.function_call_arguments.delta", { ...at, delta }, pace.before(1));
    }
    yield event("response.function_call_arguments.done", { ...at, arguments: json }, 0);
  } else {
    yield event("response.output_item.added", { output_index: index, item: unfinished(item, { content: [] }) }, 5);
    yield* textEvents(at, reply, pace, event);
  }
  yield event("response.output_item.done", { output_index: index, item }, 0);
}

function unfinished(item: Item, empty: object): object {
  return { ...item, status: "in_progress", ...empty };
}

function* summaryEvents(at: object, reply: Reply, pace: Pace, event: MakeEvent): Generator<Frame> {
  const place = { ...at, summary_index: 0 };
  yield event("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } }, 0);
  for (const delta of tokensOf(reply.thought)) {
    yield event("response.reasoning_summary_text.delta", { ...place, delta }, pace.before(1));
  }
  yield event("response.reasoning_summary_text.done", { ...place, text: reply.thought }, 0);
  yield event(
    "response.reasoning_summary_part.done",
    { ...place, part: { type: "summary_text", text: reply.thought } },
    0,
  );
}

function* textEvents(at: object, reply: Reply, pace: Pace, event: MakeEvent): Generator<Frame> {
  const place = { ...at, content_index: 0 };
  const part = (text: string) => ({ type: "output_text", annotations: [], logprobs: [], text });
  yield event("response.content_part.added", { ...place, part: part("") }, 0);
  for (const delta of tokensOf(reply.text)) {
    yield event("response.output_text.delta", { ...place, delta, logprobs: [] }, pace.before(1));
  }
  yield event("response.output_text.done", { ...place, text: reply.text, logprobs: [] }, 0);
  yield event("response.content_part.done", { ...place, part: part(reply.text) }, 0);
}
