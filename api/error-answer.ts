import { asCodedError, CodedError, type ErrorBody, type Telemetry } from "@weir/model";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { requestFailed, storageRefused } from "./events.ts";

/** Answers any error as an ErrorBody: its code, what to do about it, never a stack, SQL or a secret. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, telemetry: Telemetry): void {
  if (reply.raw.destroyed) {
    // Nobody is there to be told.
    reply.hijack();
    return;
  }
  const coded = error instanceof CodedError ? error : fromFastify(error as FastifyError);
  if (coded.status >= 500) report(coded, request, telemetry);
  if (coded.retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(coded.retryAfterMs / 1000));
  // Fastify closes the connection after a bad body. The gateway, which is on the other side, would meet a closed socket
  // while it still sends, and never see this answer; Node reads and drops what is left of a body.
  reply.removeHeader("connection");
  if (coded.status === 401) reply.header("www-authenticate", "Bearer");
  reply.code(coded.status).header("cache-control", "no-store").send(bodyOf(coded, request.id));
}

export function bodyOf(error: CodedError, requestId: string): ErrorBody & { error: { request_id: string } } {
  const { code, message, retryable, details } = error;
  return { error: { code, message, retryable, request_id: requestId, ...(details !== undefined && { details }) } };
}

/** ClickHouse's own words repeat the values of a query, which may be prompt text: they are not logged. */
function report(error: CodedError, request: FastifyRequest, telemetry: Telemetry): void {
  const isOurs = error.code === "INTERNAL";
  const cause = isOurs && error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : "";
  telemetry.emit(isOurs ? requestFailed : storageRefused, {
    code: error.code,
    request_id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? "",
    error: `${error.message} ${cause}`.trim(),
  });
}

/** Fastify's own refusals, by its codes. */
function fromFastify(error: FastifyError): CodedError {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new CodedError("BODY_TOO_LARGE", "The body is over the limit.");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new CodedError("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.");
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new CodedError(
        "BAD_REQUEST",
        "The path cannot be read: it is not well encoded, or a part of it is too long.",
      );
    default:
      if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
        return new CodedError("BAD_REQUEST", "The request cannot be read; its body must be valid JSON.", {
          cause: error,
        });
      }
      return asCodedError(error);
  }
}
