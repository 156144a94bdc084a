import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Recorded exchanges with real providers, where they lie beside the checkout. */
const directory = join(import.meta.dirname, "../../../shared/data/exchanges");

export const hasExchanges = existsSync(directory);

export interface Exchange {
  readonly name: string;
  readonly provider: string;
  readonly api: string;
  readonly path: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly contentType: string;
  readonly responseBody: Buffer;
  readonly truth: {
    readonly model: string | null;
    readonly usage: Readonly<Record<string, number>> | null;
    readonly finish: string | null;
    readonly text: string | null;
    readonly tools: readonly { name: string; arguments: unknown }[];
  };
}

/** The exchanges of the APIs whose answers this gateway reads. */
export function readExchanges(providers: readonly string[]): Exchange[] {
  const names = readdirSync(directory).filter((name) => providers.includes(name.split(".")[0] ?? ""));
  return names.map((name) => exchangeOf(name, JSON.parse(readFileSync(join(directory, name), "utf8"))));
}

interface RecordedExchange {
  provider: string;
  api: string;
  stream: boolean;
  request: { path: string; body: unknown };
  response: {
    status: number;
    headers: Record<string, string>;
    body_json?: unknown;
    body_text?: string;
    body_base64?: string;
  };
  truth: Exchange["truth"];
}

function exchangeOf(name: string, recorded: RecordedExchange): Exchange {
  const { request, response } = recorded;
  const body = request.body;
  return {
    name,
    provider: recorded.provider,
    api: recorded.api,
    path: request.path,
    requestBody: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    status: response.status,
    contentType: response.headers["content-type"] ?? (recorded.stream ? "text/event-stream" : "application/json"),
    responseBody: responseBytes(response),
    truth: recorded.truth,
  };
}

function responseBytes(response: RecordedExchange["response"]): Buffer {
  if (response.body_base64 !== undefined) return Buffer.from(response.body_base64, "base64");
  return Buffer.from(response.body_text ?? JSON.stringify(response.body_json));
}

type Json = Record<string, unknown>;

/** Text and tool calls of an answer, as the truth spells them. */
export function contentOf(output: Buffer): { text: string; tools: { name: string; arguments: unknown }[] } {
  const body = JSON.parse(output.toString()) as Json;
  if (Array.isArray(body["output"])) return responsesContent(body["output"] as Json[]);
  if (Array.isArray(body["content"])) return messagesContent(body["content"] as Json[]);
  const choice = (body["choices"] as Json[] | undefined)?.[0] ?? {};
  const message = (choice["message"] ?? { content: choice["text"] }) as Json;
  const tools = ((message["tool_calls"] ?? []) as { function: { name: string; arguments: unknown } }[]).map((call) => ({
    name: call.function.name,
    arguments: call.function.arguments,
  }));
  return { text: textOfContent(message["content"]), tools };
}

function textOfContent(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as Json[]).map((part) => (part["type"] === "text" ? String(part["text"]) : "")).join("");
}

function responsesContent(items: readonly Json[]) {
  const parts = items.flatMap((item) => (Array.isArray(item["content"]) ? (item["content"] as Json[]) : []));
  return {
    text: parts.map((part) => (part["type"] === "output_text" ? String(part["text"]) : "")).join(""),
    tools: items
      .filter((item) => item["type"] === "function_call")
      .map((item) => ({ name: String(item["name"]), arguments: item["arguments"] })),
  };
}

function messagesContent(blocks: readonly Json[]) {
  return {
    text: blocks.map((block) => (block["type"] === "text" ? String(block["text"]) : "")).join(""),
    tools: blocks
      .filter((block) => block["type"] === "tool_use")
      .map((block) => ({ name: String(block["name"]), arguments: block["input"] })),
  };
}
