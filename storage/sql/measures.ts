import { numberOrUnknown, type RawRow, usd } from "./call-row.ts";

/** Sums over calls, in the spelling of the API. */
export interface CallTotals {
  calls: number;
  errors: number;
  cancelled: number;
  error_rate: number | null;
  duration_ns: Quantiles | null;
  ttft_ns: Quantiles | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  reasoning_tokens: number | null;
  cost_nano_usd: number | null;
  cost_usd: number | null;
  calls_without_cost: number;
  calls_without_usage: number;
}

export interface Quantiles {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

const levels = "0.5, 0.9, 0.95, 0.99";
const tokenClasses = [
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
] as const;
const sums = [...tokenClasses, "cost_nano_usd"] as const;

const billed = "kind IN ('llm', 'embedding', 'reranker')";
/** As the views of the rollups have it: a call refused with 4xx is not billed, so nothing of it is unknown. */
const perhapsPaid = `${billed} AND NOT (status = 'error' AND ifNull(http_status, 0) BETWEEN 400 AND 499)`;

/** The measures over rows of `spans`. They say the same as those of the rollups; a test compares. */
export const spanMeasures = `count() AS calls,
  countIf(status IN ('error', 'cut', 'interrupted')) AS errors,
  countIf(status = 'cancelled') AS cancelled,
  ${sums.map((name) => `sumIf(${name}, ${billed}) AS sum_${name}`).join(",\n  ")},
  countIf(${perhapsPaid} AND isNull(cost_nano_usd)) AS calls_without_cost,
  countIf(${perhapsPaid} AND (isNull(input_tokens) OR (kind = 'llm' AND isNull(output_tokens)))) AS calls_without_usage,
  quantilesTDigest(${levels})(duration_ns) AS duration_quantiles,
  quantilesTDigest(${levels})(ttft_ns) AS ttft_quantiles`;

/** The measures over rows of `usage_1m`, `usage_1h` and `usage_1d`. */
export const rollupMeasures = `sum(span_count) AS calls,
  sum(error_count) + sum(cut_count) + sum(interrupted_count) AS errors,
  sum(cancelled_count) AS cancelled,
  ${sums.map((name) => `sum(${name}) AS sum_${name}`).join(",\n  ")},
  sum(unknown_cost_count) AS calls_without_cost,
  sum(unknown_usage_count) AS calls_without_usage,
  quantilesTDigestMerge(${levels})(duration_state) AS duration_quantiles,
  quantilesTDigestMerge(${levels})(ttft_state) AS ttft_quantiles`;

/** The columns of a rollup that its measures read. */
export const rollupMeasureColumns = [
  "span_count",
  "error_count",
  "cut_count",
  "interrupted_count",
  "cancelled_count",
  ...sums,
  "unknown_cost_count",
  "unknown_usage_count",
  "duration_state",
  "ttft_state",
];

/** Totals of a row that selected the measures; undefined is no row: no calls. */
export function toCallTotals(row: RawRow | undefined): CallTotals {
  const calls = Number(row?.["calls"] ?? 0);
  const errors = Number(row?.["errors"] ?? 0);
  const calls_without_cost = Number(row?.["calls_without_cost"] ?? 0);
  const calls_without_usage = Number(row?.["calls_without_usage"] ?? 0);
  const cost = knownSum(row?.["sum_cost_nano_usd"], calls_without_cost === 0);
  const details = tokenClasses.map((name) => {
    const isComplete = name === "input_tokens" || name === "output_tokens" ? calls_without_usage === 0 : calls === 0;
    return [name, knownSum(row?.[`sum_${name}`], isComplete)] as const;
  });
  return {
    calls,
    errors,
    cancelled: Number(row?.["cancelled"] ?? 0),
    error_rate: calls === 0 ? null : errors / calls,
    duration_ns: calls === 0 ? null : toQuantiles(row?.["duration_quantiles"]),
    ttft_ns: toQuantiles(row?.["ttft_quantiles"]),
    ...(Object.fromEntries(details) as Pick<CallTotals, (typeof tokenClasses)[number]>),
    cost_nano_usd: cost,
    cost_usd: usd(cost),
    calls_without_cost,
    calls_without_usage,
  };
}

/** A sum over nothing known is unknown, unless it is known that there was nothing to add. */
function knownSum(value: unknown, isComplete: boolean): number | null {
  return numberOrUnknown(value) ?? (isComplete ? 0 : null);
}

/** ClickHouse gives NaN, in JSON null, where nothing was measured. */
function toQuantiles(value: unknown): Quantiles | null {
  if (!Array.isArray(value)) return null;
  const [p50, p90, p95, p99] = value.map((level) => (level === null ? Number.NaN : Math.round(Number(level))));
  if (p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined || Number.isNaN(p50))
    return null;
  return { p50, p90, p95, p99 };
}
