import { metricAggregations } from "@weir/model/browser";
import { z } from "zod";
import { filterText, rangeQuery, time, whole } from "./fields.ts";
import { labelValues } from "./logs.ts";
import { filterJson } from "./query.ts";

const metricFilterFields = "name, service_name, environment, attributes and text (the words of a name)";

export const listMetricsQuery = z.object({
  ...rangeQuery,
  filter: filterText
    .describe(
      `A filter in text form over ${metricFilterFields}, such as \`service:shop http attributes.http.route:/pay\`; see docs/query-language.md.`,
    )
    .optional(),
});
export type ListMetricsQuery = z.input<typeof listMetricsQuery>;

export const getMetricQuery = z.object(rangeQuery);

const metricName = z.string().min(1).max(500);
export const metricParams = z.object({ name: metricName });

/** A metric that was received. */
const metricFields = {
  name: z.string(),
  type: z.enum(["gauge", "sum", "histogram", "exponential_histogram", "summary"]),
  unit: z.string().describe("As UCUM spells it: s, By, {token}."),
  description: z.string(),
  temporality: z.string().describe("delta, cumulative; empty for gauges."),
  is_monotonic: z.boolean().describe("True for a sum that only grows."),
  service_names: z.array(z.string()).describe("Who sent it; at most 50."),
  series_count: whole,
  last_seen: time,
};

export const metric = z.object(metricFields).meta({ id: "Metric" });
export type Metric = z.infer<typeof metric>;

export const metricList = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    data: z.array(metric).describe("By name; the 2,000 first. One name with two types is there twice."),
  })
  .meta({ id: "MetricList" });
export type MetricList = z.infer<typeof metricList>;

const textMap = z.record(z.string(), z.string());

export const metricDetail = z
  .object({
    ...metricFields,
    labels: z
      .array(z.object({ name: z.string(), values: z.array(z.string()), value_count: whole }))
      .describe(
        "What a query can filter on and group by: attributes, `service_name`, `environment`, and `resource.…` of the sender; at most 100 values of each.",
      ),
    series: z
      .array(
        z.object({
          service_name: z.string(),
          environment: z.string(),
          attributes: textMap,
          resource: textMap,
          last_seen: time,
        }),
      )
      .describe("The 100 that were seen last."),
    exemplars: z
      .array(z.object({ time, value: z.number().nullable(), trace_id: z.string(), span_id: z.string() }))
      .describe("Measurements with their trace, the newest first; at most 50."),
  })
  .meta({ id: "MetricDetail" });
export type MetricDetail = z.infer<typeof metricDetail>;

export const metricAggregation = z.enum(metricAggregations);

export const queryMetricBody = z.object({
  ...rangeQuery,
  name: metricName,
  aggregation: metricAggregation.describe(
    "Of a counter: sum or increase (what was counted in the step) and rate (a second). Of a gauge: avg, min, max and count of its points, and sum over series of their averages. Of a histogram: count, sum and avg of what was measured, rate and increase of the count, percentiles from buckets. Of a summary: count, sum, avg, rate, increase.",
  ),
  labels: labelValues
    .default({})
    .describe("Labels as GET /api/v1/metrics/:name tells them, with the values that match."),
  filter: filterJson.optional().describe(`Which series, in the query language: over ${metricFilterFields}.`),
  group_by: z.array(z.string().min(1).max(500)).max(10).default([]).describe("Labels; a series for each combination."),
  step_seconds: z
    .int()
    .min(10)
    .max(31 * 86_400)
    .optional()
    .describe("Default: what gives 60 to 120 steps. At most 1,500 steps."),
  limit: z.int().min(1).max(500).default(50).describe("Most series; those with the largest values are given."),
});
export type QueryMetricBody = z.input<typeof queryMetricBody>;

export const metricAnswer = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    name: z.string(),
    aggregation: metricAggregation,
    type: metricFields.type,
    unit: z.string(),
    step_seconds: whole,
    times: z.array(time).describe("Start of each step."),
    series: z.array(
      z.object({
        labels: textMap,
        values: z.array(z.number().nullable()).describe("By step; null where nothing was told."),
      }),
    ),
    is_truncated: z.boolean().describe("True when there are more series than were asked for."),
  })
  .meta({ id: "MetricAnswer" });
export type MetricAnswer = z.infer<typeof metricAnswer>;
