import { type BilledDetail, type BilledDetails, type BilledUsage, billedDetails, type Usage } from "./usage.ts";

/** Rates as the price table names them. */
export const tableRateNames = [
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
  "input_image_mtok",
  "cache_image_read_mtok",
  "input_video_mtok",
  "output_image_mtok",
  "web_searches_kcount",
  "storage_searches_kcount",
  "input_audio_hours",
] as const;

/**
 * The rates that a price was made of, in USD a million tokens (`_mtok`) or characters (`_mchars`), a thousand requests
 * or images (`_kcount`) or an hour (`_hours`). A detail without a rate of its own is billed as part of its parent:
 * cached reads as input, reasoning as output.
 */
export const rateNames = [...tableRateNames, "input_mchars", "output_images_kcount"] as const;
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
  input_image_mtok: "input",
  cache_image_read_mtok: "cache_read",
  input_video_mtok: "input",
  output_image_mtok: "output",
  web_searches_kcount: "input",
  storage_searches_kcount: "input",
  input_audio_hours: "input",
  input_mchars: "input",
  output_images_kcount: "output",
};

/** What is billed by another count than tokens, `per` so many at the rate. */
interface UnitPrice {
  readonly rate: RateName;
  readonly count: BilledDetail;
  readonly per: number;
}

/** What a whole call is billed by, in place of its tokens. */
const measures: readonly UnitPrice[] = [
  { rate: "input_audio_hours", count: "audio_seconds", per: 3600 },
  { rate: "input_mchars", count: "input_characters", per: 1_000_000 },
  { rate: "output_images_kcount", count: "output_images", per: 1000 },
];

/** What is billed beside the tokens. */
const toolCalls: readonly UnitPrice[] = [
  { rate: "web_searches_kcount", count: "web_search_requests", per: 1000 },
  { rate: "storage_searches_kcount", count: "file_search_requests", per: 1000 },
];

/**
 * Tools that are billed beside the tokens by what no answer tells: a container's time, another model's tokens, and for
 * the preview of web search a price by the model's kind. A call that used one has no price.
 */
const unpricedCalls: readonly BilledDetail[] = [
  "web_search_preview_requests",
  "code_interpreter_requests",
  "image_generation_requests",
  "advisor_requests",
];

/**
 * Splits a usage into the parts that have rates of their own and prices each. Undefined when the usage cannot be
 * priced: a count that is needed is unknown, a detail exceeds its parent, or tokens were used that have no rate.
 */
export function costLines(usage: BilledUsage, rates: Rates): CostLine[] | undefined {
  const lines: CostLine[] = [];
  const { details } = usage;
  const isPriced = isMeasured(rates)
    ? details !== undefined && addMeasure(lines, details, rates)
    : addInputLines(lines, usage, rates) && addOutputLines(lines, usage, rates);
  if (!isPriced || (details !== undefined && !addToolCalls(lines, details, rates))) return undefined;
  addLine(lines, "requests_kcount", 1, rates.requests_kcount, 1000);
  return lines;
}

// Every span is priced: what nearly none has costs them a look.
function isMeasured(rates: Rates): boolean {
  return rates.input_mtok === undefined && measures.some(({ rate }) => rates[rate] !== undefined);
}

function addMeasure(lines: CostLine[], details: BilledDetails, rates: Rates): boolean {
  const measure = measures.find(({ rate }) => rates[rate] !== undefined);
  const counted = measure && details[measure.count];
  if (measure === undefined || counted === undefined) return false;
  addLine(lines, measure.rate, counted, rates[measure.rate], measure.per);
  return true;
}

/** A search without a rate has no price, unless every request has one that includes it. */
function addToolCalls(lines: CostLine[], details: BilledDetails, rates: Rates): boolean {
  if (unpricedCalls.some((name) => (details[name] ?? 0) > 0)) return false;
  return toolCalls.every(({ rate, count, per }) => {
    const calls = details[count] ?? 0;
    addLine(lines, rate, calls, rates[rate], per);
    return calls === 0 || rates[rate] !== undefined || rates.requests_kcount !== undefined;
  });
}

