/**
 * A deterministic model provider on loopback: the shapes of OpenAI, Anthropic, Gemini, Cohere and Ollama, streams,
 * tools, reasoning, prompt caches, errors and a real provider's pace, with no key needed.
 *
 *   node demo/mock-provider.ts --port 9001 [--host 127.0.0.1] [--pace 1]
 *
 * A caller steers it by headers: `x-mock-case: <text>` makes ids, times and pace depend on that text alone, so that
 * two requests get equal bytes; `x-mock-fault: <name>` asks for an error; `x-mock-pace: 0` answers at once.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  cacheShareOf,
  countTokensJson,
  type MessagesRequest,
  messagesJson,
  messagesStream,
  readMessagesRequest,
} from "./anthropic-messages.ts";
import {
  type CohereChatRequest,
  type CohereEmbedRequest,
  cohereEmbedJson,
  cohereJson,
  cohereStream,
  type RerankRequest,
  readCohereRequest,
  rerankJson,
} from "./cohere-chat.ts";
import { errorFrame, type FaultName, faultAnswer, faultNames, type Shape } from "./faults.ts";
import {
  countTokensOfContents,
  embedContentJson,
  type GenerateRequest,
  generateJson,
  generateStream,
  readGenerateRequest,
} from "./gemini-generate.ts";
import { knownModels } from "./models.ts";
import {
  type OllamaEmbedRequest,
  type OllamaRequest,
  ollamaEmbedJson,
  ollamaJson,
  ollamaStream,
  readOllamaRequest,
} from "./ollama-chat.ts";
import {
  type ChatRequest,
  chatJson,
  chatStream,
  type EmbeddingsRequest,
  type Envelope,
  embeddingsJson,
  readChatRequest,
} from "./openai-chat.ts";
import { type ResponsesRequest, readResponsesRequest, responsesJson, responsesStream } from "./openai-responses.ts";
import { type Frame, Pace } from "./pace.ts";
import { PromptCache } from "./prompt-cache.ts";
import { createRandom, seedOf } from "./random.ts";
import { composeReply, type Question, type Reply } from "./reply.ts";

export interface MockProviderOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** 1 is a real provider's pace, 0 answers at once. */
  readonly pace?: number;
}

export interface MockProvider extends AsyncDisposable {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly requestCount: number;
}

const fixedCreatedUnixSeconds = 1_763_700_000;
const mostBodyBytes = 64 * 1024 * 1024;

