/**
 * A provider of every API shape that an official SDK speaks, for e2e/sdk-matrix.test.ts. What it answers depends on
 * the first word of the model's name alone: `ok…` a whole answer (a tool call where tools are offered), `fault401…`,
 * `fault429…`, `fault500…` the shape's own error, `silent…` nothing ever, `endless…` the beginning of a stream that
 * never ends. Equal requests get equal bytes. `GET /__seen` tells what has reached it.
 *
 *   node e2e/sdk-upstream.ts
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";

type Json = Record<string, unknown>;

interface Asked {
  readonly path: string;
  readonly body: Json;
  readonly model: string;
  readonly hasTools: boolean;
  readonly isStream: boolean;
}

/** How a shape spells its answers. Frames are written one by one. */
interface Shape {
  readonly contentType: string;
  readonly chat: (asked: Asked) => Json;
  readonly frames: (asked: Asked) => readonly Uint8Array[];
  readonly embed?: (asked: Asked) => Json;
  readonly fault: (status: number) => { readonly body: Json; readonly headers?: Record<string, string> };
}

const text = ["Hello", " there", "."];
const sentence = text.join("");
const toolName = "find_order";
const toolArguments = { order_id: "4711" };
const inputTokens = 21;
const outputTokens = 7;
const vector = [0.25, -0.5, 0.125];
const words: Readonly<Record<number, string>> = {
  401: "Invalid API key.",
  429: "Rate limit reached.",
  500: "The server had an error.",
};

