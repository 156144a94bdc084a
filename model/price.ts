import { calcPrice, findProvider, type ModelInfo, type Provider } from "@pydantic/genai-prices";
import type { SpanRow } from "./columns.ts";
import { type CostClass, costLines, type RateName, type Rates, tableRateNames } from "./cost-explanation.ts";
import { mediaPriceVersion, mediaRow, shortestBilledSeconds } from "./media-prices.ts";
import { ownValue } from "./own-value.ts";
import { overriddenRates, type PriceOverrides } from "./price-overrides.ts";
import { RecentPairs } from "./recent-pairs.ts";
import { isHalved, type ServiceTier, serviceTier, serviceTierVersion, tierRow } from "./service-tier-prices.ts";
import type { BilledUsage } from "./usage.ts";

/** The fields of a row that say what a call cost and by which rates. */
export type PricedCost = { [Field in CostField]: NonNullable<SpanRow[Field]> } & {
  price_version: string;
  price_source: "genai-prices" | "weir-tiers" | "weir-media" | "override";
  price_rates: string;
};

type CostField =
  | "cost_nano_usd"
  | "cost_input_nano_usd"
  | "cost_output_nano_usd"
  | "cost_cache_read_nano_usd"
  | "cost_cache_write_nano_usd";

/** What a row says of a call whose cost is not known. */
export const unknownCost: Readonly<{ [Field in keyof PricedCost]: SpanRow[Field] }> = Object.freeze({
  cost_nano_usd: null,
  cost_input_nano_usd: null,
  cost_output_nano_usd: null,
  cost_cache_read_nano_usd: null,
  cost_cache_write_nano_usd: null,
  price_version: "",
  price_source: "",
  price_rates: "",
});

export interface PriceQuestion {
  /** `gen_ai.provider.name`, or an id of one of the gateway's providers. */
  readonly provider: string;
  readonly model: string;
  readonly usage: BilledUsage;
  /** When the call was made: prices change, and some depend on the time of day. */
  readonly at: Date;
  /** The provider's word for it; empty or absent is the standard tier. A tier without a price makes the cost unknown. */
  readonly serviceTier?: string;
  /** Quality and size of images, as they were asked for: `hd 1024x1792`. */
  readonly variant?: string;
  /** A user's own prices, which come before any table. */
  readonly overrides?: PriceOverrides;
}

/** The price table in use: the package and its version. */
export const priceVersion = "genai-prices 0.1.8";

/**
 * What a call cost, in whole nano-USD; the classes add up to the total. Null when the model, its price or a count
 * that the price needs is unknown, or when the counts contradict each other: never zero for unknown. Models that are
 * served at home (ollama, vllm …) have no price either.
 */
export function priceUsage(question: PriceQuestion): PricedCost | null {
  const { usage, at } = question;
  if (Number.isNaN(at.getTime())) return null;
  // Without a count, the base rates: if they are by tokens, there is no price.
  const price = ratesFor(question, usage.input_tokens ?? 0);
  const lines = price === undefined || isUnderMinimum(question) ? undefined : costLines(usage, price.rates);
  if (price === undefined || lines === undefined) return null;
  const amounts: Record<CostClass, number> = { input: 0, output: 0, cache_read: 0, cache_write: 0 };
  for (const line of lines) amounts[line.cost_class] += line.amount_nano_usd;
  return {
    cost_nano_usd: amounts.input + amounts.output + amounts.cache_read + amounts.cache_write,
    cost_input_nano_usd: amounts.input,
    cost_output_nano_usd: amounts.output,
    cost_cache_read_nano_usd: amounts.cache_read,
    cost_cache_write_nano_usd: amounts.cache_write,
    price_version: price.version,
    price_source: price.source,
    price_rates: price.ratesJson,
  };
}

/** The rates of one call, and whose they are. */
interface UsedRates {
  readonly rates: Rates;
  readonly ratesJson: string;
  readonly version: string;
  readonly source: PricedCost["price_source"];
}

function ratesFor(question: PriceQuestion, inputTokens: number): UsedRates | undefined {
  const own = question.overrides === undefined ? undefined : overriddenRates(question.overrides, question);
  if (own !== undefined) return { ...own, ratesJson: JSON.stringify(own.rates), source: "override" };
  const tier = serviceTier(question.serviceTier ?? "");
  if (tier === null) return undefined;
  if (tier !== undefined) return tierRates(question, inputTokens, tier);
  const media = mediaRow(question.model, question.variant ?? "", () => tableId(question.provider));
  if (media !== undefined) return ownRates(media.rates, mediaPriceVersion, "weir-media");
  const listed = tierFor(resolvePrice(question), inputTokens);
  if (listed === undefined) return undefined;
  return { rates: listed.rates, ratesJson: listed.ratesJson, version: priceVersion, source: "genai-prices" };
}

