import type { ServerResponse } from "node:http";
import type { CodedError } from "@weir/model";
import type { ShapeId } from "./providers/index.ts";

/** Names that the SDKs of a shape know, by our status. */
const openaiTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  429: "rate_limit_error",
};
const anthropicTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
};

function errorBody(error: CodedError, shape: ShapeId): unknown {
  const { code, message, retryable } = error;
  if (shape === "anthropic") {
    return { type: "error", error: { type: anthropicTypes[error.status] ?? "api_error", message, code, retryable } };
  }
  return { error: { message, type: openaiTypes[error.status] ?? "api_error", param: null, code, retryable } };
}

/** Answers with an error of the gateway's own, in the words that the client's SDK reads. */
export function answerError(res: ServerResponse, error: CodedError, shape: ShapeId, callId?: string): void {
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(JSON.stringify(errorBody(error, shape)));
  const headers = [
    "content-type",
    "application/json",
    "content-length",
    String(body.length),
    "x-weir-error",
    error.code,
  ];
  if (callId !== undefined) headers.push("x-weir-call-id", callId);
  if (error.retryAfterMs !== undefined) headers.push("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  // An upload that nobody will read must not stand before the next request on this connection.
  if (!res.req.complete) headers.push("connection", "close");
  res.writeHead(error.status, headers);
  res.end(body);
  res.req.resume();
}
