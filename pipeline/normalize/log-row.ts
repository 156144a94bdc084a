import { defaultRetentionDays, type LogRow, newLogRow, parseSpanId, parseTraceId } from "@weir/model";
import type { LogRecord } from "@weir/otlp";
import { attributeText, jsonOf, parsedJson } from "./attribute-value.ts";
import { type ContentLog, contentFromLog, type LogContent } from "./content-from-log.ts";
import type { NormalizeContext } from "./normalize-span.ts";
import { senderIdentity, textMap } from "./sender-identity.ts";

/** When a record arrived (nanoseconds since 1970), and its number among those that did. */
export interface Arrival {
  readonly timeUnixNano: bigint;
  readonly sequence: number;
}

/** The row of a log record. Never throws; ids that are none are kept as none. */
export function logRow(record: LogRecord, context: NormalizeContext, arrival: Arrival): LogRow {
  const row = newLogRow(context.projectId, record.timeUnixNano || record.observedTimeUnixNano || arrival.timeUnixNano);
  row.retention_days = context.retentionDays ?? defaultRetentionDays;
  row.observed_time = record.observedTimeUnixNano || arrival.timeUnixNano;
  row.sequence = arrival.sequence;
  row.severity_number = Math.min(Math.max(record.severityNumber, 0), 24);
  row.severity_text = record.severityText;
  row.event_name = record.eventName || attributeText(record.attributes["event.name"] ?? "");
  Object.assign(row, senderIdentity(record.resource));
  row.scope_name = record.scope.name;
  row.scope_version = record.scope.version;
  row.trace_id = parseTraceId(record.traceId) ?? row.trace_id;
  row.span_id = parseSpanId(record.spanId) ?? row.span_id;
  row.trace_flags = record.flags & 0xff;
  const isText = typeof record.body === "string" || record.body === null;
  row.body_format = isText ? "text" : "json";
  row.body = isText ? String(record.body ?? "") : jsonOf(record.body);
  row.attributes = textMap(record.attributes);
  row.resource = textMap(record.resource);
  return row;
}

/** What a stored record adds to its span's content; undefined for a record that is about something else. Never throws. */
export function contentFromLogRow(
  row: Pick<LogRow, "event_name" | "body_format" | "attributes"> & { readonly body: string },
): LogContent | undefined {
  const body = row.body_format === "json" ? parsedJson(row.body) : row.body;
  const record = { eventName: row.event_name, body: body ?? null, attributes: row.attributes };
  return contentFromLog(record as ContentLog);
}
