import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { readExportAnswer, rpcCodes, type Signal } from "@weir/otlp";
import { failureReason, type SendResult, type Transport, type TransportOptions } from "./transport.ts";

const compress = promisify(gzip);

const paths: Record<Signal, string> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

/** Of a message: whether it is packed, and its length. */
const prefixBytes = 5;
const mostAnswerBytes = 64 << 10;
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const retryableCodes = new Set([1, 4, 10, 11, 14, 15]);

/** OTLP over gRPC, framed here: one unary method with one message each way needs no gRPC library. */
export function createGrpcTransport(options: TransportOptions): Transport {
  let session: ClientHttp2Session | undefined;

  function openSession(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connect(options.endpoint.origin, { ...options.tls });
    // Each stream hears of it; nobody waits for the session's own event.
    opened.on("error", () => opened.destroy());
    opened.on("goaway", () => opened.close());
    opened.unref();
    session = opened;
    return opened;
  }

  async function call(signal: Signal, body: Buffer): Promise<SendResult> {
    const message = options.isCompressed ? await compress(body) : body;
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt8(options.isCompressed ? 1 : 0, 0);
    prefix.writeUInt32BE(message.length, 1);
    const { headers, trailers, answer } = await exchange(openSession(), signal, Buffer.concat([prefix, message]));
    return resultOf(signal, headers, trailers, answer);
  }

  function exchange(opened: ClientHttp2Session, signal: Signal, body: Buffer): Promise<Exchanged> {
    return new Promise((resolve, reject) => {
      const exchanged: Exchanged = { headers: {}, trailers: {}, answer: Buffer.alloc(0) };
      const chunks: Buffer[] = [];
      let length = 0;
      const stream = opened.request({
        ":method": "POST",
        ":path": paths[signal],
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "weir",
        "grpc-timeout": `${options.timeoutMs}m`,
        ...options.headers,
        ...(options.isCompressed && { "grpc-encoding": "gzip" }),
      });
      stream.setTimeout(options.timeoutMs, () => {
        stream.close(constants.NGHTTP2_CANCEL);
        // A connection that went silent would swallow the next request too.
        opened.destroy();
        reject(new Error("timeout"));
      });
      stream.on("response", (headers) => Object.assign(exchanged.headers, headers));
      stream.on("trailers", (trailers) => Object.assign(exchanged.trailers, trailers));
      stream.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length <= mostAnswerBytes) chunks.push(chunk);
      });
      stream.on("error", reject);
      opened.once("error", reject);
      stream.on("close", () => {
        opened.off("error", reject);
        resolve({ ...exchanged, answer: Buffer.concat(chunks) });
      });
      stream.end(body);
    });
  }

  return {
    async send(signal, body) {
      try {
        return await call(signal, body);
      } catch (thrown) {
        return { outcome: "retryable", reason: failureReason(thrown) };
      }
    },
    async [Symbol.asyncDispose]() {
      session?.destroy();
    },
  };
}

interface Exchanged {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly answer: Buffer;
}

function resultOf(
  signal: Signal,
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  answer: Buffer,
): SendResult {
  const http = Number(headers[":status"] ?? 0);
  const stated = trailers["grpc-status"] ?? headers["grpc-status"];
  if (stated === undefined) {
    const isRetryable = http === 0 || [429, 502, 503, 504].includes(http);
    return { outcome: isRetryable ? "retryable" : "refused", reason: http === 0 ? "no answer" : `HTTP ${http}` };
  }
  const code = Number(stated);
  if (code === rpcCodes.OK) {
    const { rejectedCount, reason } = readExportAnswer(signal, "protobuf", answer.subarray(prefixBytes));
    return { outcome: "accepted", rejectedCount, reason };
  }
  const reason = `gRPC status ${code}`;
  const isRetryable =
    retryableCodes.has(code) || (code === rpcCodes.RESOURCE_EXHAUSTED && hasRetryInfo({ ...headers, ...trailers }));
  return { outcome: isRetryable ? "retryable" : "refused", reason };
}

/** Only a server that says when to come again means by RESOURCE_EXHAUSTED that it can be tried again. */
function hasRetryInfo(headers: IncomingHttpHeaders): boolean {
  const details = headers["grpc-status-details-bin"];
  return typeof details === "string" && Buffer.from(details, "base64").includes("google.rpc.RetryInfo");
}
