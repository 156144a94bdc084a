import assert from "node:assert/strict";
import { test } from "node:test";
import { calcPrice } from "@pydantic/genai-prices";
import { explainCost } from "./cost-explanation.ts";
import { mediaPrices } from "./media-prices.ts";
import { type PriceQuestion, priceUsage } from "./price.ts";
import { type BilledDetails, billedDetails, type Usage, unknownUsage } from "./usage.ts";

const at = new Date("2026-10-01T12:00:00Z");
const tokens = { input_tokens: 1000, output_tokens: 100 };

type Counts = Partial<Usage> & BilledDetails;

function price(provider: string, model: string, counts: Counts, more: Partial<PriceQuestion> = {}) {
  const details = billedDetails((name) => counts[name]);
  return priceUsage({ provider, model, usage: { ...unknownUsage, ...counts, details }, at, ...more });
}

/** Provider, model, usage, nano-USD or null for what cannot be known; worked out by hand. */
const cases: readonly (readonly [string, string, Counts, number | null, string?])[] = [
  // Images by tokens.
  ["openai", "gpt-image-1", { ...tokens, input_image_tokens: 900 }, 100 * 5000 + 900 * 10_000 + 100 * 40_000],
  ["openai", "gpt-image-1.5", { ...tokens, output_image_tokens: 90 }, 1000 * 5000 + 10 * 10_000 + 90 * 32_000],
  [
    "gcp.gemini",
    "gemini-2.5-flash-image",
    { ...tokens, output_image_tokens: 90 },
    1000 * 300 + 10 * 2500 + 90 * 30_000,
  ],
  ["openai", "gpt-image-1", { ...tokens, input_image_tokens: 1001 }, null],
  // Images by the piece.
  ["openai", "dall-e-3", { output_images: 1 }, 120_000_000, "hd 1024x1792"],
  ["openai", "dall-e-2", { output_images: 3 }, 3 * 18_000_000, "standard 512x512"],
  ["openai", "dall-e-3", { output_images: 1 }, null, "auto 1024x1024"],
  ["openai", "dall-e-3", {}, null, "hd 1024x1792"],
  ["azure.ai.openai", "dall-e-3", { output_images: 1 }, null, "hd 1024x1792"],
  // Sound.
  [
    "openai",
    "gpt-4o-audio-preview",
    { ...tokens, input_audio_tokens: 400, output_audio_tokens: 60 },
    600 * 2500 + 400 * 40_000 + 40 * 10_000 + 60 * 80_000,
  ],
  ["openai", "gpt-4o-transcribe", { ...tokens, input_audio_tokens: 1000 }, 1000 * 6000 + 100 * 10_000],
  ["openai", "whisper-1", { audio_seconds: 60 }, 6_000_000],
  ["openai", "whisper-1", {}, null],
  ["groq", "whisper-large-v3", { audio_seconds: 3600 }, 111_000_000],
  ["groq", "whisper-large-v3", { audio_seconds: 9.5 }, null],
  ["openai", "tts-1", { input_characters: 4095 }, 61_425_000],
  ["openai", "tts-1-hd", { input_characters: 1000 }, 30_000_000],
  ["openai", "tts-1", {}, null],
  // Tools beside the tokens.
  ["anthropic", "claude-sonnet-4-5", { ...tokens, web_search_requests: 3 }, 1000 * 3000 + 100 * 15_000 + 30_000_000],
  [
    "openai",
    "gpt-5",
    { ...tokens, web_search_requests: 1, file_search_requests: 2 },
    2_250_000 + 10_000_000 + 5_000_000,
  ],
  ["openai", "gpt-5", { ...tokens, web_search_preview_requests: 1 }, null],
  ["openai", "gpt-5", { ...tokens, code_interpreter_requests: 1 }, null],
  ["openai", "gpt-5", { ...tokens, image_generation_requests: 1 }, null],
  ["anthropic", "claude-sonnet-4-5", { ...tokens, advisor_requests: 1 }, null],
  ["gcp.gemini", "gemini-2.5-flash", { ...tokens, web_search_requests: 2 }, 1000 * 300 + 100 * 2500],
  ["gcp.vertex_ai", "claude-sonnet-4@20250514", { ...tokens, web_search_requests: 2 }, null],
  ["x_ai", "grok-4", { ...tokens, web_search_requests: 1 }, null],
  ["perplexity", "sonar", { ...tokens, web_search_requests: 1 }, 1_100_000 + 12_000_000],
  // Cached images and sound.
  [
    "openai",
    "gpt-realtime",
    { ...tokens, cache_read_tokens: 500, input_image_tokens: 400, cached_image_tokens: 300, cached_audio_tokens: 0 },
    400 * 4000 + 100 * 5000 + 200 * 400 + 300 * 500 + 100 * 16_000,
  ],
  ["openai", "gpt-realtime", { ...tokens, cache_read_tokens: 500, input_image_tokens: 400 }, null],
];
for (const [provider, model, usage, nanoUsd, variant = ""] of cases) {
  test(`${provider} ${model} ${variant} ${JSON.stringify(usage)} costs ${nanoUsd}`, () => {
    const priced = price(provider, model, usage, { variant });
    assert.equal(priced?.cost_nano_usd ?? null, nanoUsd);
    if (priced === null) return;
    const details = Object.entries(usage).map(([name, count]) => [`usage.${name}`, String(count)]);
    const row = { ...unknownUsage, ...usage, ...priced, attributes: Object.fromEntries(details) };
    assert.equal(explainCost(row).state, "explained");
  });
}

test("a tier of tokens does not make searches cheaper", () => {
  const usage = { ...tokens, web_search_requests: 1 };
  const batch = price("anthropic", "claude-sonnet-4-5", usage, { serviceTier: "batch" });
  assert.equal(batch?.cost_nano_usd, 2_250_000 + 10_000_000);
});

test("every row names its source and when it was reviewed, and no row stands twice", () => {
  for (const { source, reviewed } of mediaPrices) {
    assert.match(source, /^https:\/\//);
    assert.match(reviewed, /^\d{4}-\d{2}-\d{2}$/);
  }
  const names = mediaPrices.flatMap(({ provider, models, variant }) =>
    models.map((m) => `${provider} ${m} ${variant}`),
  );
  assert.deepEqual([...new Set(names)], names);
});

test("no row stands for what the price table knows by itself", () => {
  for (const { provider, models, rates } of mediaPrices) {
    for (const model of models) {
      const listed = calcPrice({}, model, { providerId: provider, timestamp: at })?.model_price ?? {};
      const known = Object.keys(rates).filter((name) => Object.hasOwn(listed, name));
      assert.ok(known.length < Object.keys(rates).length, model);
    }
  }
});
