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
  readonly method: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly contentType: string;
  readonly isStream: boolean;
  /** Headers in which AWS tells usage. */
  readonly vendorHeaders: Readonly<Record<string, string>>;
  readonly responseBody: Buffer;
  readonly truth: {
    readonly model: string | null;
    readonly raw_usage: Readonly<Record<string, unknown>> | null;
    readonly usage: Readonly<Record<string, number>> | null;
    readonly finish: string | null;
    readonly text: string | null;
    readonly tools: readonly { name: string; arguments: unknown }[];
  };
}

/** All of them, in the order of their names. */
export function readExchanges(): Exchange[] {
  return readdirSync(directory)
    .sort()
    .map((name) => exchangeOf(name, JSON.parse(readFileSync(join(directory, name), "utf8"))));
}

interface RecordedExchange {
  provider: string;
  api: string;
  stream: boolean;
  request: { method: string; path: string; body: unknown };
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
    method: request.method.toUpperCase(),
    requestBody: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    status: response.status,
    contentType: response.headers["content-type"] ?? (recorded.stream ? "text/event-stream" : "application/json"),
    isStream: recorded.stream,
    vendorHeaders: Object.fromEntries(Object.entries(response.headers).filter(([name]) => name.startsWith("x-amzn-"))),
    responseBody: responseBytes(response),
    truth: recorded.truth,
  };
}

function responseBytes(response: RecordedExchange["response"]): Buffer {
  if (response.body_base64 !== undefined) return Buffer.from(response.body_base64, "base64");
  return Buffer.from(response.body_text ?? JSON.stringify(response.body_json));
}
