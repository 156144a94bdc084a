import type { LogRow } from "./columns.ts";
import { noSpanId, noTraceId, type ProjectId } from "./ids.ts";
import { defaultRetentionDays } from "./retention.ts";

/** A log record with nothing known but its time (nanoseconds since 1970), for the caller to fill. */
export function newLogRow(projectId: ProjectId, timeUnixNano: bigint): LogRow {
  return {
    project_id: projectId,
    retention_days: defaultRetentionDays,
    time: timeUnixNano,
    observed_time: timeUnixNano,
    sequence: 0,
    severity_number: 0,
    severity_text: "",
    event_name: "",
    service_name: "",
    environment: "",
    scope_name: "",
    scope_version: "",
    trace_id: noTraceId,
    span_id: noSpanId,
    trace_flags: 0,
    body_format: "text",
    body: "",
    attributes: {},
    resource: {},
  };
}
