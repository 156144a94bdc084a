/** The fields of a row that its speeds are derived from. */
export interface TimedRow {
  readonly duration_ns: number;
  readonly ttft_ns: number | null;
  readonly input_tokens: number | null;
  /** Part of input_tokens. */
  readonly cache_read_tokens: number | null;
  readonly output_tokens: number | null;
}

/**
 * Tokens of the prompt that were processed, a second, until the first token came. Tokens that a cache held were not
 * processed: they do not count. Null when unknown, and when the cache held them all.
 */
export function prefillTokensPerSecond({ ttft_ns, input_tokens, cache_read_tokens }: TimedRow): number | null {
  if (input_tokens === null || ttft_ns === null || ttft_ns <= 0) return null;
  const processed = input_tokens - (cache_read_tokens ?? 0);
  return processed <= 0 ? null : processed / (ttft_ns / 1e9);
}

/**
 * Nanoseconds for each output token after the first: the time after the first token, divided among the rest. Null
 * when unknown, and when there was no more than one token.
 */
export function timePerOutputTokenNs({ duration_ns, ttft_ns, output_tokens }: TimedRow): number | null {
  if (output_tokens === null || output_tokens < 2 || ttft_ns === null || duration_ns <= ttft_ns) return null;
  return (duration_ns - ttft_ns) / (output_tokens - 1);
}

/** Output tokens a second after the first token came. Null when unknown. */
export function generationTokensPerSecond(row: TimedRow): number | null {
  const perTokenNs = timePerOutputTokenNs(row);
  return perTokenNs === null ? null : 1e9 / perTokenNs;
}
