import type { CallSummary } from "@weir/api/contract";

/** Why a figure of a call is unknown, in a sentence; shown where the figure would be. */
export function whyNoTtft(call: Pick<CallSummary, "is_stream" | "status" | "source">): string {
  if (call.source !== "gateway") return "The sender did not report a time to first token.";
  if (!call.is_stream) return "The answer was not streamed, so there is no first token to time.";
  if (call.status !== "ok") return "The call ended before its first token.";
  return "No content came in this stream.";
}

export function whyNoTokens(call: Pick<CallSummary, "usage_source" | "status" | "source">): string {
  if (call.status !== "ok") return "The call ended before the provider sent its usage.";
  return call.source === "gateway" ? "The provider's answer holds no usage." : "The sender did not report usage.";
}

export function whyNoCost(
  call: Pick<CallSummary, "input_tokens" | "status" | "usage_source" | "source" | "response_model" | "request_model">,
): string {
  if (call.input_tokens === null) return `Without usage there is no cost. ${whyNoTokens(call)}`;
  const model = call.response_model || call.request_model;
  return model === ""
    ? "The call names no model."
    : `The price table does not know ${model}, or not all of its counts.`;
}
