import { noSpanId, noTraceId, type ProjectId } from "@weir/model";
import { type Filter, patternOf } from "@weir/query";
import { Bindings } from "./bindings.ts";
import type { RawRow } from "./call-row.ts";
import { conditionOn } from "./compile-filter.ts";
import { instantCursor, instantOfCursor } from "./cursor.ts";
import { logColumnsOfFilter } from "./filter-columns.ts";
import { rfc3339 } from "./instant.ts";
import type { Page } from "./list-calls.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { hasPattern } from "./search-text.ts";
import { happenedWithin, type TimeRange } from "./time-range.ts";

/** What narrows log records: within a field any value matches, the fields are joined by "and". */
export interface LogFilter {
  readonly service_name?: readonly string[] | undefined;
  readonly environment?: readonly string[] | undefined;
  readonly event_name?: readonly string[] | undefined;
  readonly scope_name?: readonly string[] | undefined;
  /** Records of this severity number or above. */
  readonly severity_from?: number | undefined;
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
  /** Attributes of the record by name; any of an attribute's values matches. */
  readonly attributes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Text that the body contains; any case. */
  readonly q?: string | undefined;
  /** In the query language, of the fields that log records have. */
  readonly query?: Filter | undefined;
}

export interface ListLogsQuestion {
  readonly range: TimeRange;
  readonly filter: LogFilter;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface LogRecordRow {
  /** Unique in its project: time and place in the order of arrival. */
  id: string;
  time: string;
  observed_time: string;
  severity_number: number;
  severity_text: string;
  event_name: string;
  service_name: string;
  environment: string;
  scope_name: string;
  scope_version: string;
  trace_id: string | null;
  span_id: string | null;
  trace_flags: number;
  body_format: string;
  body: string;
  /** Body or attributes are longer than a list gives. */
  is_truncated: boolean;
  attributes: Record<string, string>;
  resource: Record<string, string>;
}

/** Characters of a body or of one attribute in a list. */
const longestText = 16_384;

/** Log records, newest first. Pages stay stable while records arrive. Throws FILTER_INVALID for a field of spans alone. */
export async function listLogs(
  reader: SqlReader,
  project: ProjectId,
  question: ListLogsQuestion,
  options?: ReadOptions,
): Promise<Page<LogRecordRow>> {
  const bindings = new Bindings(project);
  const conditions = [
    bindings.tenant,
    happenedWithin(bindings, question.range),
    ...filterConditions(bindings, question.filter),
  ];
  if (question.cursor !== undefined) {
    const { unixNano, sequence } = instantOfCursor(question.cursor);
    const at = bindings.instant(unixNano);
    conditions.push(`time <= ${at}`, `(time, sequence) < (${at}, ${bindings.bind("UInt32", sequence)})`);
  }
  const limit = bindings.bind("UInt32", question.limit + 1);
  const longest = bindings.bind("UInt32", longestText);
  const sql = `SELECT toString(toUnixTimestamp64Nano(time)) AS nano, toString(time) AS time_text,
  toString(observed_time) AS observed_text, sequence, severity_number, severity_text, event_name, service_name,
  environment, scope_name, scope_version, lower(hex(trace_id)) AS trace_hex, lower(hex(span_id)) AS span_hex, trace_flags,
  body_format, leftUTF8(body, ${longest}) AS shown_body,
  length(body) > ${longest} OR arrayExists(value -> length(value) > ${longest}, mapValues(attributes)) AS is_cut,
  mapApply((name, value) -> (name, leftUTF8(value, ${longest})), attributes) AS shown_attributes, resource
FROM logs
WHERE ${conditions.join("\n  AND ")}
ORDER BY time DESC, sequence DESC
LIMIT ${limit}`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  const shown = rows.slice(0, question.limit);
  const last = shown.at(-1);
  const hasMore = rows.length > question.limit && last !== undefined;
  return {
    data: shown.map(toRecord),
    next_cursor: hasMore ? instantCursor(BigInt(String(last["nano"])), Number(last["sequence"])) : null,
  };
}

const valueFields = ["service_name", "environment", "event_name", "scope_name"] as const;

function filterConditions(bindings: Bindings, filter: LogFilter): string[] {
  const conditions: string[] = [];
  for (const field of valueFields) {
    const values = filter[field];
    if (values !== undefined) conditions.push(`${field} IN ${bindings.bind("Array(String)", values)}`);
  }
  for (const [name, values] of Object.entries(filter.attributes ?? {})) {
    const attribute = `attributes[${bindings.bind("String", name)}]`;
    conditions.push(`${attribute} IN ${bindings.bind("Array(String)", values)}`);
  }
  if (filter.severity_from !== undefined) {
    conditions.push(`severity_number >= ${bindings.bind("UInt32", filter.severity_from)}`);
  }
  if (filter.trace_id !== undefined) conditions.push(`trace_id = ${bindings.traceId(filter.trace_id)}`);
  if (filter.span_id !== undefined) conditions.push(`span_id = ${bindings.spanId(filter.span_id)}`);
  if (filter.q !== undefined)
    conditions.push(
      hasPattern(bindings, patternOf(["star", { text: filter.q }, "star"]), { content: ["body"], plain: [] }),
    );
  if (filter.query !== undefined) {
    conditions.push(conditionOn(bindings, filter.query, logColumnsOfFilter, "log records"));
  }
  return conditions;
}

function toRecord(row: RawRow): LogRecordRow {
  const text = (name: string) => String(row[name]);
  return {
    id: `${text("nano")}-${text("sequence")}`,
    time: rfc3339(text("time_text")),
    observed_time: rfc3339(text("observed_text")),
    severity_number: Number(row["severity_number"]),
    severity_text: text("severity_text"),
    event_name: text("event_name"),
    service_name: text("service_name"),
    environment: text("environment"),
    scope_name: text("scope_name"),
    scope_version: text("scope_version"),
    trace_id: text("trace_hex") === noTraceId ? null : text("trace_hex"),
    span_id: text("span_hex") === noSpanId ? null : text("span_hex"),
    trace_flags: Number(row["trace_flags"]),
    body_format: text("body_format"),
    body: text("shown_body"),
    is_truncated: Number(row["is_cut"]) === 1,
    attributes: row["shown_attributes"] as Record<string, string>,
    resource: row["resource"] as Record<string, string>,
  };
}
