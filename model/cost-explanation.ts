import type { BilledUsage, Usage } from "./usage.ts";

/**
 * The rates that a price was made of, in USD a million tokens (`_mtok`) or a thousand requests (`_kcount`). A detail
 * without a rate of its own is billed as part of its parent: cached reads as input, reasoning as output.
 */
export const rateNames = [
  "input_mtok",
  "input_audio_mtok",
  "cache_read_mtok",
  "cache_audio_read_mtok",
  "cache_write_mtok",
  "cache_write_1h_mtok",
  "output_mtok",
  "output_audio_mtok",
  "output_reasoning_mtok",
  "requests_kcount",
] as const;
export type RateName = (typeof rateNames)[number];
export type Rates = { readonly [Name in RateName]?: number };

export type CostClass = "input" | "output" | "cache_read" | "cache_write";

/** `count × rate_usd ÷ per = amount_nano_usd × 10⁻⁹`, rounded to a whole nano-USD. */
export interface CostLine {
  readonly rate: RateName;
  readonly cost_class: CostClass;
  readonly count: number;
  readonly rate_usd: number;
  readonly per: number;
  readonly amount_nano_usd: number;
}

export interface CostExplanation {
  /** In the order in which they are read: input, cache, output. Their amounts add up to the total. */
  readonly lines: readonly CostLine[];
  readonly total_nano_usd: number | null;
  /** What the cache saved over plain input, less what writing to it cost more; null when no cache was used. */
  readonly cache_saved_nano_usd: number | null;
  /** Why there are no lines, or whether the lines account for the stored total. */
  readonly state: "explained" | "unpriced" | "without_rates" | "differs";
}

const classOfRate: Record<RateName, CostClass> = {
  input_mtok: "input",
  input_audio_mtok: "input",
  cache_read_mtok: "cache_read",
  cache_audio_read_mtok: "cache_read",
  cache_write_mtok: "cache_write",
  cache_write_1h_mtok: "cache_write",
  output_mtok: "output",
  output_audio_mtok: "output",
  output_reasoning_mtok: "output",
  requests_kcount: "input",
};

/**
 * Splits a usage into the parts that have rates of their own and prices each. Undefined when the usage cannot be
 * priced: a count that is needed is unknown, a detail exceeds its parent, or tokens were used that have no rate.
 */
export function costLines(usage: BilledUsage, rates: Rates): CostLine[] | undefined {
  const lines: CostLine[] = [];
  if (!addInputLines(lines, usage, rates) || !addOutputLines(lines, usage, rates)) return undefined;
  addLine(lines, "requests_kcount", 1, rates.requests_kcount, 1000);
  return lines;
}

function addInputLines(lines: CostLine[], usage: BilledUsage, rates: Rates): boolean {
  const input = usage.input_tokens;
  if (input === null || (rates.input_mtok === undefined && input > 0)) return false;
  const read = priced(usage.cache_read_tokens, rates.cache_read_mtok);
  const write = priced(usage.cache_write_tokens, rates.cache_write_mtok);
  const write1h = priced(usage.cache_write_1h_tokens, rates.cache_write_1h_mtok);
  const audio = priced(usage.input_audio_tokens, rates.input_audio_mtok);
  const audioRead = audioReadTokens(usage, input, read, audio);
  if (audioRead === undefined) return false;
  const plain = input - read - write - audio + audioRead;
  if (plain < 0 || write1h > write) return false;
  addLine(lines, "input_mtok", plain, rates.input_mtok);
  addLine(lines, "input_audio_mtok", audio - audioRead, rates.input_audio_mtok);
  const audioReadRate = rates.cache_audio_read_mtok;
  addLine(lines, "cache_read_mtok", audioReadRate === undefined ? read : read - audioRead, rates.cache_read_mtok);
  addLine(lines, "cache_audio_read_mtok", audioRead, audioReadRate);
  addLine(lines, "cache_write_mtok", write - write1h, rates.cache_write_mtok);
  addLine(lines, "cache_write_1h_mtok", write1h, rates.cache_write_1h_mtok);
  return true;
}

