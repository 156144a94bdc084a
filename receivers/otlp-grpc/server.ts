import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { asCodedError, CodedError, type ListenerCertificate } from "@weir/model";
import { encodeExportAnswer, encodeRpcStatus, type Signal } from "@weir/otlp";
import { otlpEvents } from "../otlp/events.ts";
import type { OtlpIntake } from "../otlp/intake.ts";
import { rpcStatusOf } from "../otlp/rpc-status.ts";
import { contentEncodings, inflateBody, readBody } from "../request-body.ts";
import { senderOf } from "../sender.ts";

const mebibyte = 1 << 20;
/** What a sender may have under way unread: large, for one stream carries megabytes. */
const streamWindowBytes = 4 * mebibyte;
const sessionWindowBytes = 16 * mebibyte;
const streamIdleMs = 60_000;
/** Of a message: whether it is packed, and its length. */
const prefixBytes = 5;

const methods: ReadonlyMap<string, Signal> = new Map([
  ["/opentelemetry.proto.collector.trace.v1.TraceService/Export", "traces"],
  ["/opentelemetry.proto.collector.logs.v1.LogsService/Export", "logs"],
  ["/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "metrics"],
]);

export interface OtlpGrpcServer extends AsyncDisposable {
  readonly port: number;
}

export interface OtlpGrpcListener {
  readonly host: string;
  /** 0 takes a free one. Otherwise several processes may share it. */
  readonly port: number;
  /** Speaks TLS with it, else plain text. */
  readonly certificate?: ListenerCertificate | undefined;
}

/**
 * Serves the Export method of OTLP's three services over gRPC, framed here: one method with one message
 * each way needs no gRPC library. Rejects when the port is taken. Disposing lets exports under way end.
 */
export async function startOtlpGrpcServer(intake: OtlpIntake, listener: OtlpGrpcListener): Promise<OtlpGrpcServer> {
  const server = createListener(listener);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.on("error", () => session.destroy());
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => onStream(intake, stream, headers));
  await listen(server, listener);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : listener.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const deadline = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, 3000);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function createListener({ certificate }: OtlpGrpcListener): Http2Server | Http2SecureServer {
  const options = {
    settings: { initialWindowSize: streamWindowBytes, maxConcurrentStreams: 256 },
    maxSessionMemory: 256,
  };
  if (certificate === undefined) return createServer(options);
  const server = createSecureServer({ ...options, ...certificate.options });
  certificate.keepRenewed(server);
  return server;
}

function listen(server: Http2Server | Http2SecureServer, { host, port }: OtlpGrpcListener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: port !== 0, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function onStream(intake: OtlpIntake, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.on("error", () => stream.destroy());
  stream.setTimeout(streamIdleMs, () => stream.close());
  answer(intake, stream, headers).then(
    (message) => sendMessage(stream, message),
    (thrown: unknown) => sendError(intake, stream, thrown),
  );
}

async function answer(intake: OtlpIntake, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Buffer> {
  const signal = methods.get(headers[":path"] ?? "");
  if (signal === undefined) throw new CodedError("NOT_FOUND", "There is no such method; OTLP has Export.");
  if (!(headers["content-type"] ?? "").startsWith("application/grpc")) {
    throw new CodedError("UNSUPPORTED_MEDIA_TYPE", "This port speaks gRPC; OTLP over HTTP has a port of its own.");
  }
  const sender = senderOf(intake.options, headers, stream.session?.socket.remoteAddress);
  using lease = intake.inFlight.lease();
  const { maxBodyBytes } = intake.options.config;
  const body = await readBody(stream, undefined, { maxBytes: maxBodyBytes + prefixBytes, lease });
  const { sent, isPacked } = messageOf(body);
  const encoding = isPacked ? String(headers["grpc-encoding"] ?? "identity") : "identity";
  const message = await inflateBody(sent, encoding, { maxBytes: maxBodyBytes, lease });
  const partial = await intake.take({ signal, transport: "grpc", spelling: "protobuf", message, sent, sender });
  return encodeExportAnswer(signal, "protobuf", partial);
}

/** The one message of a unary call. */
function messageOf(body: Buffer): { sent: Buffer; isPacked: boolean } {
  const flag = body[0];
  if (body.length < prefixBytes || (flag !== 0 && flag !== 1) || body.readUInt32BE(1) !== body.length - prefixBytes) {
    throw new CodedError("BAD_REQUEST", "The call must have one whole gRPC message.");
  }
  return { sent: body.subarray(prefixBytes), isPacked: flag === 1 };
}

const acceptedEncodings = ["identity", ...contentEncodings].join(",");

function sendMessage(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(
    { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": acceptedEncodings },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  stream.end(framed);
}

function sendError({ options }: OtlpIntake, stream: ServerHttp2Stream, thrown: unknown): void {
  const error = asCodedError(thrown);
  const event = error.status >= 500 ? otlpEvents.requestRefused : otlpEvents.requestRejected;
  const cause = error.code === "INTERNAL" ? { error: String((error.cause as Error)?.stack ?? error.cause) } : {};
  options.telemetry.emit(event, { transport: "grpc", code: error.code, ...cause });
  if (stream.destroyed || stream.closed) return;
  const status = rpcStatusOf(error);
  // Headers and trailers in one: there is no message.
  stream.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-accept-encoding": acceptedEncodings,
      "grpc-status": String(status.code),
      "grpc-message": encodeURIComponent(status.message),
      "grpc-status-details-bin": encodeRpcStatus(status, "protobuf").toString("base64"),
    },
    { endStream: true },
  );
  // The rest of a message that nobody wants is not to be sent.
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
