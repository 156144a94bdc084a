import assert from "node:assert/strict";
import { test } from "node:test";
import { calcPrice } from "@pydantic/genai-prices";
import { explainCost } from "./cost-explanation.ts";
import { type PriceQuestion, priceUsage } from "./price.ts";
import type { PriceOverrides } from "./price-overrides.ts";
import { halvedTiers, serviceTierPrices } from "./service-tier-prices.ts";
import { type Usage, unknownUsage } from "./usage.ts";

const at = new Date("2026-10-01T12:00:00Z");
const used = { input_tokens: 1000, output_tokens: 100, cache_read_tokens: 400 };

function price(provider: string, model: string, usage: Partial<Usage>, more: Partial<PriceQuestion> = {}) {
  return priceUsage({ provider, model, usage: { ...unknownUsage, ...usage }, at, ...more });
}

/** Provider, model, tier, usage, nano-USD; worked out by hand from OpenAI's and Anthropic's price lists. */
const tiers: readonly (readonly [string, string, string, Partial<Usage>, number | null])[] = [
  ["openai", "gpt-5", "default", used, 600 * 1250 + 400 * 125 + 100 * 10_000],
  ["openai", "gpt-5-2025-08-07", "flex", used, 600 * 625 + 400 * 62.5 + 100 * 5000],
  ["openai", "gpt-5", "priority", used, 600 * 2500 + 400 * 250 + 100 * 20_000],
  ["openai", "gpt-4o", "batch", used, 1000 * 1250 + 100 * 5000],
  ["openai", "gpt-4o-2024-05-13", "priority", used, 1000 * 8750 + 100 * 26_250],
  ["openai", "text-embedding-3-small", "batch", { input_tokens: 1000, output_tokens: 0 }, 10_000],
  ["openai", "gpt-4o", "auto", { input_tokens: 1000, output_tokens: 0 }, 2_500_000],
  ["openai", "gpt-4o", "scale", used, null],
  ["openai", "gpt-4o", "flex", used, null],
  ["azure.ai.openai", "gpt-4o", "batch", used, null],
  ["anthropic", "claude-sonnet-4-5", "standard", { input_tokens: 1000, output_tokens: 10 }, 3_150_000],
  ["anthropic", "claude-sonnet-4-5", "batch", { input_tokens: 1000, output_tokens: 10 }, 1_575_000],
  [
    "anthropic",
    "claude-sonnet-4-5",
    "batch",
    { input_tokens: 1000, output_tokens: 0, cache_write_tokens: 600, cache_write_1h_tokens: 100 },
    400 * 1500 + 500 * 1875 + 100 * 3000,
  ],
  ["anthropic", "claude-sonnet-4-5", "priority", used, null],
];
for (const [provider, model, serviceTier, usage, nanoUsd] of tiers) {
  test(`${provider} ${model} in tier ${serviceTier} costs ${nanoUsd}`, () => {
    assert.equal(price(provider, model, usage, { serviceTier })?.cost_nano_usd ?? null, nanoUsd);
  });
}

test("a tier's price says whose it is, and its rates explain it", () => {
  const priced = price("openai", "gpt-5", used, { serviceTier: "flex" });
  assert.equal(priced?.price_source, "weir-tiers");
  assert.equal(priced?.price_version, "weir-tiers 2026-11-21");
  assert.equal(explainCost({ ...unknownUsage, ...used, ...priced } as never).state, "explained");
});

test("every row names its source and when it was reviewed, and no row stands twice", () => {
  for (const { source, reviewed } of [...serviceTierPrices, ...halvedTiers]) {
    assert.match(source, /^https:\/\//);
    assert.match(reviewed, /^\d{4}-\d{2}-\d{2}$/);
  }
  const names = serviceTierPrices.map(({ provider, model, tier }) => `${provider} ${model} ${tier}`);
  assert.deepEqual([...new Set(names)], names);
});

test("batch and flex are cheaper than the standard price, priority is dearer", () => {
  for (const { provider, model, tier, rates } of serviceTierPrices) {
    const standard = calcPrice({ input_tokens: 1_000_000 }, model, { providerId: provider, timestamp: at })
      ?.model_price["input_mtok"];
    assert.equal(typeof standard, "number", `${model} has no standard price`);
    const ratio = (rates.input_mtok ?? 0) / (standard as number);
    assert.ok(tier === "priority" ? ratio > 1.5 && ratio <= 2 : ratio === 0.5, `${model} ${tier}: ${ratio}`);
  }
});

const overrides: PriceOverrides = {
  version: "2026-11-01",
  rows: [
    { provider: "openai", model: "gpt-4o", rates: { input_mtok: 1, output_mtok: 2 }, from: new Date("2026-09-01") },
    { model: "house-model", rates: { input_mtok: 0, output_mtok: 0 } },
    { model: "gpt-5", serviceTier: "priority", rates: { input_mtok: 3, output_mtok: 3 } },
  ],
};
const overridden: readonly (readonly [
  string,
  string,
  Partial<PriceQuestion>,
  number | undefined,
  string | undefined,
])[] = [
  ["openai", "gpt-4o", {}, 1_200_000, "override"],
  ["openai", "gpt-4o", { at: new Date("2026-08-31") }, 3_000_000, "genai-prices"],
  ["azure.ai.openai", "gpt-4o", {}, 3_000_000, "genai-prices"],
  ["vllm", "house-model", {}, 0, "override"],
  ["openai", "gpt-5", { serviceTier: "priority" }, 3_300_000, "override"],
  ["openai", "gpt-5", {}, 1_800_000, "genai-prices"],
];
for (const [provider, model, more, nanoUsd, source] of overridden) {
  test(`with overrides, ${provider} ${model} ${JSON.stringify(more)} costs ${nanoUsd} by ${source}`, () => {
    const priced = price(provider, model, used, { overrides, ...more });
    assert.deepEqual([priced?.cost_nano_usd, priced?.price_source], [nanoUsd, source]);
    if (source === "override") assert.equal(priced?.price_version, "2026-11-01");
  });
}

test("an override with an unknown count has no price either", () => {
  assert.equal(price("openai", "gpt-4o", { input_tokens: 5 }, { overrides }), null);
});