/** A sound shorter than the provider bills costs what the minimum does: the record's own length does not tell that. */
function isUnderMinimum({ provider, usage }: PriceQuestion): boolean {
  const seconds = usage.details?.audio_seconds;
  return seconds !== undefined && seconds < (shortestBilledSeconds[tableId(provider)] ?? 0);
}

function tierRates(question: PriceQuestion, inputTokens: number, tier: ServiceTier): UsedRates | undefined {
  const provider = tableId(question.provider);
  const row = tierRow(provider, question.model, tier);
  if (row !== undefined) return ownRates(row.rates, serviceTierVersion, "weir-tiers");
  const listed = isHalved(provider, tier) ? tierFor(resolvePrice(question), inputTokens) : undefined;
  if (listed === undefined) return undefined;
  return ownRates(halved(listed.rates), `${serviceTierVersion}, ${priceVersion}`, "weir-tiers");
}

function ownRates(rates: Rates, version: string, source: UsedRates["source"]): UsedRates {
  return { rates, ratesJson: JSON.stringify(rates), version, source };
}

/** A tier is a price of tokens: searches cost what they cost. */
function halved(rates: Rates): Rates {
  const entries = Object.entries(rates).map(([name, rate]) => [name, name.endsWith("_mtok") ? rate / 2 : rate]);
  return Object.fromEntries(entries);
}

/** Names of OpenTelemetry, of emitters and of the gateway → ids of the price table, where they differ. */
const priceProviders: Readonly<Record<string, string>> = {
  "azure.ai.openai": "azure",
  "azure.ai.inference": "azure",
  "az.ai.openai": "azure",
  "az.ai.inference": "azure",
  "azure-openai": "azure",
  azure_openai: "azure",
  "azure-ai": "azure",
  "aws.bedrock": "aws",
  bedrock: "aws",
  "aws-bedrock": "aws",
  aws_bedrock: "aws",
  amazon: "aws",
  "amazon-bedrock": "aws",
  "gcp.gemini": "google",
  "gcp.vertex_ai": "google",
  "gcp.gen_ai": "google",
  gemini: "google",
  vertex: "google",
  "vertex-ai": "google",
  vertex_ai: "google",
  vertexai: "google",
  mistral_ai: "mistral",
  mistralai: "mistral",
  x_ai: "x-ai",
  xai: "x-ai",
  moonshot: "moonshotai",
  moonshot_ai: "moonshotai",
  "together-ai": "together",
  together_ai: "together",
  togetherai: "together",
  "fireworks-ai": "fireworks",
  fireworks_ai: "fireworks",
  voyage: "voyageai",
  voyage_ai: "voyageai",
  perplexity_ai: "perplexity",
  perplexityai: "perplexity",
  cloudflare_workers_ai: "cloudflare",
  "workers-ai": "cloudflare",
  novita_ai: "novita",
  z_ai: "zai",
};

interface PriceTier {
  /** The tier holds for inputs of more tokens than this; -1 is the base. */
  readonly above: number;
  readonly rates: Rates;
  readonly ratesJson: string;
}

/** What is remembered about a provider's model. `minute` is set where the price depends on time. */
interface ModelPrice {
  readonly tiers: readonly PriceTier[];
  readonly minute: number | undefined;
  readonly dated: Provider | undefined;
}

const unknownModel: ModelPrice = { tiers: [], minute: undefined, dated: undefined };

/** Unknown models are remembered too. */
const modelPrices = new RecentPairs<ModelPrice>(2000);

function tierFor(price: ModelPrice, inputTokens: number): PriceTier | undefined {
  const { tiers } = price;
  for (let index = tiers.length - 1; index >= 0; index--) {
    const tier = tiers[index];
    if (tier !== undefined && inputTokens > tier.above) return tier;
  }
  return undefined;
}

function resolvePrice({ provider, model, at }: PriceQuestion): ModelPrice {
  const known = modelPrices.get(provider, model);
  if (known !== undefined && holdsAt(known, at)) return known;
  const price = lookUp(provider, model, at, known?.dated);
  modelPrices.set(provider, model, price);
  return price;
}

/** Dates and times of day in the table fall on whole minutes. */
function minuteOf(at: Date): number {
  return Math.floor(at.getTime() / 60_000);
}