function sse(...events: readonly (Json | string)[]): Uint8Array[] {
  return events.map((event) => Buffer.from(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`));
}

function namedSse(...events: readonly Json[]): Uint8Array[] {
  return events.map((event) => Buffer.from(`event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`));
}

function base64Floats(): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}

// OpenAI and everything that speaks like it.

const openaiUsage = {
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
};
const openaiHead = (asked: Asked, object: string) => ({
  id: "chatcmpl-matrix",
  object,
  created: 1_763_700_000,
  model: asked.model,
});
const openaiTool = {
  id: "callmtrx1",
  type: "function",
  function: { name: toolName, arguments: JSON.stringify(toolArguments) },
};

const openai: Shape = {
  contentType: "text/event-stream; charset=utf-8",
  chat: (asked) => ({
    ...openaiHead(asked, "chat.completion"),
    choices: [
      {
        index: 0,
        message: asked.hasTools
          ? { role: "assistant", content: null, tool_calls: [openaiTool] }
          : { role: "assistant", content: sentence },
        finish_reason: asked.hasTools ? "tool_calls" : "stop",
      },
    ],
    usage: openaiUsage,
  }),
  frames(asked) {
    const head = openaiHead(asked, "chat.completion.chunk");
    const chunk = (delta: Json, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason }],
    });
    // Mistral tells it unasked.
    const asksForUsage =
      (asked.body["stream_options"] as Json | undefined)?.["include_usage"] === true || asked.model.includes("mistral");
    return sse(
      chunk({ role: "assistant", content: "" }),
      ...text.map((content) => chunk({ content })),
      chunk({}, "stop"),
      ...(asksForUsage ? [{ ...head, choices: [], usage: openaiUsage }] : []),
      "[DONE]",
    );
  },
  embed: (asked) => ({
    id: "embd-matrix",
    object: "list",
    data: [
      {
        object: "embedding",
        index: 0,
        embedding: asked.body["encoding_format"] === "base64" ? base64Floats() : vector,
      },
    ],
    model: asked.model,
    usage: { prompt_tokens: inputTokens, completion_tokens: 0, total_tokens: inputTokens },
  }),
  fault: (status) => ({
    body: { error: { message: words[status], type: "matrix_error", param: null, code: null } },
    ...(status === 429 && { headers: { "retry-after": "7", "x-ratelimit-remaining-requests": "0" } }),
  }),
};

// Anthropic.

const anthropicMessage = (asked: Asked, content: readonly Json[], stop_reason: string | null, usage: Json) => ({
  id: "msg_matrix",
  type: "message",
  role: "assistant",
  model: asked.model,
  content,
  stop_reason,
  stop_sequence: null,
  usage,
});

const anthropic: Shape = {
  contentType: "text/event-stream; charset=utf-8",
  chat(asked) {
    const content = asked.hasTools
      ? [{ type: "tool_use", id: "toolu_matrix", name: toolName, input: toolArguments }]
      : [{ type: "text", text: sentence }];
    const usage = { input_tokens: inputTokens, output_tokens: outputTokens };
    return anthropicMessage(asked, content, asked.hasTools ? "tool_use" : "end_turn", usage);
  },
  frames: (asked) =>
    namedSse(
      {
        type: "message_start",
        message: anthropicMessage(asked, [], null, { input_tokens: inputTokens, output_tokens: 1 }),
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      ...text.map((it) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: it } })),
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: outputTokens },
      },
      { type: "message_stop" },
    ),
  fault: (status) => ({
    body: { type: "error", error: { type: "matrix_error", message: words[status] } },
    ...(status === 429 && { headers: { "retry-after": "7" } }),
  }),
};

// Gemini.

const geminiUsage = {
  promptTokenCount: inputTokens,
  candidatesTokenCount: outputTokens,
  totalTokenCount: inputTokens + outputTokens,
};
const geminiAnswer = (asked: Asked, parts: readonly Json[], finishReason?: string) => ({
  candidates: [{ content: { role: "model", parts }, index: 0, ...(finishReason && { finishReason }) }],
  ...(finishReason && { usageMetadata: geminiUsage }),
  modelVersion: asked.model,
  responseId: "gemini-matrix",
});

const gemini: Shape = {
  contentType: "text/event-stream",
  chat: (asked) =>
    geminiAnswer(
      asked,
      [asked.hasTools ? { functionCall: { name: toolName, args: toolArguments } } : { text: sentence }],
      "STOP",
    ),
  frames: (asked) =>
    text.map((it, index) => {
      const answer = geminiAnswer(asked, [{ text: it }], index === text.length - 1 ? "STOP" : undefined);
      return Buffer.from(`data: ${JSON.stringify(answer)}\r\n\r\n`);
    }),
  embed: () => ({ embeddings: [{ values: vector }] }),
  fault: (status) => ({ body: { error: { code: status, message: words[status], status: "MATRIX" } } }),
};

// Cohere, v2.

const cohereUsage = {
  billed_units: { input_tokens: inputTokens, output_tokens: outputTokens },
  tokens: { input_tokens: inputTokens + 50, output_tokens: outputTokens },
};

const cohere: Shape = {
  contentType: "text/event-stream",
  chat: (asked) => ({
    id: "cohere-matrix",
    finish_reason: asked.hasTools ? "TOOL_CALL" : "COMPLETE",
    message: asked.hasTools
      ? { role: "assistant", tool_plan: "I look it up.", tool_calls: [openaiTool] }
      : { role: "assistant", content: [{ type: "text", text: sentence }] },
    usage: cohereUsage,
  }),
  frames: () =>
    namedSse(
      { type: "message-start", id: "cohere-matrix", delta: { message: { role: "assistant", content: [] } } },
      { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
      ...text.map((it) => ({ type: "content-delta", index: 0, delta: { message: { content: { text: it } } } })),
      { type: "content-end", index: 0 },
      { type: "message-end", delta: { finish_reason: "COMPLETE", usage: cohereUsage } },
    ),
  embed: () => ({
    id: "embed-matrix",
    embeddings: { float: [vector] },
    texts: ["hello"],
    response_type: "embeddings_by_type",
    meta: { api_version: { version: "2" }, billed_units: { input_tokens: inputTokens } },
  }),
  fault: (status) => ({ body: { message: words[status] } }),
};

// Ollama's own API: a JSON object a line.

const ollamaHead = (asked: Asked) => ({ model: asked.model, created_at: "2026-11-21T00:00:00.000000Z" });
const ollamaEnd = {
  done: true,
  done_reason: "stop",
  total_duration: 900_000_000,
  load_duration: 100_000_000,
  prompt_eval_count: inputTokens,
  prompt_eval_duration: 200_000_000,
  eval_count: outputTokens,
  eval_duration: 500_000_000,
};

const ollama: Shape = {
  contentType: "application/x-ndjson",
  chat: (asked) => ({
    ...ollamaHead(asked),
    message: asked.hasTools
      ? { role: "assistant", content: "", tool_calls: [{ function: { name: toolName, arguments: toolArguments } }] }
      : { role: "assistant", content: sentence },
    ...ollamaEnd,
  }),
  frames: (asked) =>
    [
      ...text.map((content) => ({ ...ollamaHead(asked), message: { role: "assistant", content }, done: false })),
      { ...ollamaHead(asked), message: { role: "assistant", content: "" }, ...ollamaEnd },
    ].map((line) => Buffer.from(`${JSON.stringify(line)}\n`)),
  embed: (asked) => ({
    model: asked.model,
    embeddings: [vector],
    total_duration: 1000,
    prompt_eval_count: inputTokens,
  }),
  fault: (status) => ({ body: { error: words[status] } }),
};

// Bedrock's Converse, whose streams are binary event messages.

const bedrockUsage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };

const bedrock: Shape = {
  contentType: "application/vnd.amazon.eventstream",
  chat: (asked) => ({
    output: {
      message: {
        role: "assistant",
        content: [
          asked.hasTools
            ? { toolUse: { toolUseId: "tooluse_matrix", name: toolName, input: toolArguments } }
            : { text: sentence },
        ],
      },
    },
    stopReason: asked.hasTools ? "tool_use" : "end_turn",
    usage: bedrockUsage,
    metrics: { latencyMs: 300 },
  }),
  frames: () => [
    eventMessage("messageStart", { role: "assistant" }),
    ...text.map((it) => eventMessage("contentBlockDelta", { contentBlockIndex: 0, delta: { text: it } })),
    eventMessage("contentBlockStop", { contentBlockIndex: 0 }),
    eventMessage("messageStop", { stopReason: "end_turn" }),
    eventMessage("metadata", { usage: bedrockUsage, metrics: { latencyMs: 300 } }),
  ],
  fault: (status) => ({
    body: { message: words[status] },
    headers: { "x-amzn-errortype": bedrockErrors[status] ?? "InternalServerException" },
  }),
};

const bedrockErrors: Readonly<Record<number, string>> = {
  401: "UnrecognizedClientException",
  429: "ThrottlingException",
};

/** A message of `application/vnd.amazon.eventstream`: lengths, checksum, headers, payload, checksum. */
function eventMessage(type: string, payload: Json): Uint8Array {
  const body = Buffer.from(JSON.stringify(payload));
  const headers = Buffer.concat(
    [
      [":event-type", type],
      [":content-type", "application/json"],
      [":message-type", "event"],
    ].map(([name = "", value = ""]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(value.length);
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        Buffer.from([7]),
        length,
        Buffer.from(value),
      ]);
    }),
  );
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(12 + headers.length + body.length + 4, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, body]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, checksum]);
}

// The server.

const routes: readonly { readonly path: RegExp; readonly shape: Shape; readonly kind: "chat" | "embed" }[] = [
  { path: /\/chat\/completions$/, shape: openai, kind: "chat" },
  { path: /\/v1\/embeddings$/, shape: openai, kind: "embed" },
  { path: /\/v1\/messages$/, shape: anthropic, kind: "chat" },
  { path: /\/models\/([^/:]+):(?:stream)?[gG]enerateContent$/, shape: gemini, kind: "chat" },
  { path: /\/models\/([^/:]+):(?:batchEmbedContents|embedContent)$/, shape: gemini, kind: "embed" },
  { path: /\/v2\/chat$/, shape: cohere, kind: "chat" },
  { path: /\/v2\/embed$/, shape: cohere, kind: "embed" },
  { path: /\/api\/chat$/, shape: ollama, kind: "chat" },
  { path: /\/api\/embed$/, shape: ollama, kind: "embed" },
  { path: /\/model\/([^/]+)\/converse(?:-stream)?$/, shape: bedrock, kind: "chat" },
];

/** A request as it came, and whether its sender left before the answer was whole. */
interface Seen {
  readonly path: string;
  readonly body: string;
  hasLeft: boolean;
}

const seen: Seen[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://upstream");
  if (url.pathname === "/__seen") {
    sendJson(response, 200, { seen });
    return;
  }
  const bodyText = Buffer.concat(await request.toArray()).toString();
  const entry: Seen = { path: url.pathname + url.search, body: bodyText, hasLeft: false };
  seen.push(entry);
  response.on("close", () => {
    entry.hasLeft = !response.writableFinished;
  });
  const path = decodeURIComponent(url.pathname);
  const route = routes.find((it) => it.path.test(path));
  if (route === undefined) {
    sendJson(response, 404, { error: { message: `no such path: ${path}` } });
    return;
  }
  const body = JSON.parse(bodyText) as Json;
  await answerRoute(response, route, {
    path,
    body,
    model: route.path.exec(path)?.[1] ?? String(body["model"]),
    hasTools: body["tools"] !== undefined || body["toolConfig"] !== undefined,
    isStream: body["stream"] === true || /stream/i.test(path.split("/").at(-1) ?? ""),
  });
}

async function answerRoute(response: ServerResponse, route: (typeof routes)[number], asked: Asked): Promise<void> {
  const { shape, kind } = route;
  const [, status] = /^fault(\d+)/.exec(asked.model) ?? [];
  if (status !== undefined) {
    const { body, headers } = shape.fault(Number(status));
    sendJson(response, Number(status), body, headers);
  } else if (asked.model.startsWith("silent")) {
    // Until the client has had enough.
  } else if (kind === "embed") {
    sendJson(response, 200, shape.embed?.(asked) ?? {});
  } else if (asked.isStream) {
    await sendFrames(response, shape, asked);
  } else {
    sendJson(response, 200, shape.chat(asked));
  }
}

async function sendFrames(response: ServerResponse, shape: Shape, asked: Asked): Promise<void> {
  response.writeHead(200, { "content-type": shape.contentType });
  const frames = shape.frames(asked);
  const isEndless = asked.model.startsWith("endless");
  for (const frame of isEndless ? frames.slice(0, 2) : frames) {
    response.write(frame);
    await new Promise((done) => setTimeout(done, 5));
  }
  if (!isEndless) response.end();
}

function sendJson(response: ServerResponse, status: number, body: Json, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, { ...headers, "content-type": "application/json", "content-length": bytes.length })
    .end(bytes);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (!response.headersSent) sendJson(response, 500, { error: { message: `upstream: ${String(error)}` } });
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`The upstream listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
process.once("SIGTERM", () => process.exit(0));
