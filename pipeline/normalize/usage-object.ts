import type { Usage } from "@weir/model";
import { countOf, isValueObject, objectOf, type ValueObject } from "./attribute-value.ts";

/** The counts of a usage object of any API or SDK, as far as it tells them. */
export type UsageParts = { -readonly [Name in keyof Usage]?: number };

export interface ReadUsage {
  readonly parts: UsageParts;
  /** True when the words that were used leave cached tokens out of the input: Langfuse's own. */
  readonly leavesCacheOut: boolean;
}

/** Canonical count ← where usage objects keep it, the first that is a count wins. A dot leads into an object. */
const places: Readonly<Record<keyof Usage, readonly string[]>> = {
  input_tokens: ["input_tokens", "prompt_tokens", "input", "promptTokens", "inputTokens", "prompt_token_count"],
  output_tokens: [
    "output_tokens",
    "completion_tokens",
    "output",
    "completionTokens",
    "outputTokens",
    "candidates_token_count",
  ],
  cache_read_tokens: [
    "cache_read_input_tokens",
    "input_cached_tokens",
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "input_token_details.cache_read",
    "cached_tokens",
  ],
  cache_write_tokens: [
    "cache_creation_input_tokens",
    "input_cache_creation",
    "prompt_tokens_details.cache_write_tokens",
    "input_token_details.cache_creation",
  ],
  cache_write_1h_tokens: ["cache_creation.ephemeral_1h_input_tokens"],
  reasoning_tokens: [
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "output_token_details.reasoning",
    "output_reasoning_tokens",
    "reasoning_tokens",
  ],
  input_audio_tokens: ["prompt_tokens_details.audio_tokens", "input_token_details.audio", "input_audio_tokens"],
  output_audio_tokens: ["completion_tokens_details.audio_tokens", "output_token_details.audio", "output_audio_tokens"],
};

/** Reads a usage object; undefined when there is no count in it. */
export function readUsageObject(value: unknown): ReadUsage | undefined {
  if (value === undefined) return undefined;
  const usage = objectOf(value);
  const parts: UsageParts = {};
  for (const [name, paths] of Object.entries(places) as [keyof Usage, readonly string[]][]) {
    const count = firstCount(usage, paths);
    if (count !== undefined) parts[name] = count;
  }
  if (Object.keys(parts).length === 0) return undefined;
  return { parts, leavesCacheOut: "input" in usage };
}

function firstCount(usage: ValueObject, paths: readonly string[]): number | undefined {
  for (const path of paths) {
    const [outer = "", inner] = path.split(".");
    const held = usage[outer];
    const count = countOf(inner === undefined ? held : isValueObject(held) ? held[inner] : usage[path]);
    if (count !== undefined) return count;
  }
  return undefined;
}