function holdsAt(price: ModelPrice, at: Date): boolean {
  return price.minute === undefined || price.minute === minuteOf(at);
}

function lookUp(providerName: string, modelName: string, at: Date, dated: Provider | undefined): ModelPrice {
  const [server, servedName] = servedBy(providerName, modelName);
  const provider = dated ?? tableProvider(server);
  if (provider === undefined) return unknownModel;
  try {
    const options = dated === undefined ? { providerId: provider.id } : { provider: dated };
    const found = firstKnown(tableModels(servedName), (name) => calcPrice({}, name, { ...options, timestamp: at }));
    if (found === null) return unknownModel;
    const isDated = Array.isArray(found.model.prices);
    return {
      tiers: tiersOf({ ...freeSearches(found), ...found.model_price }, isFree(found.model)),
      minute: isDated ? minuteOf(at) : undefined,
      dated: isDated ? { ...found.provider, models: [found.model], fallback_model_providers: [] } : undefined,
    };
  } catch {
    // The table throws on entries that it cannot apply.
    return unknownModel;
  }
}

/** Hugging Face's router is told after a colon whom to ask (`org/model:groq`); the table has each of them by itself. */
function servedBy(provider: string, model: string): readonly [provider: string, model: string] {
  const colon = tableId(provider) === "huggingface" ? model.lastIndexOf(":") : -1;
  return colon === -1 ? [provider, model] : [`huggingface_${model.slice(colon + 1)}`, model.slice(0, colon)];
}

/** The table matches names loosely ("my-openai-proxy" is OpenAI to it), so only its exact ids count. */
function tableProvider(name: string): Provider | undefined {
  const id = tableId(name);
  const provider = findProvider({ providerId: id });
  return provider?.id === id ? provider : undefined;
}

function tableId(name: string): string {
  const lower = name.toLowerCase();
  return ownValue(priceProviders, lower) ?? lower;
}

/**
 * Under which names the table may know a model. Google's are named by path (`models/gemini-2.5-pro`,
 * `publishers/google/models/gemini-2.5-pro`, `google/gemini-2.5-pro`), AWS's by ARN; Fireworks' path is the table's too.
 */
function tableModels(name: string): string[] {
  if (name.startsWith("arn:aws")) return [name.slice(name.lastIndexOf("/") + 1)];
  const bare = name.replace(/^(?:.*\/)?models\//, "").replace(/^google\//, "");
  return bare === name ? [name] : [name, bare];
}

function firstKnown<Found>(names: readonly string[], find: (name: string) => Found | null): Found | null {
  for (const name of names) {
    const found = find(name);
    if (found !== null) return found;
  }
  return null;
}

/** Google searches for Gemini within a daily allowance, which no answer tells of: until then it costs nothing. */
function freeSearches({ provider, model }: { provider: Provider; model: ModelInfo }): TablePrice {
  return provider.id === "google" && model.id.startsWith("gemini") ? { web_searches_kcount: 0 } : {};
}

function isFree(model: ModelInfo): boolean {
  return model.id.endsWith(":free");
}

type TablePrice = NonNullable<ReturnType<typeof calcPrice>>["model_price"];

/** An entry without token rates is not a price of zero, unless its name says so. */
function tiersOf(price: TablePrice, free: boolean): PriceTier[] {
  const starts = new Set<number>([-1]);
  for (const name of tableRateNames) {
    const rate = price[name];
    if (typeof rate === "object") for (const tier of rate.tiers) starts.add(tier.start);
  }
  const tiers = [...starts].sort((a, b) => a - b).map((above) => tierAt(price, above));
  if (tiers.every(({ rates }) => Object.keys(rates).length === 0)) return free ? [freeTier] : [];
  return tiers;
}

function tierAt(price: TablePrice, above: number): PriceTier {
  const rates: { [Name in RateName]?: number } = {};
  for (const name of tableRateNames) {
    const rate = price[name];
    if (rate === undefined) continue;
    rates[name] = typeof rate === "number" ? rate : rateAbove(rate, above);
  }
  return { above, rates, ratesJson: JSON.stringify(rates) };
}

function rateAbove(rate: { base: number; tiers: { start: number; price: number }[] }, above: number): number {
  const reached = rate.tiers.filter((tier) => tier.start <= above).sort((a, b) => b.start - a.start);
  return reached[0]?.price ?? rate.base;
}

const freeRates: Rates = { input_mtok: 0, output_mtok: 0 };
const freeTier: PriceTier = { above: -1, rates: freeRates, ratesJson: JSON.stringify(freeRates) };