/** Starts the mock. Any path that ends in a known API's path is answered, whatever stands before it. */
export async function startMockProvider(options: MockProviderOptions = {}): Promise<MockProvider> {
  const state: MockState = { cache: new PromptCache(), requestCount: 0, pace: options.pace ?? 1 };
  const server = createServer((request, response) => {
    response.socket?.setNoDelay(true);
    answer(state, request, response).catch((thrown: unknown) => {
      if (!response.headersSent) sendJson(response, 500, { error: { message: String(thrown), type: "mock_error" } });
      else response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    get requestCount() {
      return state.requestCount;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface MockState {
  readonly cache: PromptCache;
  readonly pace: number;
  requestCount: number;
}

/** One request while it is being answered. */
interface Exchange {
  readonly state: MockState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without its query. */
  readonly path: string;
  /** What ids, answers and pace derive from. */
  readonly seed: string;
  readonly createdUnixSeconds: number;
  readonly pace: number;
  readonly fault: FaultName | undefined;
  readonly shape: Shape;
}

type Handler = (exchange: Exchange, body: unknown) => Promise<void>;

/** Path endings and who answers them; the first match wins. */
const routes: readonly { method: string; ends: string; shape: Shape; handle: Handler }[] = [
  { method: "POST", ends: "/chat/completions", shape: "openai", handle: answerChat },
  { method: "POST", ends: "/responses", shape: "openai", handle: answerResponses },
  { method: "POST", ends: "/embeddings", shape: "openai", handle: answerEmbeddings },
  { method: "POST", ends: "/messages/count_tokens", shape: "anthropic", handle: answerCountTokens },
  { method: "POST", ends: "/messages", shape: "anthropic", handle: answerMessages },
  { method: "GET", ends: "/models", shape: "openai", handle: answerModels },
  { method: "POST", ends: ":generateContent", shape: "gemini", handle: answerGenerate },
  { method: "POST", ends: ":streamGenerateContent", shape: "gemini", handle: answerGenerate },
  { method: "POST", ends: ":countTokens", shape: "gemini", handle: answerCountContents },
  { method: "POST", ends: ":embedContent", shape: "gemini", handle: answerEmbedContent },
  { method: "POST", ends: ":batchEmbedContents", shape: "gemini", handle: answerEmbedContent },
  { method: "POST", ends: "/v2/chat", shape: "cohere", handle: answerCohere },
  { method: "POST", ends: "/v2/embed", shape: "cohere", handle: answerCohereEmbed },
  { method: "POST", ends: "/v2/rerank", shape: "cohere", handle: answerRerank },
  { method: "POST", ends: "/api/chat", shape: "ollama", handle: answerOllama },
  { method: "POST", ends: "/api/generate", shape: "ollama", handle: answerOllama },
  { method: "POST", ends: "/api/embed", shape: "ollama", handle: answerOllamaEmbed },
];

async function answer(state: MockState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const number = state.requestCount++;
  const path = new URL(request.url ?? "/", "http://mock").pathname;
  const route = routes.find((candidate) => candidate.method === request.method && path.endsWith(candidate.ends));
  const text = await readBody(request);
  if (route === undefined)
    return sendJson(response, 404, { error: { message: `Unknown path ${path}`, type: "not_found" } });

  const named = header(request, "x-mock-case");
  const exchange: Exchange = {
    state,
    request,
    response,
    path,
    seed: named ?? `request ${number} of ${process.pid}`,
    createdUnixSeconds: named === undefined ? Math.floor(Date.now() / 1000) : fixedCreatedUnixSeconds,
    pace: Number(header(request, "x-mock-pace") ?? state.pace),
    fault: faultNames.find((name) => name === header(request, "x-mock-fault")),
    shape: route.shape,
  };
  if (await refused(exchange)) return;
  await route.handle(exchange, text === "" ? {} : JSON.parse(text));
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) throw new Error("The body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const credentialHeaders = ["authorization", "x-api-key", "x-goog-api-key"];

/** Answers the faults that replace a whole answer, a missing credential among them. */
async function refused(exchange: Exchange): Promise<boolean> {
  const { request, response, shape } = exchange;
  const isOpen = shape === "ollama" || new URL(request.url ?? "/", "http://mock").searchParams.has("key");
  const hasCredential = isOpen || credentialHeaders.some((name) => header(request, name) !== undefined);
  const name = hasCredential ? exchange.fault : "unauthorized";
  const fault = name === undefined ? undefined : faultAnswer(name, shape);
  if (fault === undefined) return false;
  await sleep(60 * exchange.pace);
  sendJson(response, fault.status, fault.body, { ...ownHeaders(exchange), ...fault.headers });
  return true;
}

function ownHeaders(exchange: Exchange): Record<string, string> {
  const id = createRandom(seedOf(`${exchange.seed} request id`)).letters(24);
  if (exchange.shape === "anthropic") {
    return { "request-id": `req_${id}`, "anthropic-organization-id": "9c1f4a52-0000-4000-8000-weirdemo0001" };
  }
  if (exchange.shape !== "openai") return {};
  return {
    "x-request-id": `req_${id}`,
    "openai-organization": "weir-demo",
    "openai-processing-ms": "412",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": "9999",
  };
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...headers, "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

async function answerChat(exchange: Exchange, body: unknown): Promise<void> {
  const request = body as ChatRequest;
  const { reply, envelope } = compose(exchange, readChatRequest(request), "chatcmpl-");
  if (request.stream !== true) return sendWhole(exchange, reply, chatJson(reply, envelope));
  return sendStream(exchange, chatStream(reply, envelope, request.stream_options?.include_usage === true));
}

async function answerResponses(exchange: Exchange, body: unknown): Promise<void> {
  const request = body as ResponsesRequest;
  const { reply, envelope } = compose(exchange, readResponsesRequest(request), "resp_");
  if (request.stream !== true) return sendWhole(exchange, reply, responsesJson(reply, envelope, request));
  return sendStream(exchange, responsesStream(reply, envelope, request));
}

async function answerMessages(exchange: Exchange, body: unknown): Promise<void> {
  const request = body as MessagesRequest;
  const reply = composeReply(readMessagesRequest(request), exchange.seed);
  const id = `msg_01${reply.random.letters(22)}`;
  const share = cacheShareOf(request, exchange.state.cache);
  if (request.stream !== true) return sendWhole(exchange, reply, messagesJson(reply, id, share));
  return sendStream(exchange, messagesStream(reply, id, share));
}

async function answerGenerate(exchange: Exchange, body: unknown): Promise<void> {
  const model = /\/([^/:]+):\w+$/.exec(exchange.path)?.[1] ?? "";
  const reply = composeReply(readGenerateRequest(body as GenerateRequest, model), exchange.seed);
  const id = reply.random.letters(24);
  if (!exchange.path.endsWith(":streamGenerateContent")) return sendWhole(exchange, reply, generateJson(reply, id));
  return sendStream(exchange, generateStream(reply, id));
}

async function answerCountContents(exchange: Exchange, body: unknown): Promise<void> {
  sendJson(exchange.response, 200, countTokensOfContents(body as GenerateRequest));
}

async function answerEmbedContent(exchange: Exchange, body: unknown): Promise<void> {
  sendJson(exchange.response, 200, embedContentJson(body as object, vectorOf));
}

async function answerCohere(exchange: Exchange, body: unknown): Promise<void> {
  const request = body as CohereChatRequest;
  const reply = composeReply(readCohereRequest(request), exchange.seed);
  const id = reply.random.hex(32);
  if (request.stream !== true) return sendWhole(exchange, reply, cohereJson(reply, id));
  return sendStream(exchange, cohereStream(reply, id));
}

async function answerCohereEmbed(exchange: Exchange, body: unknown): Promise<void> {
  const id = createRandom(seedOf(exchange.seed)).hex(32);
  sendJson(exchange.response, 200, cohereEmbedJson(body as CohereEmbedRequest, id, vectorOf));
}

async function answerRerank(exchange: Exchange, body: unknown): Promise<void> {
  const id = createRandom(seedOf(exchange.seed)).hex(32);
  sendJson(exchange.response, 200, rerankJson(body as RerankRequest, id));
}

async function answerOllama(exchange: Exchange, body: unknown): Promise<void> {
  const request = body as OllamaRequest;
  const reply = composeReply(readOllamaRequest(request), exchange.seed);
  const { createdUnixSeconds } = exchange;
  if (request.stream === false) return sendWhole(exchange, reply, ollamaJson(request, reply, createdUnixSeconds));
  return sendStream(exchange, ollamaStream(request, reply, createdUnixSeconds), "application/x-ndjson");
}

async function answerOllamaEmbed(exchange: Exchange, body: unknown): Promise<void> {
  sendJson(exchange.response, 200, ollamaEmbedJson(body as OllamaEmbedRequest, vectorOf));
}

async function answerCountTokens(exchange: Exchange, body: unknown): Promise<void> {
  await sleep(40 * exchange.pace);
  sendJson(exchange.response, 200, countTokensJson(body as MessagesRequest), ownHeaders(exchange));
}

async function answerEmbeddings(exchange: Exchange, body: unknown): Promise<void> {
  await sleep(createRandom(seedOf(exchange.seed)).logNormal(90, 0.3) * exchange.pace);
  sendJson(exchange.response, 200, embeddingsJson(body as EmbeddingsRequest, vectorOf), ownHeaders(exchange));
}

async function answerModels(exchange: Exchange): Promise<void> {
  const data = knownModels.map((id) => ({
    id,
    object: "model",
    created: fixedCreatedUnixSeconds,
    owned_by: "weir-demo",
  }));
  sendJson(exchange.response, 200, { object: "list", data }, ownHeaders(exchange));
}

function vectorOf(text: string, length: number): Float32Array {
  const random = createRandom(seedOf(text));
  const vector = Float32Array.from({ length }, () => random.next() * 2 - 1);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** The reply, and what its objects share. OpenAI caches prefixes of 1,024 tokens and more by itself. */
function compose(exchange: Exchange, question: Question, idPrefix: string): { reply: Reply; envelope: Envelope } {
  const reply = composeReply(question, exchange.seed);
  const prefix = question.everything.slice(0, 4096);
  const hit = exchange.state.cache.visit(`${question.model}${prefix}`, reply.inputTokens) === "hit";
  const cachedTokens = hit ? Math.floor(Math.min(reply.inputTokens, prefix.length / 4) / 128) * 128 : 0;
  const id = idPrefix === "resp_" ? reply.random.hex(50) : reply.random.letters(29);
  return { reply, envelope: { id: `${idPrefix}${id}`, createdUnixSeconds: exchange.createdUnixSeconds, cachedTokens } };
}

async function sendWhole(exchange: Exchange, reply: Reply, body: object): Promise<void> {
  await sleep(new Pace(reply).wholeMs() * exchange.pace);
  if (exchange.fault === "cut") return cutMidway(exchange, JSON.stringify(body));
  sendJson(exchange.response, 200, body, ownHeaders(exchange));
}

function cutMidway(exchange: Exchange, text: string): void {
  const { response } = exchange;
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

/** Writes the frames at the answer's pace and stops when the caller leaves. */
async function sendStream(
  exchange: Exchange,
  frames: Generator<Frame>,
  contentType = "text/event-stream; charset=utf-8",
): Promise<void> {
  const { response, pace } = exchange;
  const all = [...frames];
  const strikesAt = exchange.fault === undefined ? Number.POSITIVE_INFINITY : Math.floor(all.length / 2);
  const startedMs = performance.now();
  let dueMs = 0;
  for (const [index, frame] of all.entries()) {
    dueMs += frame.waitMs * pace;
    const restMs = dueMs - (performance.now() - startedMs);
    if (restMs > 1) await sleep(restMs);
    if (response.destroyed) return;
    if (index === 0) {
      response.writeHead(200, {
        ...ownHeaders(exchange),
        "content-type": contentType,
        "cache-control": "no-cache",
      });
    }
    if (index === strikesAt) return strike(exchange, frame.text);
    if (!response.write(frame.text)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

/** Ends a stream badly: with an error event, or in the middle of an event. */
function strike(exchange: Exchange, nextText: string): void {
  const { response, shape, fault } = exchange;
  if (fault === "error-in-stream") response.end(errorFrame(shape));
  else response.write(nextText.slice(0, nextText.length / 2), () => response.destroy());
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: "string" }, host: { type: "string" }, pace: { type: "string" } },
  });
  const mock = await startMockProvider({
    port: Number(values.port ?? 0),
    host: values.host ?? "127.0.0.1",
    pace: Number(values.pace ?? 1),
  });
  console.log(`The mock provider listens on ${mock.url}`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void mock[Symbol.asyncDispose]().then(() => process.exit(0)));
  }
}
