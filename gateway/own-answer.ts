import { STATUS_CODES } from "node:http";
import type { CodedError } from "@weir/model";
import type { Exchange } from "./http1/exchange.ts";
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

const googleStatuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function errorBody(error: CodedError, shape: ShapeId): unknown {
  const { code, message, retryable, status } = error;
  if (shape === "anthropic") {
    return { type: "error", error: { type: anthropicTypes[status] ?? "api_error", message, code, retryable } };
  }
  if (shape === "gemini") {
    return {
      error: { code: status, message, status: googleStatuses[status] ?? "INTERNAL", weir_code: code, retryable },
    };
  }
  if (shape === "cohere" || shape === "bedrock") return { message, code, retryable };
  if (shape === "ollama") return { error: message, code, retryable };
  return { error: { message, type: openaiTypes[status] ?? "api_error", param: null, code, retryable } };
}

/** Answers with an error of the gateway's own, in the words that the client's SDK reads. */
export function answerError(exchange: Exchange, error: CodedError, shape: ShapeId, callId?: string): void {
  if (exchange.isHeadWritten || exchange.isClosed) return;
  const headers = ["content-type", "application/json", "x-weir-error", error.code];
  if (callId !== undefined) headers.push("x-weir-call-id", callId);
  if (error.retryAfterMs !== undefined) headers.push("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  // An upload that nobody will read must not stand before the next request on this connection.
  if (!exchange.isRequestWhole) exchange.keepsAlive = false;
  exchange.answer(error.status, STATUS_CODES[error.status] ?? "", headers, jsonOf(error, shape));
}

/** The JSON of an error, as `answerError` sends it. */
export function jsonOf(error: CodedError, shape: ShapeId): Buffer {
  return Buffer.from(JSON.stringify(errorBody(error, shape)));
}
