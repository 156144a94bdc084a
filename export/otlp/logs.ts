import type { EventDefinition, EventFields, SpanRow } from "@weir/model";
import type { AnyValue, LogRecord } from "@weir/otlp";
import type { GenAiContent } from "./gen-ai-messages.ts";
import { callAttributes, contentAttributes, type Sender } from "./span-of-row.ts";

const severities = { debug: 5, info: 9, warn: 13, error: 17 } as const;

/** One of Weir's own log lines as a log record. */
export function logOfEvent(event: EventDefinition, fields: EventFields, sender: Sender, nowUnixMs: number): LogRecord {
  const attributes: Record<string, AnyValue> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) attributes[name] = value;
  return {
    ...recordAt(BigInt(nowUnixMs) * 1_000_000n, sender),
    severityNumber: severities[event.level],
    severityText: event.level.toUpperCase(),
    body: event.message,
    attributes,
  };
}

/** A call's content as the event `gen_ai.client.inference.operation.details`, bound to its span. */
export function logOfContent(row: SpanRow, content: GenAiContent, sender: Sender): LogRecord {
  return {
    ...recordAt(row.start_time + BigInt(row.duration_ns), sender),
    severityNumber: severities.info,
    severityText: "INFO",
    attributes: { ...callAttributes(row), ...contentAttributes(content) },
    flags: 1,
    traceId: row.trace_id,
    spanId: row.span_id,
    eventName: "gen_ai.client.inference.operation.details",
  };
}

function recordAt(timeUnixNano: bigint, sender: Sender): LogRecord {
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber: 0,
    severityText: "",
    body: null,
    attributes: {},
    flags: 0,
    traceId: "",
    spanId: "",
    eventName: "",
    ...sender,
  };
}
