import { ownValue } from "@weir/model";

/** By the provider's word in lower case. */
const finishReasons: Readonly<Record<string, string>> = {
  stop: "stop",
  completed: "stop",
  complete: "stop",
  finish: "stop",
  finished: "stop",
  endoftext: "stop",
  stop_criteria_met: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  eos: "stop",
  eos_token: "stop",
  tool_calls: "tool_call",
  tool_use: "tool_call",
  function_call: "tool_call",
  tool_call: "tool_call",
  requires_action: "tool_call",
  max_tokens: "length",
  max_output_tokens: "length",
  model_context_window_exceeded: "length",
  error_limit: "length",
  refusal: "content_filter",
  content_filtered: "content_filter",
  guardrail_intervened: "content_filter",
  error_toxic: "content_filter",
  safety: "content_filter",
  recitation: "content_filter",
  blocklist: "content_filter",
  prohibited_content: "content_filter",
  spii: "content_filter",
  image_safety: "content_filter",
  image_prohibited_content: "content_filter",
  image_recitation: "content_filter",
  failed: "error",
};

/** A finish reason in OpenTelemetry's words. What is not known stays as the provider said it. */
export function finishReason(word: string): string {
  return ownValue(finishReasons, word.toLowerCase()) ?? word;
}
