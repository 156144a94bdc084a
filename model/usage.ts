/**
 * Tokens of one call. Input counts include cached reads and cache writes, output counts include reasoning (the rule
 * of OpenTelemetry's GenAI conventions); every detail is a subset of its parent. `null` is unknown, never zero.
 */
export interface Usage {
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  /** All cache writes; `cache_write_1h_tokens` is the part with the one-hour lifetime. */
  cache_write_tokens: number | null;
  cache_write_1h_tokens: number | null;
  reasoning_tokens: number | null;
  input_audio_tokens: number | null;
  output_audio_tokens: number | null;
}

/** A usage with what only its price depends on. */
export interface BilledUsage extends Usage {
  /** How much of `cache_read_tokens` is audio, where the provider says so. */
  readonly cache_read_audio_tokens?: number | null;
}

export const unknownUsage: Readonly<Usage> = Object.freeze({
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  cache_write_1h_tokens: null,
  reasoning_tokens: null,
  input_audio_tokens: null,
  output_audio_tokens: null,
});

/** Where the token counts came from: the provider's answer, our own estimate, the sender of the span, or nowhere. */
export type UsageSource = "provider" | "estimated" | "reported" | "none";
