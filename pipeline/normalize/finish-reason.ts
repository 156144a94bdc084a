import { ownValue } from "@weir/model";

/** What providers and SDKs say → OpenTelemetry's words, which the gateway writes too. */
const words: Readonly<Record<string, string>> = {
  completed: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  eos: "stop",
  eos_token: "stop",
  end: "stop",
  complete: "stop",
  tool_calls: "tool_call",
  tool_use: "tool_call",
  function_call: "tool_call",
  malformed_function_call: "error",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "length",
  model_context_window_exceeded: "length",
  refusal: "content_filter",
  safety: "content_filter",
  recitation: "content_filter",
  content_filtered: "content_filter",
  guardrail_intervened: "content_filter",
  failed: "error",
};

/** The house's word for why an answer ended; a word that nobody knows stays, in lower case with underscores. */
export function finishReason(text: string): string {
  const word = text
    .trim()
    .replace(/^FinishReason\./i, "")
    .toLowerCase()
    .replaceAll("-", "_");
  if (word === "none" || word === "null" || word === "unknown") return "";
  return ownValue(words, word) ?? word;
}
