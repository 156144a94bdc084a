import { randomUUID } from "node:crypto";
import { apiOf } from "../providers/index.ts";
import { type Api, isRecord, type VendorHeaders } from "../providers/shape.ts";
import { framingOf, isStreamFraming } from "../recording/framing.ts";
import { anthropicChat } from "./anthropic-chat.ts";
import { bedrockChat } from "./bedrock-chat.ts";
import { type AnswerFacts, ChatStreamTranslator, chatCompletion, openaiError } from "./chat-answer.ts";
import { type ChatRequest, readChatRequest } from "./chat-request.ts";
import { cohereChat } from "./cohere-chat.ts";
import type { ChatDialect } from "./dialect.ts";
import {
  bedrockEmbeddings,
  cohereEmbeddings,
  type EmbeddingsDialect,
  geminiEmbeddings,
  ollamaEmbeddings,
  openaiEmbeddings,
  readEmbeddingsRequest,
} from "./embeddings.ts";
import { geminiChat } from "./gemini-chat.ts";
import { ollamaChat } from "./ollama-chat.ts";

/** Which of OpenAI's calls is translated. */
export type TranslatedCall = "chat" | "embeddings";

interface Dialect {
  readonly chat: ChatDialect;
  readonly embeddings?: EmbeddingsDialect;
  /** Where the API looks for a key, when that is not `authorization`. */
  readonly keyHeader?: string;
}

/** The APIs that differ from OpenAI's, and how each is spoken to. */
export const dialects = {
  anthropic: { chat: anthropicChat, keyHeader: "x-api-key" },
  gemini: { chat: geminiChat, embeddings: geminiEmbeddings, keyHeader: "x-goog-api-key" },
  cohere: { chat: cohereChat, embeddings: cohereEmbeddings },
  bedrock: { chat: bedrockChat, embeddings: bedrockEmbeddings },
  ollama: { chat: ollamaChat, embeddings: ollamaEmbeddings },
} as const satisfies Readonly<Record<string, Dialect>>;
export type DialectId = keyof typeof dialects;

/** What an answer's head says that a translation must know. */
export interface TranslatedHead {
  readonly status: number;
  readonly contentType: string;
  readonly vendorHeaders?: VendorHeaders | undefined;
}

/** Takes the bytes of a provider's answer and gives those of the client's. */
export interface AnswerTranslator {
  readonly contentType: string;
  /** The bytes that the client may have now. */
  push(chunk: Buffer): Buffer;
  /** The answer is over: the rest of the client's bytes. */
  end(): Buffer;
  /** False when the provider's stream lacks its end: the client's must break off visibly too. */
  readonly isComplete: boolean;
}

/** A request of an OpenAI client in the words of another provider, and the way back. */
export interface Translation {
  readonly path: string;
  readonly body: Buffer;
  /** Names and values, in turn, of headers that the provider's API needs. */
  readonly headers: readonly string[];
  /** Where the API looks for a key; "" for `authorization`. */
  readonly keyHeader: string;
  openAnswer(head: TranslatedHead): AnswerTranslator;
}

/**
 * Translates a call. `model` is the provider's own name for it, `asked` what the client wrote (`provider/model`).
 * Throws `BAD_REQUEST` for what the other API cannot be asked.
 */
export function translate(
  dialect: DialectId,
  call: TranslatedCall,
  body: Buffer,
  model: string,
  asked: string,
): Translation {
  const { chat, embeddings, keyHeader = "" }: Dialect = dialects[dialect];
  const facts = { model: asked, createdAtS: Math.floor(Date.now() / 1000), id: `chatcmpl-${randomUUID()}` };
  if (call === "chat") return { ...translateChat(chat, readChatRequest(body, model), facts), keyHeader };
  if (embeddings === undefined) throw new RangeError(`${dialect} has no embeddings`);
  return { ...translateEmbeddings(embeddings, body, model, asked), keyHeader };
}

/** Whether a call can be translated at all. */
export function isTranslatable(dialect: DialectId, call: TranslatedCall): boolean {
  return call in dialects[dialect];
}

function translateChat(dialect: ChatDialect, request: ChatRequest, facts: AnswerFacts): Omit<Translation, "keyHeader"> {
  const path = dialect.path(request);
  const api = apiOf("POST", path.split("?")[0] ?? "");
  return {
    path,
    body: Buffer.from(JSON.stringify(dialect.body(request))),
    headers: dialect.headers,
    openAnswer(head) {
      if (head.status >= 400 || !request.isStream) {
        return wholeAnswer(head, (body) => chatCompletion(api, body, facts, head.vendorHeaders));
      }
      return openStream(api, dialect, head, facts, request.includesUsage);
    },
  };
}

function openStream(
  api: Api,
  dialect: ChatDialect,
  head: TranslatedHead,
  facts: AnswerFacts,
  includesUsage: boolean,
): AnswerTranslator {
  const framing = framingOf(head.contentType, Buffer.alloc(0), api.streams === "always");
  const known = isStreamFraming(framing) ? framing : "lines";
  const stream = new ChatStreamTranslator(api, known, dialect.openDeltas(), facts, includesUsage);
  return {
    contentType: "text/event-stream; charset=utf-8",
    push: (chunk) => stream.push(chunk),
    end: () => stream.end(),
    get isComplete() {
      return stream.isComplete;
    },
  };
}

function translateEmbeddings(
  dialect: EmbeddingsDialect,
  body: Buffer,
  model: string,
  asked: string,
): Omit<Translation, "keyHeader"> {
  const request = readEmbeddingsRequest(body, model);
  return {
    path: dialect.path(request),
    body: Buffer.from(JSON.stringify(dialect.body(request))),
    headers: [],
    openAnswer: (head) => wholeAnswer(head, (answer) => openaiEmbeddings(dialect, answer, request, asked)),
  };
}

/** Collects a whole JSON answer and turns it over at its end. What is no JSON goes on as an error in words. */
function wholeAnswer(
  head: TranslatedHead,
  write: (body: Readonly<Record<string, unknown>>) => unknown,
): AnswerTranslator {
  const chunks: Buffer[] = [];
  return {
    contentType: "application/json",
    isComplete: true,
    push(chunk) {
      chunks.push(chunk);
      return Buffer.alloc(0);
    },
    end() {
      const body = parse(Buffer.concat(chunks).toString());
      const isAnswer = head.status < 400 && isRecord(body) && (body["error"] === undefined || body["error"] === null);
      return Buffer.from(JSON.stringify(isAnswer ? write(body) : openaiError(body, head.vendorHeaders)));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
