import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { calcPrice } from "@pydantic/genai-prices";
import fc from "fast-check";
import { costLines, explainCost } from "./cost-explanation.ts";
import { priceUsage, priceVersion } from "./price.ts";
import { type Usage, unknownUsage } from "./usage.ts";

const at = new Date("2026-10-01T12:00:00Z");
const usageOf = (known: Partial<Usage>): Usage => ({ ...unknownUsage, ...known });

/** Prices checked by hand against the providers' price lists: provider, model, usage, nano-USD. */
const priced: readonly (readonly [string, string, Partial<Usage>, number])[] = [
  ["openai", "gpt-4o", { input_tokens: 1000, output_tokens: 100 }, 3_500_000],
  ["openai", "gpt-4o", { input_tokens: 1000, output_tokens: 100, cache_read_tokens: 400 }, 3_000_000],
  ["OpenAI", "gpt-4o-mini-2024-07-18", { input_tokens: 10, output_tokens: 0 }, 1500],
  ["openai", "text-embedding-3-small", { input_tokens: 50 }, 1000],
  ["openai", "ft:gpt-4o-mini-2024-07-18:org::id", { input_tokens: 1000, output_tokens: 0 }, 300_000],
  ["azure.ai.openai", "gpt-4o", { input_tokens: 1000, output_tokens: 100 }, 3_500_000],
  ["anthropic", "claude-3-7-sonnet-20250219", { input_tokens: 100, output_tokens: 10 }, 450_000],
  [
    "anthropic",
    "claude-sonnet-4-5",
    {
      input_tokens: 1000,
      output_tokens: 0,
      cache_read_tokens: 500,
      cache_write_tokens: 300,
      cache_write_1h_tokens: 100,
    },
    200 * 3000 + 500 * 300 + 200 * 3750 + 100 * 6000,
  ],
  ["anthropic", "claude-sonnet-4-5", { input_tokens: 200_001, output_tokens: 1 }, 200_001 * 6000 + 22_500],
  ["huggingface", "deepseek-ai/DeepSeek-R1-0528:nebius", { input_tokens: 1000, output_tokens: 1000 }, 3_200_000],
  ["aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", { input_tokens: 10, output_tokens: 10 }, 180_000],
  [
    "bedrock",
    "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
    { input_tokens: 10, output_tokens: 10 },
    180_000,
  ],
  ["gcp.gemini", "models/gemini-2.5-pro", { input_tokens: 10, output_tokens: 10 }, 112_500],
  ["gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", { input_tokens: 10, output_tokens: 10 }, 112_500],
  ["gcp.vertex_ai", "google/gemini-2.5-pro", { input_tokens: 10, output_tokens: 10 }, 112_500],
  ["fireworks", "accounts/fireworks/models/deepseek-v3p2", { input_tokens: 1000, output_tokens: 0 }, 560_000],
  ["gcp.vertex_ai", "claude-sonnet-4@20250514", { input_tokens: 10, output_tokens: 10 }, 180_000],
  ["openrouter", "deepseek/deepseek-chat:free", { input_tokens: 10, output_tokens: 10 }, 0],
  ["perplexity", "sonar", { input_tokens: 1000, output_tokens: 0 }, 1_000_000 + 12_000_000],
];
for (const [provider, model, usage, nanoUsd] of priced) {
  test(`${provider} ${model} ${JSON.stringify(usage)} costs ${nanoUsd}`, () => {
    assert.equal(priceUsage({ provider, model, usage: usageOf(usage), at })?.cost_nano_usd, nanoUsd);
  });
}

