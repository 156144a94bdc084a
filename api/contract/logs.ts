import { z } from "zod";
import { anyOf, filterText, pageOf, pageQuery, rangeQuery, spanId, time, traceId, whole } from "./fields.ts";
import { filterJson } from "./query.ts";

const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
type Severity = keyof typeof severities;

/** A severity by name or number; as its number. */
const severity = z
  .union([z.enum(Object.keys(severities) as [Severity, ...Severity[]]), z.coerce.number().int().min(1).max(24)])
  .transform((value) => (typeof value === "number" ? value : severities[value]))
  .describe("Records of this severity and above: trace, debug, info, warn, error, fatal, or 1 to 24.");

const q = z.string().min(1).max(500).describe("Text that the body contains; any case.");

const logFields = {
  ...rangeQuery,
  from: rangeQuery.from.describe("Start, inclusive. Default: 24 hours before `to`; with `trace_id`, any time."),
  severity: severity.optional(),
  service_name: anyOf.optional(),
  environment: anyOf.optional(),
  event_name: anyOf.optional(),
  scope_name: anyOf.optional(),
  trace_id: traceId.optional(),
  span_id: spanId.optional(),
  q: q.optional(),
  filter: filterText
    .describe(
      "A filter in text form over service_name, environment, trace_id, span_id, start_time, attributes and text (the body), such as `service:shop attributes.http.route:/pay timeout`; see docs/query-language.md.",
    )
    .optional(),
  ...pageQuery,
};

export const listLogsQuery = z.object(logFields);
export type ListLogsQuery = z.input<typeof listLogsQuery>;

/** Values of labels by name: all of the labels must match, each with any of its values. */
export const labelValues = z
  .record(z.string().min(1).max(500), anyOf)
  .refine((labels) => Object.keys(labels).length <= 50, "at most 50 names");

/** The same as a body, which can also tell attributes. */
export const queryLogsBody = z.object({
  ...logFields,
  filter: filterJson.optional(),
  attributes: labelValues
    .optional()
    .describe("Attributes of the record: name and value, or values of which any matches."),
});
export type QueryLogsBody = z.input<typeof queryLogsBody>;

export const logRecord = z
  .object({
    id: z.string().describe("Unique in its project."),
    time,
    observed_time: time.describe("When it was collected."),
    severity_number: whole.describe("1 to 24: trace, debug, info, warn, error, fatal, four each; 0 untold."),
    severity_text: z.string().describe("As the sender spells it."),
    event_name: z.string().describe("The kind of an event; empty for a plain record."),
    service_name: z.string(),
    environment: z.string(),
    scope_name: z.string().describe("The library that logged."),
    scope_version: z.string(),
    trace_id: z.string().nullable(),
    span_id: z.string().nullable(),
    trace_flags: whole,
    body_format: z.string().describe("text, or json for a structured body."),
    body: z.string(),
    is_truncated: z.boolean().describe("True when body or an attribute is longer than the 16,384 characters given."),
    attributes: z.record(z.string(), z.string()),
    resource: z.record(z.string(), z.string()).describe("What describes the sender."),
  })
  .meta({ id: "LogRecord" });
export type LogRecord = z.infer<typeof logRecord>;

export const logPage = pageOf(logRecord).meta({ id: "LogPage" });
export type LogPage = z.infer<typeof logPage>;