function addOutputLines(lines: CostLine[], usage: Usage, rates: Rates): boolean {
  if (rates.output_mtok === undefined) return (usage.output_tokens ?? 0) === 0;
  const output = usage.output_tokens;
  if (output === null) return false;
  const audio = priced(usage.output_audio_tokens, rates.output_audio_mtok);
  const reasoning = priced(usage.reasoning_tokens, rates.output_reasoning_mtok);
  const plain = output - audio - reasoning;
  if (plain < 0) return false;
  addLine(lines, "output_mtok", plain, rates.output_mtok);
  addLine(lines, "output_audio_mtok", audio, rates.output_audio_mtok);
  addLine(lines, "output_reasoning_mtok", reasoning, rates.output_reasoning_mtok);
  return true;
}

/** Tokens that are billed apart from their parent; none when there is no rate for them. */
function priced(tokens: number | null, rate: number | undefined): number {
  return rate === undefined ? 0 : (tokens ?? 0);
}

/** How much of the audio was read from the cache: few providers say so, and else it is known only at the extremes. */
function audioReadTokens(usage: BilledUsage, input: number, read: number, audio: number): number | undefined {
  if (read === 0 || audio === 0) return 0;
  const told = usage.cache_read_audio_tokens ?? undefined;
  if (told !== undefined) return told <= read && told <= audio ? told : undefined;
  return audio === input ? read : undefined;
}

function addLine(lines: CostLine[], rate: RateName, count: number, rateUsd: number | undefined, per = 1_000_000): void {
  if (count === 0 || rateUsd === undefined) return;
  const amount = Math.round(count * ((rateUsd * 1e9) / per));
  lines.push({ rate, cost_class: classOfRate[rate], count, rate_usd: rateUsd, per, amount_nano_usd: amount });
}

/** The fields of a stored row that its cost is explained from. */
export interface CostedRow extends Usage {
  readonly cost_nano_usd: number | null;
  readonly price_rates: string;
}

/** Accounts for the cost of a stored row from the counts and rates that the row itself carries. */
export function explainCost(row: CostedRow): CostExplanation {
  const total = row.cost_nano_usd;
  if (total === null) return { lines: [], total_nano_usd: null, cache_saved_nano_usd: null, state: "unpriced" };
  const rates = readRates(row.price_rates);
  const lines = rates === undefined ? undefined : costLines(row, rates);
  if (rates === undefined || lines === undefined) {
    return { lines: [], total_nano_usd: total, cache_saved_nano_usd: null, state: "without_rates" };
  }
  const sum = lines.reduce((amount, line) => amount + line.amount_nano_usd, 0);
  return {
    lines,
    total_nano_usd: total,
    cache_saved_nano_usd: cacheSavings(lines, rates),
    state: sum === total ? "explained" : "differs",
  };
}

/** The rates of a row; undefined when it has none. */
export function readRates(priceRates: string): Rates | undefined {
  try {
    const value: unknown = JSON.parse(priceRates);
    if (typeof value !== "object" || value === null) return undefined;
    const known = Object.entries(value).filter(([name, rate]) => isRateName(name) && Number.isFinite(rate));
    return known.length === 0 ? undefined : Object.fromEntries(known);
  } catch {
    return undefined;
  }
}

function isRateName(name: string): name is RateName {
  return (rateNames as readonly string[]).includes(name);
}

function cacheSavings(lines: readonly CostLine[], rates: Rates): number | null {
  const cached = lines.filter((line) => line.cost_class === "cache_read" || line.cost_class === "cache_write");
  if (cached.length === 0) return null;
  return cached.reduce((saved, line) => saved + uncachedAmount(line, rates) - line.amount_nano_usd, 0);
}

function uncachedAmount(line: CostLine, rates: Rates): number {
  const audio = line.rate === "cache_audio_read_mtok" ? rates.input_audio_mtok : undefined;
  return Math.round(line.count * (audio ?? rates.input_mtok ?? 0) * 1000);
}
