import type { IncomingMessage, ServerResponse } from "node:http";
import { asCodedError, CodedError } from "@weir/model";
import { encodeExportAnswer, encodeRpcStatus, type Signal, type Spelling } from "@weir/otlp";
import { otlpEvents } from "../otlp/events.ts";
import type { OtlpIntake } from "../otlp/intake.ts";
import { rpcStatusOf } from "../otlp/rpc-status.ts";
import { announcedLength, inflateBody, readBody } from "../request-body.ts";
import { senderOf } from "../sender.ts";

const signals: ReadonlyMap<string, Signal> = new Map([
  ["/v1/traces", "traces"],
  ["/v1/logs", "logs"],
  ["/v1/metrics", "metrics"],
]);

const mediaTypes: Record<Spelling, string> = { protobuf: "application/x-protobuf", json: "application/json" };

/** Whether a request's URL is one of OTLP/HTTP. */
export function isOtlpUrl(url: string | undefined): boolean {
  return signals.has(pathOf(url));
}

/**
 * Answers `POST /v1/traces`, `/v1/logs` and `/v1/metrics` as OTLP/HTTP says: in the request's own spelling, 200 once
 * what was taken is durable, errors as google.rpc.Status, 503 with `Retry-After` where trying again helps.
 */
export function createOtlpHttpReceiver(
  intake: OtlpIntake,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const spelling = spellingOf(request.headers["content-type"]);
    answer(intake, request, spelling).then(
      (body) => send(response, 200, body, spelling ?? "json"),
      (thrown: unknown) => sendError(intake, response, thrown, spelling ?? "json"),
    );
  };
}

async function answer(intake: OtlpIntake, request: IncomingMessage, spelling: Spelling | undefined): Promise<Buffer> {
  const signal = signals.get(pathOf(request.url));
  if (signal === undefined) throw new CodedError("NOT_FOUND", "OTLP has /v1/traces, /v1/logs and /v1/metrics.");
  if (request.method !== "POST") throw new CodedError("METHOD_NOT_ALLOWED", "Telemetry is sent by POST.");
  const sender = senderOf(intake.options, request.headers, request.socket.remoteAddress);
  if (spelling === undefined) {
    throw new CodedError("UNSUPPORTED_MEDIA_TYPE", "Content-Type may be application/x-protobuf or application/json.");
  }
  using lease = intake.inFlight.lease();
  const limits = { maxBytes: intake.options.config.maxBodyBytes, lease };
  const { "content-length": length, "content-encoding": encoding = "identity" } = request.headers;
  const sent = await readBody(request, announcedLength(length), limits);
  const message = await inflateBody(sent, encoding, limits);
  const partial = await intake.take({ signal, transport: "http", spelling, message, sent, sender });
  return encodeExportAnswer(signal, spelling, partial);
}

function pathOf(url = "/"): string {
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function spellingOf(contentType: string | undefined): Spelling | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf") return "protobuf";
  return type === "application/json" ? "json" : undefined;
}

function send(
  response: ServerResponse,
  status: number,
  body: Buffer,
  spelling: Spelling,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    "content-type": mediaTypes[spelling],
    "content-length": body.length,
    ...headers,
  });
  response.end(body);
}

/** Node reads and drops what is left of a refused body: closing at once would break the pipe before the answer is read. */
function sendError({ options }: OtlpIntake, response: ServerResponse, thrown: unknown, spelling: Spelling): void {
  const error = asCodedError(thrown);
  const event = error.status >= 500 ? otlpEvents.requestRefused : otlpEvents.requestRejected;
  options.telemetry.emit(event, { transport: "http", code: error.code, ...causeOf(error) });
  const status = rpcStatusOf(error);
  const { retryAfterMs } = status;
  send(response, error.status, encodeRpcStatus(status, spelling), spelling, {
    ...(error.code === "METHOD_NOT_ALLOWED" && { allow: "POST" }),
    ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
  });
}

/** A fault of our own is told with its cause. */
function causeOf({ code, cause }: CodedError): { error?: string } {
  return code === "INTERNAL" && cause instanceof Error ? { error: cause.stack ?? cause.message } : {};
}
