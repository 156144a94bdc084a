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

/**
 * Counts that some prices need and that have no column: rows keep them as attributes `usage.<name>`. Tokens are subsets
 * of the usage's own; `cached_…` of those that were read from the cache.
 */
export const billedDetailNames = [
  "cached_audio_tokens",
  "cached_image_tokens",
  "input_image_tokens",
  "input_video_tokens",
  "output_image_tokens",
  "web_search_requests",
  "web_search_preview_requests",
  "file_search_requests",
  "code_interpreter_requests",
  "image_generation_requests",
  "advisor_requests",
  "audio_seconds",
  "input_characters",
  "output_images",
] as const;
export type BilledDetail = (typeof billedDetailNames)[number];

/** What is absent was not told. */
export type BilledDetails = { readonly [Name in BilledDetail]?: number };

/** A usage with what only its price depends on. */
export interface BilledUsage extends Usage {
  readonly details?: BilledDetails | undefined;
}

/** The details that are told, by a look-up of their names; undefined when none is. */
export function billedDetails(countOf: (name: BilledDetail) => number | undefined): BilledDetails | undefined {
  let found: { [Name in BilledDetail]?: number } | undefined;
  for (const name of billedDetailNames) {
    const count = countOf(name);
    if (count === undefined) continue;
    found ??= {};
    found[name] = count;
  }
  return found;
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
