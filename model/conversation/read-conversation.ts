import type { Conversation, ResponseMessage } from "../message.ts";
import type { ContentFormat } from "../span.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { bedrockConverse, bedrockInvoke } from "./bedrock.ts";
import { cohereChat, cohereEmbed, cohereGenerate, cohereRerank, cohereV1Chat } from "./cohere.ts";
import { geminiEmbed, geminiGenerate } from "./gemini.ts";
import { geminiInteractions } from "./gemini-interactions.ts";
import { ollamaChat, ollamaEmbed, ollamaGenerate } from "./ollama.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiCompletions } from "./openai-completions.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { openaiAudio, openaiImages, openaiModerations } from "./openai-media.ts";
import { openaiResponses } from "./openai-responses.ts";
import { palm, vertexPredict } from "./palm.ts";
import { plainJson } from "./plain-json.ts";
import type { ConversationReader, ReadRequest, ReadResponse } from "./request.ts";
import { weirMessages } from "./weir-messages.ts";

/** A line for each format that is JSON. */
const readers: Readonly<Record<Exclude<ContentFormat, "" | "text">, ConversationReader>> = {
  json: plainJson,
  "weir.messages": weirMessages,
  "openai.chat": openaiChat,
  "openai.completions": openaiCompletions,
  "openai.responses": openaiResponses,
  "openai.embeddings": openaiEmbeddings,
  "openai.images": openaiImages,
  "openai.audio": openaiAudio,
  "openai.moderations": openaiModerations,
  "anthropic.messages": anthropicMessages,
  "gemini.generate": geminiGenerate,
  "gemini.embed": geminiEmbed,
  "gemini.interactions": geminiInteractions,
  "vertex.predict": vertexPredict,
  palm,
  "cohere.chat": cohereChat,
  "cohere.v1.chat": cohereV1Chat,
  "cohere.generate": cohereGenerate,
  "cohere.embed": cohereEmbed,
  "cohere.rerank": cohereRerank,
  "bedrock.converse": bedrockConverse,
  "bedrock.invoke": bedrockInvoke,
  "ollama.chat": ollamaChat,
  "ollama.generate": ollamaGenerate,
  "ollama.embed": ollamaEmbed,
};

/** The fields of a row that hold its content. */
export interface ConversationSource {
  readonly content_format: string;
  readonly content_state?: string;
  readonly input: string;
  readonly output: string;
}

/**
 * Reads a row's content into the one message model. Pure; never throws: content of an unknown format, and JSON that is
 * broken or cut off, becomes one text part.
 */
export function readConversation({ content_format, content_state, input, output }: ConversationSource): Conversation {
  const reader = readerOf(content_format);
  const request = readSide(input, reader?.request, textRequest);
  const response = readSide(output, reader?.response, textResponse);
  return {
    ...request.read,
    response: response.read[0] ?? null,
    alternatives: response.read.slice(1),
    truncated: content_state === "truncated" || request.broken || response.broken,
  };
}

/** What a format's reader makes of one side; undefined when that should have been JSON and is not. Never throws. */
export function readRequest(format: string, input: string): ReadRequest | undefined {
  return readWhole(input, readerOf(format)?.request, textRequest);
}

/** The same of the answers. */
export function readResponse(format: string, output: string): ReadResponse | undefined {
  return readWhole(output, readerOf(format)?.response, textResponse);
}

function readWhole<Read>(
  content: string,
  read: ((value: unknown) => Read) | undefined,
  readText: (content: string) => Read,
): Read | undefined {
  if (read === undefined || content === "") return readText(content);
  try {
    return read(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function readerOf(format: string): ConversationReader | undefined {
  return Object.hasOwn(readers, format) ? readers[format as keyof typeof readers] : undefined;
}

/** Reads one side; `broken` when it should have been JSON and is not. */
function readSide<Read>(
  content: string,
  reader: ((value: unknown) => Read) | undefined,
  readText: (content: string) => Read,
): { read: Read; broken: boolean } {
  const read = readWhole(content, reader, readText);
  if (read !== undefined) return { read, broken: false };
  return { read: readText(content), broken: /^\s*[[{"]/.test(content) };
}

function textRequest(content: string): ReadRequest {
  const messages = content === "" ? [] : [{ role: "user", parts: [{ type: "text" as const, text: content }] }];
  return { system: "", messages, tools: [], params: {} };
}

function textResponse(content: string): ReadResponse {
  if (content === "") return [];
  const answer: ResponseMessage = { role: "assistant", parts: [{ type: "text", text: content }], finishReason: "" };
  return [answer];
}
