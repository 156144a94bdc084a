import { z } from "zod";
import { callDetail } from "./calls.ts";
import {
  anyOf,
  costFields,
  pageOf,
  pageQuery,
  projectQuery,
  rangeQuery,
  time,
  traceId,
  whole,
  wholeOrUnknown,
} from "./fields.ts";

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
