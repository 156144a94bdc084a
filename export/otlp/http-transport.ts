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

/** OTLP over HTTP. Redirects are not followed: a collector's address is given as it is. */
export function createHttpTransport(options: TransportOptions, spelling: Spelling): Transport {
  const isTls = options.endpoint.protocol === "https:";
  const agent = isTls ? new TlsAgent({ keepAlive: true, ...options.tls }) : new Agent({ keepAlive: true });
  const begin = isTls ? httpsRequest : httpRequest;
  const headers = {
    "content-type": contentTypes[spelling],
    "user-agent": "weir",
    ...options.headers,
    ...(options.isCompressed && { "content-encoding": "gzip" }),
  };

  async function post(signal: Signal, body: Buffer): Promise<SendResult> {
    const bytes = options.isCompressed ? await compress(body) : body;
    const answered = await new Promise<{ response: IncomingMessage; answer: Buffer }>((resolve, reject) => {
      const request = begin(urlOf(options, signal), {
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
    return resultOf(answered.response, answered.answer, signal);
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

function resultOf(response: IncomingMessage, answer: Buffer, signal: Signal): SendResult {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    const spelling = response.headers["content-type"]?.startsWith("application/json") ? "json" : "protobuf";
    const { rejectedCount, reason } = readExportAnswer(signal, spelling, answer);
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
