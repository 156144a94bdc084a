import { z } from "zod";
import { rangeQuery, time } from "./fields.ts";

const conditionSchema = {
  type: "object",
  required: ["field"],
  properties: {
    field: { type: "string", description: "A field's name, or `@key` for an attribute." },
    op: { enum: ["eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "like", "has", "exists"] },
    value: { description: "A text, a number, a boolean, or a list of them. `500ms` has its unit." },
  },
} as const;

/** A filter as text or tree; `checkFilter` of the query language reads it, and says where it is wrong. */
export const filterJson = z.unknown().meta({
  description:
    'The text form (`"model:gpt-4o cost>0.01"`), a condition (`{"field":"cost","op":"gt","value":0.01}`), or `{"and":[…]}`, `{"or":[…]}`, `{"not":…}` of filters; see docs/query-language.md.',
  anyOf: [
    { type: "string", maxLength: 4000 },
    conditionSchema,
    { type: "object", required: ["and"], properties: { and: { type: "array" } } },
    { type: "object", required: ["or"], properties: { or: { type: "array" } } },
    { type: "object", required: ["not"], properties: { not: {} } },
  ],
});

/** Figures by groups; `checkAggregation` of the query language reads what is not where and when. */
export const queryBody = z.strictObject({
  filter: filterJson.optional(),
  select: z
    .array(z.string().max(300))
    .max(20)
    .describe("Figures: count(), and sum, avg, min, max, p50, p90, p95, p99, uniq of a field, such as p95(duration)."),
  group_by: z.array(z.string().max(300)).max(5).optional().describe("Fields or `@attribute`s."),
  bucket_seconds: z.int().min(1).optional().describe("Also by buckets of time of this length."),
  having: z
    .array(z.strictObject({ measure: z.string().max(300), op: z.string().max(8), value: z.number() }))
    .max(10)
    .optional()
    .describe("What a group's figures must be, in ns, nano-USD and bytes."),
  order_by: z
    .array(z.string().max(300))
    .max(5)
    .optional()
    .describe("Figures, groups or `time`; with - the highest first."),
  limit: z.int().min(1).max(10_000).optional().describe("Groups. Default: 1,000."),
  ...rangeQuery,
});
export type QueryBody = z.input<typeof queryBody>;

export const queryResult = z
  .object({
    from: time,
    to: time,
    project_id: z.string(),
    data: z.array(
      z.object({
        time: time.optional().describe("Start of the bucket."),
        group: z.record(z.string(), z.string()).describe("By the fields' long names; empty is none."),
        values: z
          .record(z.string(), z.number().nullable())
          .describe("By the figures' names; null where nothing is known."),
      }),
    ),
    is_truncated: z.boolean().describe("True when there are more groups than the limit."),
  })
  .meta({ id: "QueryResult" });
export type QueryResult = z.infer<typeof queryResult>;