const both = { input_tokens: 10, output_tokens: 10 };
const unpriced: readonly (readonly [string, string, string, Partial<Usage>])[] = [
  ["an unknown model", "openai", "gpt-99-nobody", both],
  ["an unknown provider", "my-openai-proxy", "gpt-4o", both],
  ["a provider named like what every object has", "constructor", "gpt-4o", both],
  ["a model named like that", "openai", "__proto__", both],
  ["a model served at home", "ollama", "llama3.2", both],
  ["another one", "vllm", "meta-llama/Llama-3.3-70B-Instruct", both],
  ["an empty model", "openai", "", both],
  ["whom Hugging Face asks is not told", "huggingface", "deepseek-ai/DeepSeek-R1-0528", both],
  ["nor is it here", "huggingface", "deepseek-ai/DeepSeek-R1-0528:fastest", both],
  ["a table entry without any rate", "github-copilot", "gpt-4o", both],
  ["a model that is billed by the hour", "openai", "whisper-1", both],
  ["an unknown input count", "openai", "gpt-4o", { output_tokens: 10 }],
  ["an unknown output count", "openai", "gpt-4o", { input_tokens: 10 }],
  ["more cached than input", "openai", "gpt-4o", { ...both, cache_read_tokens: 11 }],
  [
    "reads and writes over the input",
    "anthropic",
    "claude-sonnet-4-5",
    { ...both, cache_read_tokens: 6, cache_write_tokens: 6 },
  ],
  [
    "more 1h writes than writes",
    "anthropic",
    "claude-sonnet-4-5",
    { ...both, cache_write_tokens: 1, cache_write_1h_tokens: 2 },
  ],
  ["output of a model without an output rate", "openai", "text-embedding-3-small", both],
];
for (const [what, provider, model, usage] of unpriced) {
  test(`${what} has no price`, () => assert.equal(priceUsage({ provider, model, usage: usageOf(usage), at }), null));
}

test("an invalid date has no price where prices depend on time, and does not throw", () => {
  const price = priceUsage({
    provider: "deepseek",
    model: "deepseek-chat",
    usage: usageOf(both),
    at: new Date(Number.NaN),
  });
  assert.equal(price, null);
});

test("a price follows the time of the call", () => {
  const costAt = (time: string) =>
    priceUsage({
      provider: "openai",
      model: "o3",
      usage: usageOf({ input_tokens: 1000, output_tokens: 0 }),
      at: new Date(time),
    });
  assert.equal(costAt("2025-06-09T23:59:59Z")?.cost_nano_usd, 10_000_000);
  assert.equal(costAt("2025-06-10T00:00:00Z")?.cost_nano_usd, 2_000_000);
  assert.equal(costAt("2025-06-09T23:59:59Z")?.cost_nano_usd, 10_000_000);
});

test("audio is priced apart", () => {
  const usage = usageOf({ input_tokens: 100, input_audio_tokens: 60, output_tokens: 50, output_audio_tokens: 40 });
  const price = priceUsage({ provider: "openai", model: "gpt-audio", usage, at });
  const oracle = calcPrice(
    { input_tokens: 100, input_audio_tokens: 60, output_tokens: 50, output_audio_tokens: 40 },
    "gpt-audio",
    { providerId: "openai", timestamp: at },
  );
  assert.equal(price?.cost_nano_usd, Math.round((oracle?.total_price ?? 0) * 1e9));
});

const models = [
  ["openai", "gpt-4o"],
  ["openai", "gpt-5"],
  ["anthropic", "claude-sonnet-4-5"],
  ["anthropic", "claude-opus-4-1"],
  ["google", "gemini-2.5-pro"],
  ["google", "gemini-2.0-flash"],
  ["deepseek", "deepseek-chat"],
  ["x-ai", "grok-4"],
  ["openrouter", "perplexity/sonar-deep-research"],
] as const;
const count = fc.oneof(fc.constant(null), fc.nat({ max: 500_000 }));

test("agrees with the price table's own arithmetic, and its classes add up", () => {
  const usages = fc.record({
    input_tokens: fc.nat({ max: 1_000_000 }),
    output_tokens: fc.nat({ max: 100_000 }),
    cache_read_tokens: count,
    cache_write_tokens: count,
    cache_write_1h_tokens: count,
    reasoning_tokens: count,
  });
  const times = fc.date({ min: new Date("2024-01-01"), max: new Date("2027-06-01"), noInvalidDate: true });
  fc.assert(
    fc.property(fc.constantFrom(...models), usages, times, ([provider, model], known, time) => {
      const usage = usageOf(known);
      const price = priceUsage({ provider, model, usage, at: time });
      const oracle = tablePrice(provider, model, known, time);
      assert.equal(price === null, oracle === null);
      if (price === null || oracle === null) return;
      assert.ok(Math.abs(price.cost_nano_usd - oracle * 1e9) <= 4, `${price.cost_nano_usd} ≠ ${oracle}`);
      const classes =
        price.cost_input_nano_usd +
        price.cost_output_nano_usd +
        price.cost_cache_read_nano_usd +
        price.cost_cache_write_nano_usd;
      assert.equal(classes, price.cost_nano_usd);
      const explained = explainCost({ ...usage, ...price });
      assert.equal(explained.state, "explained");
    }),
    { numRuns: 2000 },
  );
});