function addInputLines(lines: CostLine[], usage: BilledUsage, rates: Rates): boolean {
  const input = usage.input_tokens;
  if (input === null || (rates.input_mtok === undefined && input > 0)) return false;
  const read = priced(usage.cache_read_tokens, rates.cache_read_mtok);
  const write = priced(usage.cache_write_tokens, rates.cache_write_mtok);
  const write1h = priced(usage.cache_write_1h_tokens, rates.cache_write_1h_mtok);
  const audio = priced(usage.input_audio_tokens, rates.input_audio_mtok);
  const { details } = usage;
  const image = details === undefined ? 0 : priced(details.input_image_tokens, rates.input_image_mtok);
  const video = details === undefined ? 0 : priced(details.input_video_tokens, rates.input_video_mtok);
  const audioRead = cachedPart(details?.cached_audio_tokens, audio, input, read);
  const imageRead = cachedPart(details?.cached_image_tokens, image, input, read);
  if (audioRead === undefined || imageRead === undefined || audioRead + imageRead > read) return false;
  const plain = input - read - write - (audio - audioRead) - (image - imageRead) - video;
  if (plain < 0 || write1h > write) return false;
  addLine(lines, "input_mtok", plain, rates.input_mtok);
  addLine(lines, "input_audio_mtok", audio - audioRead, rates.input_audio_mtok);
  const audioReadApart = priced(audioRead, rates.cache_audio_read_mtok);
  const imageReadApart = details === undefined ? 0 : priced(imageRead, rates.cache_image_read_mtok);
  if (details !== undefined) {
    addLine(lines, "input_image_mtok", image - imageRead, rates.input_image_mtok);
    addLine(lines, "input_video_mtok", video, rates.input_video_mtok);
    addLine(lines, "cache_image_read_mtok", imageReadApart, rates.cache_image_read_mtok);
  }
  addLine(lines, "cache_read_mtok", read - audioReadApart - imageReadApart, rates.cache_read_mtok);
  addLine(lines, "cache_audio_read_mtok", audioReadApart, rates.cache_audio_read_mtok);
  addLine(lines, "cache_write_mtok", write - write1h, rates.cache_write_mtok);
  addLine(lines, "cache_write_1h_mtok", write1h, rates.cache_write_1h_mtok);
  return true;
}

function addOutputLines(lines: CostLine[], usage: BilledUsage, rates: Rates): boolean {
  if (rates.output_mtok === undefined) return (usage.output_tokens ?? 0) === 0;
  const output = usage.output_tokens;
  if (output === null) return false;
  const audio = priced(usage.output_audio_tokens, rates.output_audio_mtok);
  const reasoning = priced(usage.reasoning_tokens, rates.output_reasoning_mtok);
  const { details } = usage;
  const image = details === undefined ? 0 : priced(details.output_image_tokens, rates.output_image_mtok);
  const plain = output - audio - reasoning - image;
  if (plain < 0) return false;
  addLine(lines, "output_mtok", plain, rates.output_mtok);
  addLine(lines, "output_audio_mtok", audio, rates.output_audio_mtok);
  if (image > 0) addLine(lines, "output_image_mtok", image, rates.output_image_mtok);
  addLine(lines, "output_reasoning_mtok", reasoning, rates.output_reasoning_mtok);
  return true;
}

/** Tokens that are billed apart from their parent; none when there is no rate for them. */
function priced(tokens: number | null | undefined, rate: number | undefined): number {
  return rate === undefined ? 0 : (tokens ?? 0);
}

/** How much of a part was read from the cache: few providers say so, and else it is known only at the extremes. */
function cachedPart(told: number | undefined, part: number, input: number, read: number): number | undefined {
  if (read === 0 || part === 0) return 0;
  if (told !== undefined) return told <= read && told <= part ? told : undefined;
  return part === input ? read : undefined;
}

function addLine(lines: CostLine[], rate: RateName, count: number, rateUsd: number | undefined, per = 1_000_000): void {
  if (count === 0 || rateUsd === undefined) return;
  const amount = Math.round(count * ((rateUsd * 1e9) / per));
  lines.push({ rate, cost_class: classOfRate[rate], count, rate_usd: rateUsd, per, amount_nano_usd: amount });
}

/** The fields of a stored row that its cost is explained from. */
export interface CostedRow extends Usage {
  /** With the counts that have no column, `usage.<name>`. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly cost_nano_usd: number | null;
  readonly price_rates: string;
}

/** Accounts for the cost of a stored row from the counts and rates that the row itself carries. */
export function explainCost(row: CostedRow): CostExplanation {
  const total = row.cost_nano_usd;
  if (total === null) return { lines: [], total_nano_usd: null, cache_saved_nano_usd: null, state: "unpriced" };
  const rates = readRates(row.price_rates);
  const lines = rates === undefined ? undefined : costLines({ ...row, details: detailsOf(row) }, rates);
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

function detailsOf({ attributes }: CostedRow): BilledDetails | undefined {
  return billedDetails((name) => {
    const count = Number(attributes?.[`usage.${name}`]);
    return Number.isFinite(count) ? count : undefined;
  });
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
  const apart: { [Name in RateName]?: number | undefined } = {
    cache_audio_read_mtok: rates.input_audio_mtok,
    cache_image_read_mtok: rates.input_image_mtok,
  };
  return Math.round(line.count * (apart[line.rate] ?? rates.input_mtok ?? 0) * 1000);
}
