import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { readExportAnswer, type Signal, type Spelling } from "@weir/otlp";
import { failureReason, type SendResult, type Transport, type TransportOptions } from "./transport.ts";

const compress = promisify(gzip);

const mostAnswerBytes = 64 << 10;
/** What OTLP says may be sent again; everything else would fail again. */
const retryableStatuses = new Set([429, 502, 503, 504]);
const contentTypes: Record<Spelling, string> = { protobuf: "application/x-protobuf", json: "application/json" };

/** What a protocol makes of HTTP's POST. */
export interface Carriage {
  readonly headers: Readonly<Record<string, string>>;
  urlOf(signal: Signal): URL;
  encode(body: Buffer): Promise<Buffer>;
  /** What a successful answer says was not taken. */
  readAnswer(
    signal: Signal,
    response: IncomingMessage,
    answer: Buffer,
  ): { readonly rejectedCount: number; readonly reason: string };
}

/** OTLP over HTTP. */
export function createHttpTransport(options: TransportOptions, spelling: Spelling): Transport {
  return createPostTransport(options, {
    headers: {
      "content-type": contentTypes[spelling],
      ...(options.isCompressed && { "content-encoding": "gzip" }),
    },
    urlOf: (signal) => urlOf(options, signal),
    encode: async (body) => (options.isCompressed ? compress(body) : body),
    readAnswer(signal, response, answer) {
      const answered = response.headers["content-type"]?.startsWith("application/json") ? "json" : "protobuf";
      return readExportAnswer(signal, answered, answer);
    },
  });
}

/** Requests over HTTP. Redirects are not followed: a destination's address is given as it is. */
export function createPostTransport(options: TransportOptions, carriage: Carriage): Transport {
  const isTls = options.endpoint.protocol === "https:";
  const agent = isTls ? new TlsAgent({ keepAlive: true, ...options.tls }) : new Agent({ keepAlive: true });
  const begin = isTls ? httpsRequest : httpRequest;
  const headers = { "user-agent": "weir", ...options.headers, ...carriage.headers };

  async function post(signal: Signal, body: Buffer): Promise<SendResult> {
    const bytes = await carriage.encode(body);
    const answered = await new Promise<{ response: IncomingMessage; answer: Buffer }>((resolve, reject) => {
      const request = begin(carriage.urlOf(signal), {
        method: "POST",
        agent,
        headers: { ...headers, "content-length": bytes.length },
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      request.on("error", reject);
      request.on("response", (response) => {
        readAnswer(response).then((answer) => resolve({ response, answer }), reject);
      });
      request.end(bytes);
    });
    return resultOf(answered.response, () => carriage.readAnswer(signal, answered.response, answered.answer));
  }

  return {
    async send(signal, body) {
      try {
        return await post(signal, body);
      } catch (thrown) {
        return { outcome: "retryable", reason: failureReason(thrown) };
      }
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

function urlOf({ endpoint, isFullEndpoint }: TransportOptions, signal: Signal): URL {
  if (isFullEndpoint) return endpoint;
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${signal}`;
  return url;
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= mostAnswerBytes) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function resultOf(
  response: IncomingMessage,
  readTaken: () => { readonly rejectedCount: number; readonly reason: string },
): SendResult {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    const { rejectedCount, reason } = readTaken();
    return { outcome: "accepted", rejectedCount, reason };
  }
  const reason = `HTTP ${status}`;
  if (!retryableStatuses.has(status)) return { outcome: "refused", reason };
  return { outcome: "retryable", reason, retryAfterMs: retryAfterMs(response.headers["retry-after"]) };
}

/** Seconds, or a date. */
export function retryAfterMs(header: string | undefined, nowUnixMs = Date.now()): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowUnixMs);
}
