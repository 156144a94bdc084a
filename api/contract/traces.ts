import { z } from "zod";
import { callDetail, callPage } from "./calls.ts";
import {
  anyOf,
  costFields,
  filterText,
  pageOf,
  pageQuery,
  projectQuery,
  rangeQuery,
  time,
  traceId,
  whole,
  wholeOrUnknown,
} from "./fields.ts";
import { filterJson } from "./query.ts";

export const listTracesQuery = z.object({
  ...rangeQuery,
  name: anyOf.optional(),
  kind: anyOf.optional().describe("The kind of the trace's entry span."),
  status: anyOf.optional().describe("The status of the trace's entry span."),
  user_id: anyOf.optional(),
  session_id: anyOf.optional(),
  service_name: anyOf.optional(),
  environment: anyOf.optional(),
  tag: anyOf.optional(),
  q: z.string().min(1).max(500).optional().describe("Text that the entry span's name or previews contain; any case."),
  filter: filterText
    .optional()
    .describe(
      "A filter in text form: one and the same span of the trace matches it. `entry:true` asks the entry span.",
    ),
  ...pageQuery,
});
export type ListTracesQuery = z.input<typeof listTracesQuery>;

/** A trace: its entry span, and the totals of all its spans. */
export const traceSummary = z
  .object({
    trace_id: z.string(),
    span_id: z.string().describe("The entry span."),
    project_id: z.string(),
    name: z.string(),
    kind: z.string(),
    source: z.string(),
    service_name: z.string(),
    status: z.string(),
    error_type: z.string(),
    start_time: time,
    end_time: time,
    duration_ns: whole.describe("Of the entry span."),
    user_id: z.string(),
    session_id: z.string(),
    tags: z.array(z.string()),
    environment: z.string(),
    models: z.array(z.string()).describe("The models that were called."),
    span_count: whole,
    error_count: whole,
    input_tokens: wholeOrUnknown,
    output_tokens: wholeOrUnknown,
    ...costFields,
    calls_without_cost: whole.describe("Calls of models whose cost is unknown; the cost leaves them out."),
    input_preview: z.string(),
    output_preview: z.string(),
  })
  .meta({ id: "TraceSummary" });
export type TraceSummary = z.infer<typeof traceSummary>;

export const tracePage = pageOf(traceSummary).meta({ id: "TracePage" });
export type TracePage = z.infer<typeof tracePage>;

export const traceParams = z.object({ trace_id: traceId });

export const getTraceQuery = z.object({
  ...projectQuery,
  include: z.enum(["content"]).optional().describe("`content`: input and output of every span in full."),
});
export type GetTraceQuery = z.input<typeof getTraceQuery>;

/** A span of a trace. `input` and `output` are there with `include=content` only. */
export const traceSpan = callDetail.partial({ input: true, output: true }).meta({ id: "TraceSpan" });
export type TraceSpan = z.infer<typeof traceSpan>;

export const traceDetail = z
  .object({
    trace_id: z.string(),
    project_id: z.string(),
    start_time: time.describe("Of the earliest span."),
    end_time: time.describe("Of the latest."),
    duration_ns: whole.describe("From the earliest start to the latest end."),
    span_count: whole,
    error_count: whole,
    input_tokens: wholeOrUnknown,
    output_tokens: wholeOrUnknown,
    ...costFields,
    calls_without_cost: whole,
    is_truncated: z.boolean().describe("True when the trace has more spans than are given here."),
    spans: z.array(traceSpan).describe("By start time; `parent_span_id` makes the tree. A parent may be missing."),
  })
  .meta({ id: "TraceDetail" });
export type TraceDetail = z.infer<typeof traceDetail>;

/** Where a search looks, what it looks for, and in which order it answers. */
export const searchTracesBody = z.strictObject({
  filter: filterJson.optional(),
  of: z
    .enum(["traces", "spans"])
    .default("traces")
    .describe("What is answered: traces of which a span matches, or spans."),
  ...rangeQuery,
  order: z.enum(["newest", "oldest"]).default("newest").describe("By start time."),
  limit: z.int().min(1).max(200).default(50),
  cursor: pageQuery.cursor,
});
export type SearchTracesBody = z.input<typeof searchTracesBody>;

export const searchResult = z
  .union([
    z.object({ of: z.literal("traces"), ...tracePage.shape }),
    z.object({ of: z.literal("spans"), ...callPage.shape }),
  ])
  .meta({ id: "TraceSearchResult" });
export type SearchResult = z.infer<typeof searchResult>;
