import type { Message, Part, ResponseMessage, ToolDefinition } from "../message.ts";
import { textOf } from "../message.ts";
import { arrayOf, firstString, type JsonObject, objectOf, stringOf } from "./json-value.ts";

/** What an API's reader makes of a request. */
export interface ReadRequest {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  readonly params: JsonObject;
}

/** The answers in order; the first is the response, the others are alternatives. */
export type ReadResponse = readonly ResponseMessage[];

/** Reads the parsed JSON of one API. May meet any JSON; must not assume a shape. */
export interface ConversationReader {
  request(value: unknown): ReadRequest;
  response(value: unknown): ReadResponse;
}

/** Moves the system and developer messages at the start into the system prompt. */
export function liftSystem(messages: readonly Message[]): { system: string; messages: readonly Message[] } {
  const first = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  const count = first === -1 ? messages.length : first;
  return {
    system: joinTexts(messages.slice(0, count).map(({ parts }) => textOf(parts))),
    messages: messages.slice(count),
  };
}

export function joinTexts(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

/** Every API's tool: OpenAI nests it under `function`, Anthropic calls the schema `input_schema`, the AI SDK `inputSchema`. */
export function readTools(tools: unknown): ToolDefinition[] {
  return arrayOf(tools).map((tool) => {
    const entry = objectOf(tool);
    const body = objectOf(entry["function"] ?? entry["custom"] ?? entry);
    return {
      name: firstString(body["name"], entry["server_label"], entry["type"]),
      description: stringOf(body["description"]),
      parameters: body["parameters"] ?? body["input_schema"] ?? body["inputSchema"] ?? null,
    };
  });
}

/** A part for the provider's error body, where the answer is one. */
export function readError(response: JsonObject): ResponseMessage | undefined {
  const error = response["error"];
  if (!isGiven(error)) return undefined;
  const details = objectOf(error);
  const part: Part = {
    type: "error",
    text: firstString(error, details["message"]) || JSON.stringify(error),
    code: firstString(details["code"], details["type"]),
  };
  return { role: "assistant", parts: [part], finishReason: "error" };
}

/**
 * As `readError`, for OpenAI's APIs: also where the error has no member of its own around it, as Mistral, Cerebras and
 * vLLM write it, or is FastAPI's `detail`.
 */
export function readOpenaiError(response: JsonObject): ResponseMessage | undefined {
  const isBare = answerMembers.every((name) => response[name] === undefined);
  if (!isBare || isGiven(response["error"])) return readError(response);
  const isError = typeof response["message"] === "string" || response["object"] === "error";
  return readError({ error: isError ? response : response["detail"] });
}

const answerMembers = ["choices", "data", "output"];

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
