import type { CallDetail } from "@weir/api/contract";

export interface UsageClass {
  readonly name: string;
  readonly count: number;
  readonly colour: string;
}

type Counts = Pick<
  CallDetail,
  | "input_tokens"
  | "output_tokens"
  | "cache_read_tokens"
  | "cache_write_tokens"
  | "reasoning_tokens"
  | "input_audio_tokens"
  | "output_audio_tokens"
>;

/** Cuts a total into its known parts and the rest. Parts that overlap (cached audio) never make the rest negative. */
function split(
  total: number | null,
  rest: UsageClass,
  parts: readonly (Omit<UsageClass, "count"> & { count: number | null })[],
): UsageClass[] {
  if (total === null) return [];
  const known = parts.map((part) => ({ ...part, count: part.count ?? 0 }));
  const left = Math.max(0, total - known.reduce((sum, { count }) => sum + count, 0));
  return [{ ...rest, count: left }, ...known].filter(({ count }) => count > 0);
}

export function inputClasses(counts: Counts): UsageClass[] {
  return split(counts.input_tokens, { name: "Uncached", count: 0, colour: "var(--series-1)" }, [
    { name: "Cached read", count: counts.cache_read_tokens, colour: "var(--series-3)" },
    { name: "Cache write", count: counts.cache_write_tokens, colour: "var(--series-2)" },
    { name: "Audio", count: counts.input_audio_tokens, colour: "var(--series-4)" },
  ]);
}

export function outputClasses(counts: Counts): UsageClass[] {
  return split(counts.output_tokens, { name: "Text", count: 0, colour: "var(--generation)" }, [
    { name: "Reasoning", count: counts.reasoning_tokens, colour: "var(--series-5)" },
    { name: "Audio", count: counts.output_audio_tokens, colour: "var(--series-4)" },
  ]);
}
