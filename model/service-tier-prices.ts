import type { Rates } from "./cost-explanation.ts";

/**
 * Prices of service tiers, which the price table lacks. A row is reviewed by hand against its source; a tier of a model
 * without a row has no price. Rates are USD a million tokens; a detail without a rate is billed as part of its parent.
 */
export interface ServiceTierPrice {
  /** Ids of the price table. */
  readonly provider: string;
  /** The model's name, or its beginning before a date (`gpt-4o-2024-08-06`). */
  readonly model: string;
  readonly tier: ServiceTier;
  readonly rates: Rates;
  readonly source: string;
  /** When the row was compared with its source. */
  readonly reviewed: string;
}

export type ServiceTier = "batch" | "flex" | "priority";

/** The set of rows in use, stored with each price that came from it. */
export const serviceTierVersion = "weir-tiers 2026-11-21";

/** A tier that halves every rate of the standard price, cached reads and writes among them. */
export interface HalvedTier {
  readonly provider: string;
  readonly tier: ServiceTier;
  readonly source: string;
  readonly reviewed: string;
}

/** Anthropic's discounts of batches and caches stack, for all of its models. */
export const halvedTiers: readonly HalvedTier[] = [
  {
    provider: "anthropic",
    tier: "batch",
    source: "https://docs.claude.com/en/docs/build-with-claude/batch-processing",
    reviewed: "2026-11-21",
  },
];

const openaiPricing = "https://platform.openai.com/docs/pricing";

function openai(
  tier: ServiceTier,
  model: string,
  input: number,
  cached: number | undefined,
  output?: number,
): ServiceTierPrice {
  const rates: Rates = {
    input_mtok: input,
    ...(cached !== undefined && { cache_read_mtok: cached }),
    ...(output !== undefined && { output_mtok: output }),
  };
  return { provider: "openai", model, tier, rates, source: openaiPricing, reviewed: "2026-11-21" };
}

/** OpenAI's own table, as of a copy of the page from November 2025 with GPT-5.1 in it; where it lists no cached rate, cached input costs what input does. */
export const serviceTierPrices: readonly ServiceTierPrice[] = [
  openai("batch", "gpt-5.1", 0.625, 0.0625, 5),
  openai("batch", "gpt-5", 0.625, 0.0625, 5),
  openai("batch", "gpt-5-mini", 0.125, 0.0125, 1),
  openai("batch", "gpt-5-nano", 0.025, 0.0025, 0.2),
  openai("batch", "gpt-4.1", 1, undefined, 4),
  openai("batch", "gpt-4.1-mini", 0.2, undefined, 0.8),
  openai("batch", "gpt-4.1-nano", 0.05, undefined, 0.2),
  openai("batch", "gpt-4o", 1.25, undefined, 5),
  openai("batch", "gpt-4o-2024-05-13", 2.5, undefined, 7.5),
  openai("batch", "gpt-4o-mini", 0.075, undefined, 0.3),
  openai("batch", "o3", 1, undefined, 4),
  openai("batch", "o4-mini", 0.55, undefined, 2.2),
  openai("batch", "o3-mini", 0.55, undefined, 2.2),
  openai("batch", "text-embedding-3-small", 0.01, undefined),
  openai("batch", "text-embedding-3-large", 0.065, undefined),
  openai("batch", "text-embedding-ada-002", 0.05, undefined),
  openai("flex", "gpt-5.1", 0.625, 0.0625, 5),
  openai("flex", "gpt-5", 0.625, 0.0625, 5),
  openai("flex", "gpt-5-mini", 0.125, 0.0125, 1),
  openai("flex", "gpt-5-nano", 0.025, 0.0025, 0.2),
  openai("flex", "o3", 1, 0.25, 4),
  openai("flex", "o4-mini", 0.55, 0.138, 2.2),
  openai("priority", "gpt-5.1", 2.5, 0.25, 20),
  openai("priority", "gpt-5.1-codex", 2.5, 0.25, 20),
  openai("priority", "gpt-5-codex", 2.5, 0.25, 20),
  openai("priority", "gpt-5", 2.5, 0.25, 20),
  openai("priority", "gpt-5-mini", 0.45, 0.045, 3.6),
  openai("priority", "gpt-4.1", 3.5, 0.875, 14),
  openai("priority", "gpt-4.1-mini", 0.7, 0.175, 2.8),
  openai("priority", "gpt-4.1-nano", 0.2, 0.05, 0.8),
  openai("priority", "gpt-4o", 4.25, 2.125, 17),
  openai("priority", "gpt-4o-2024-05-13", 8.75, undefined, 26.25),
  openai("priority", "gpt-4o-mini", 0.25, 0.125, 1),
  openai("priority", "o3", 3.5, 0.875, 14),
  openai("priority", "o4-mini", 2, 0.5, 8),
];

/** Words of a tier at the standard price: OpenAI's, Anthropic's, and none at all. */
const standardWords = new Set(["", "default", "standard", "auto", "standard_only", "on_demand"]);

/** The tier that a provider's word names: undefined for the standard one, null for one that is not known. */
export function serviceTier(word: string): ServiceTier | null | undefined {
  const tier = word.toLowerCase();
  if (standardWords.has(tier)) return undefined;
  return tier === "batch" || tier === "flex" || tier === "priority" ? tier : null;
}

/** The row of a tier's price, for a model or a dated version of it. */
export function tierRow(provider: string, model: string, tier: ServiceTier): ServiceTierPrice | undefined {
  const name = model.toLowerCase();
  const undated = name.replace(/-\d{4}-\d{2}-\d{2}$/, "");
  const rows = serviceTierPrices.filter((row) => row.provider === provider && row.tier === tier);
  return rows.find((row) => row.model === name) ?? rows.find((row) => row.model === undated);
}

/** Whether a tier of a provider costs half of the standard price throughout. */
export function isHalved(provider: string, tier: ServiceTier): boolean {
  return halvedTiers.some((row) => row.provider === provider && row.tier === tier);
}
