import type { CodedError, ErrorCode } from "@weir/model";
import { type RpcStatus, rpcCodes } from "@weir/otlp";

const codes: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: rpcCodes.INVALID_ARGUMENT,
  UNAUTHENTICATED: rpcCodes.UNAUTHENTICATED,
  FORBIDDEN: rpcCodes.PERMISSION_DENIED,
  NOT_FOUND: rpcCodes.UNIMPLEMENTED,
  METHOD_NOT_ALLOWED: rpcCodes.UNIMPLEMENTED,
  UNSUPPORTED_MEDIA_TYPE: rpcCodes.UNIMPLEMENTED,
  // Without RetryInfo: a sender then does not try again.
  BODY_TOO_LARGE: rpcCodes.RESOURCE_EXHAUSTED,
  RATE_LIMITED: rpcCodes.RESOURCE_EXHAUSTED,
};

/** How an error is told over OTLP. What may be tried again carries the delay. */
export function rpcStatusOf(error: CodedError): RpcStatus {
  const isUnavailable = error.status === 503;
  const mayTryAgain = isUnavailable || error.code === "RATE_LIMITED";
  return {
    code: codes[error.code] ?? (isUnavailable ? rpcCodes.UNAVAILABLE : rpcCodes.INTERNAL),
    message: error.message,
    ...(mayTryAgain && { retryAfterMs: error.retryAfterMs ?? 1000 }),
  };
}
