import { newSpanRow, type ProjectId, parseSpanId, parseTraceId, type SpanRow } from "@weir/model";
import type { AnyValue, Span } from "@weir/otlp";

/** The row of a span: its ids, times, name, status, service and raw attributes. Never throws. */
export function normalizeSpan(span: Span, context: { projectId: ProjectId; retentionDays?: number }): SpanRow {
  const row = newSpanRow(context.projectId, "otlp", span.startTimeUnixNano);
  row.retention_days = context.retentionDays ?? row.retention_days;
  row.trace_id = parseTraceId(span.traceId) ?? row.trace_id;
  row.span_id = parseSpanId(span.spanId) ?? row.span_id;
  row.parent_span_id = parseSpanId(span.parentSpanId) ?? row.parent_span_id;
  row.is_entry = span.parentSpanId === "" ? 1 : 0;
  row.duration_ns = Math.max(0, Number(span.endTimeUnixNano - span.startTimeUnixNano));
  row.name = span.name;
  row.status = span.statusCode === 2 ? "error" : "ok";
  row.error_message = span.statusMessage;
  row.service_name = textOf(span.resource["service.name"] ?? "");
  const attributes: Record<string, string> = {};
  for (const key in span.attributes) attributes[key] = textOf(span.attributes[key] ?? null);
  row.attributes = attributes;
  return row;
}

function textOf(value: AnyValue): string {
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_key, it) => (typeof it === "bigint" ? String(it) : it));
}
