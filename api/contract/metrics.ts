import { z } from "zod";
import { callFilterQuery } from "./calls.ts";
import { costFields, rangeQuery, time, tokenFields, whole } from "./fields.ts";

const { model, provider, status, source, error_type, user_id, session_id, api_key_id, service_name, environment } =
  callFilterQuery;
const { prompt_name, tag, trace_id, filter } = callFilterQuery;

/** Which calls are counted: those of models, kinds llm, embedding and reranker, unless `kind` says otherwise. */
const metricsQuery = {
  ...rangeQuery,
  model,
  provider,
  kind: callFilterQuery.kind.describe("Default: llm, embedding and reranker."),
  status,
  source,
  error_type,
  user_id,
  session_id,
  api_key_id,
  service_name,
  environment,
  prompt_name,
  tag,
  trace_id,
  filter,
};

/** Null without a single measurement. */
export const quantiles = z
  .object({ p50: whole, p90: whole, p95: whole, p99: whole })
  .nullable()
  .describe("Null when nothing was measured.");

/** Sums over calls. Tokens and cost are of the calls where they are known, and null where none is. */
export const callTotals = {
  calls: whole,
  errors: whole.describe("Status error, cut or interrupted."),
  cancelled: whole.describe("The client left; no error."),
  error_rate: z.number().nullable().describe("errors ÷ calls; null without calls."),
  duration_ns: quantiles,
  ttft_ns: quantiles,
  ...tokenFields,
  ...costFields,
  calls_without_cost: whole.describe(
    "Calls whose cost is unknown, and which it leaves out. A call refused with 4xx costs nothing and is not among them.",
  ),
  calls_without_usage: whole.describe("Calls that told no tokens."),
};

export const metricsTotals = z.object(callTotals).meta({ id: "MetricsTotals" });
export type MetricsTotals = z.infer<typeof metricsTotals>;

export const modelTotals = z
  .object({ provider: z.string(), model: z.string(), ...callTotals })
  .meta({ id: "ModelTotals" });
export type ModelTotals = z.infer<typeof modelTotals>;

export const metricsSummaryQuery = z.object(metricsQuery);
export type MetricsSummaryQuery = z.input<typeof metricsSummaryQuery>;

/** `from` and `to` of an answer are those of the request, widened to whole minutes. */
export const metricsSummary = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    total: metricsTotals,
    previous: metricsTotals.describe("The equal period before."),
    by_model: z.array(modelTotals).describe("By cost, then by calls; the 100 first."),
  })
  .meta({ id: "MetricsSummary" });
export type MetricsSummary = z.infer<typeof metricsSummary>;

export const timeseriesQuery = z.object({
  ...metricsQuery,
  bucket_seconds: z.coerce
    .number()
    .int()
    .min(60)
    .max(31 * 86_400)
    .multipleOf(60)
    .optional()
    .describe("Default: what gives about 60 to 120 buckets. At most 1,500 buckets."),
});
export type TimeseriesQuery = z.input<typeof timeseriesQuery>;

export const timeseries = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    bucket_seconds: whole,
    buckets: z
      .array(z.object({ time: time.describe("Start of the bucket."), ...callTotals }))
      .describe("Every bucket of the range, those without calls too."),
    by_model: z
      .array(
        z.object({
          provider: z.string(),
          model: z.string(),
          calls: z.array(whole),
          cost_nano_usd: z.array(z.number().int().nullable()),
        }),
      )
      .describe("The 8 models that cost most and the rest as `other`; values are aligned with `buckets`."),
  })
  .meta({ id: "Timeseries" });
export type Timeseries = z.infer<typeof timeseries>;

export const heatmapQuery = timeseriesQuery.extend({
  of: z.enum(["duration_ns", "ttft_ns"]).default("duration_ns"),
});
export type HeatmapQuery = z.input<typeof heatmapQuery>;

/** How many calls took how long, in time. */
export const heatmap = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    bucket_seconds: whole,
    times: z.array(time).describe("Start of each column."),
    bounds_ns: z.array(z.number()).describe("Lower bound of each row; a row ends where the next begins."),
    counts: z.array(z.array(whole)).describe("counts[column][row]."),
  })
  .meta({ id: "Heatmap" });
export type Heatmap = z.infer<typeof heatmap>;

export const breakdownFields = [
  "model",
  "provider",
  "status",
  "kind",
  "source",
  "error_type",
  "http_status",
  "finish_reason",
  "user_id",
  "session_id",
  "api_key_id",
  "service_name",
  "environment",
  "prompt_name",
  "prompt_version",
  "tag",
] as const;
export type BreakdownField = (typeof breakdownFields)[number];

export const breakdownQuery = z.object({
  ...metricsQuery,
  q: callFilterQuery.q,
  by: z.enum(breakdownFields),
  limit: z.coerce.number().int().min(1).max(200).default(10),
});
export type BreakdownQuery = z.input<typeof breakdownQuery>;

/** Totals by the values of one field: facets of a list, who spends, which errors. */
export const breakdown = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    by: z.enum(breakdownFields),
    data: z.array(z.object({ value: z.string(), ...callTotals })).describe("By calls, most first."),
  })
  .meta({ id: "Breakdown" });
export type Breakdown = z.infer<typeof breakdown>;
