import { CodedError, type Message, type Part, readConversation, type ToolDefinition, textOf } from "@weir/model";
import { isRecord, type Json, listOf, recordOf } from "../providers/shape.ts";

/** A chat completions request of OpenAI's, read: what a dialect writes in its own words. */
export interface ChatRequest {
  readonly model: string;
  readonly system: string;
  /** Without the system prompt at the start. */
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  /** `auto`, `none`, `required`, or the one tool that must be called; "" when nothing is said. */
  readonly toolChoice: "" | "auto" | "none" | "required" | { readonly name: string };
  readonly allowsParallelCalls: boolean;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  readonly seed: number | undefined;
  readonly frequencyPenalty: number | undefined;
  readonly presencePenalty: number | undefined;
  readonly choices: number;
  readonly stop: readonly string[];
  /** A schema of the answer, `{}` for any JSON; undefined for text. */
  readonly schema: Json | undefined;
  /** `minimal`, `low`, `medium`, `high` …; "" when nothing is said. */
  readonly reasoningEffort: string;
  readonly user: string;
  readonly isStream: boolean;
  readonly includesUsage: boolean;
}

/** Reads the body of a chat completions request. Throws `BAD_REQUEST` for what is none. */
export function readChatRequest(body: Buffer, model: string): ChatRequest {
  const content = body.toString();
  const raw = jsonObject(content);
  if (!Array.isArray(raw["messages"])) throw badRequest("`messages` must be a list.");
  const { system, messages, tools } = readConversation({ content_format: "openai.chat", input: content, output: "" });
  return {
    model,
    system,
    messages: messages.map(withLateSystem),
    tools,
    toolChoice: toolChoiceOf(raw["tool_choice"] ?? raw["function_call"]),
    allowsParallelCalls: raw["parallel_tool_calls"] !== false,
    maxTokens: numberOf(raw["max_completion_tokens"]) ?? numberOf(raw["max_tokens"]),
    temperature: numberOf(raw["temperature"]),
    topP: numberOf(raw["top_p"]),
    topK: numberOf(raw["top_k"]),
    seed: numberOf(raw["seed"]),
    frequencyPenalty: numberOf(raw["frequency_penalty"]),
    presencePenalty: numberOf(raw["presence_penalty"]),
    choices: numberOf(raw["n"]) ?? 1,
    stop: stringsOf(raw["stop"]),
    schema: schemaOf(raw["response_format"]),
    reasoningEffort: stringOf(raw["reasoning_effort"]),
    user: stringOf(raw["safety_identifier"]) || stringOf(raw["user"]),
    isStream: raw["stream"] === true,
    includesUsage: recordOf(raw["stream_options"])["include_usage"] === true,
  };
}

export function jsonObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Said below.
  }
  throw badRequest("The request's body is no JSON object.");
}

export function badRequest(message: string): CodedError {
  return new CodedError("BAD_REQUEST", message);
}

/** Instructions in the middle of a conversation are the user's to other providers: their place means something. */
function withLateSystem(message: Message): Message {
  return message.role === "system" || message.role === "developer" ? { ...message, role: "user" } : message;
}

function toolChoiceOf(raw: unknown): ChatRequest["toolChoice"] {
  if (raw === "auto" || raw === "none" || raw === "required") return raw;
  const name = recordOf(recordOf(raw)["function"])["name"] ?? recordOf(raw)["name"];
  return typeof name === "string" ? { name } : "";
}

function schemaOf(raw: unknown): Json | undefined {
  const format = recordOf(raw);
  if (format["type"] === "json_object") return {};
  if (format["type"] !== "json_schema") return undefined;
  return recordOf(recordOf(format["json_schema"])["schema"]);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function stringsOf(value: unknown): string[] {
  return (typeof value === "string" ? [value] : listOf(value)).filter((entry) => typeof entry === "string");
}

/** A tool call's arguments as the object that most providers want. */
export function argumentsObject(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("The arguments of a tool call in `messages` are no JSON.");
  }
}

/** What a tool gave back, as text. */
export function resultText(parts: readonly Part[]): string {
  return textOf(parts) || parts.map((part) => (part.type === "json" ? JSON.stringify(part.value) : "")).join("");
}

/** The name of the tool that a call's id stands for, by the calls made so far. */
export function toolNames(messages: readonly Message[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap(({ parts }) => parts.filter((part) => part.type === "tool_call"));
  return new Map(calls.map((call) => [call.id, call.name]));
}

/** Without members that are undefined, empty texts or empty lists. */
export function present(object: Json): Json {
  const isPresent = (value: unknown) => {
    return value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
  };
  return Object.fromEntries(Object.entries(object).filter(([, value]) => isPresent(value)));
}

/** Messages of one side in a row become one: several APIs want the sides to take turns. */
export function joinTurns<Turn extends { role: string; content: readonly unknown[] }>(turns: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (turn.content.length === 0) continue;
    if (last?.role === turn.role) joined[joined.length - 1] = { ...last, content: [...last.content, ...turn.content] };
    else joined.push(turn);
  }
  return joined;
}