function tablePrice(providerId: string, model: string, known: Partial<Usage>, timestamp: Date): number | null {
  const { reasoning_tokens: output_reasoning_tokens, ...rest } = known;
  const usage = Object.fromEntries(
    Object.entries({ ...rest, output_reasoning_tokens }).filter(([, value]) => value !== null),
  );
  try {
    return calcPrice(usage as Record<string, number>, model, { providerId, timestamp })?.total_price ?? null;
  } catch {
    return null;
  }
}

test("a cost is explained line by line, with what the cache saved", () => {
  const usage = usageOf({ input_tokens: 1000, output_tokens: 100, cache_read_tokens: 400 });
  const price = priceUsage({ provider: "openai", model: "gpt-4o", usage, at });
  assert.ok(price);
  const explained = explainCost({ ...usage, ...price });
  assert.deepEqual(
    explained.lines.map((line) => [line.rate, line.count, line.rate_usd, line.amount_nano_usd]),
    [
      ["input_mtok", 600, 2.5, 1_500_000],
      ["cache_read_mtok", 400, 1.25, 500_000],
      ["output_mtok", 100, 10, 1_000_000],
    ],
  );
  assert.equal(explained.cache_saved_nano_usd, 500_000);
});

test("a cache that is only written to saves less than nothing", () => {
  const usage = usageOf({ input_tokens: 1000, output_tokens: 0, cache_write_tokens: 1000 });
  const price = priceUsage({ provider: "anthropic", model: "claude-sonnet-4-5", usage, at });
  assert.ok(price);
  assert.equal(explainCost({ ...usage, ...price }).cache_saved_nano_usd, -750_000);
});

test("rows without a price, without rates and with another total say so", () => {
  const usage = usageOf(both);
  const rates = '{"input_mtok":1,"output_mtok":1}';
  assert.equal(explainCost({ ...usage, cost_nano_usd: null, price_rates: "" }).state, "unpriced");
  assert.equal(explainCost({ ...usage, cost_nano_usd: 5, price_rates: "" }).state, "without_rates");
  assert.equal(explainCost({ ...usage, cost_nano_usd: 5, price_rates: "{nonsense" }).state, "without_rates");
  assert.equal(explainCost({ ...usage, cost_nano_usd: 5, price_rates: rates }).state, "differs");
  assert.equal(explainCost({ ...usage, cost_nano_usd: 20_000, price_rates: rates }).state, "explained");
});

test("cached audio of unknown size has no price, but a told size and all-audio input have", () => {
  const rates = { input_mtok: 1, input_audio_mtok: 10, cache_read_mtok: 0.1, cache_audio_read_mtok: 0.5 };
  const mixed = usageOf({ input_tokens: 100, input_audio_tokens: 50, cache_read_tokens: 20 });
  assert.equal(costLines(mixed, rates), undefined);
  const told = costLines({ ...mixed, details: { cached_audio_tokens: 15 } }, rates);
  assert.deepEqual(
    told?.map(({ rate, count }) => [rate, count]),
    [
      ["input_mtok", 45],
      ["input_audio_mtok", 35],
      ["cache_read_mtok", 5],
      ["cache_audio_read_mtok", 15],
    ],
  );
  assert.equal(costLines({ ...mixed, details: { cached_audio_tokens: 30 } }, rates), undefined);
  const lines = costLines({ ...mixed, input_audio_tokens: 100 }, rates);
  assert.deepEqual(
    lines?.map((line) => [line.rate, line.count]),
    [
      ["input_audio_mtok", 80],
      ["cache_audio_read_mtok", 20],
    ],
  );
});

test("the price version is the installed package's", () => {
  const manifest = new URL("../package.json", import.meta.resolve("@pydantic/genai-prices"));
  assert.equal(priceVersion, `genai-prices ${JSON.parse(readFileSync(manifest, "utf8")).version}`);
});
