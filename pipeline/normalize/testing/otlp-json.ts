import type { AnyValue, Attributes, Span } from "@weir/otlp";
import type { ContentLog } from "../content-from-log.ts";

/** Spans and log records of OTLP JSON, for captures in tests. Reads what exporters write and checks nothing. */

interface JsonValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonKeyValue[] };
}

interface JsonKeyValue {
  readonly key: string;
  readonly value?: JsonValue;
}

interface JsonEvent {
  readonly timeUnixNano?: string;
  readonly name?: string;
  readonly attributes?: readonly JsonKeyValue[];
}

interface JsonSpan extends JsonEvent {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly events?: readonly JsonEvent[];
  readonly links?: readonly (JsonEvent & { traceId: string; spanId: string })[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface JsonScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly JsonKeyValue[];
}

interface JsonLog extends JsonEvent {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
  readonly body?: JsonValue;
}

/** An export of traces, and of logs beside it. */
export interface OtlpCapture {
  readonly traces: {
    readonly resourceSpans?: readonly {
      readonly resource?: { readonly attributes?: readonly JsonKeyValue[] };
      readonly scopeSpans?: readonly { readonly scope?: JsonScope; readonly spans?: readonly JsonSpan[] }[];
    }[];
  };
  readonly logs?: {
    readonly resourceLogs?: readonly {
      readonly scopeLogs?: readonly { readonly logRecords?: readonly JsonLog[] }[];
    }[];
  };
}

function readValue(value: JsonValue | undefined): AnyValue {
  if (value === undefined) return null;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.bytesValue !== undefined) return Uint8Array.from(Buffer.from(value.bytesValue, "base64"));
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(readValue);
  if (value.kvlistValue !== undefined) return readAttributes(value.kvlistValue.values);
  return null;
}

function readAttributes(list: readonly JsonKeyValue[] | undefined): Attributes {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, readValue(value)]));
}

/** All spans of a capture, in its order. */
export function spansOf({ traces }: OtlpCapture): Span[] {
  return (traces.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        traceState: span.traceState ?? "",
        flags: span.flags ?? 0,
        name: span.name ?? "",
        kind: span.kind ?? 0,
        startTimeUnixNano: BigInt(span.startTimeUnixNano ?? 0),
        endTimeUnixNano: BigInt(span.endTimeUnixNano ?? 0),
        attributes: readAttributes(span.attributes),
        events: (span.events ?? []).map((event) => ({
          timeUnixNano: BigInt(event.timeUnixNano ?? 0),
          name: event.name ?? "",
          attributes: readAttributes(event.attributes),
        })),
        links: (span.links ?? []).map(({ traceId, spanId, attributes }) => ({
          traceId,
          spanId,
          attributes: readAttributes(attributes),
        })),
        statusCode: span.status?.code ?? 0,
        statusMessage: span.status?.message ?? "",
        scope: {
          name: scope?.name ?? "",
          version: scope?.version ?? "",
          attributes: readAttributes(scope?.attributes),
        },
        resource: readAttributes(resource?.attributes),
      })),
    ),
  );
}

/** All log records of a capture with the span that they belong to. */
export function logsOf({ logs }: OtlpCapture): (ContentLog & { readonly spanId: string })[] {
  return (logs?.resourceLogs ?? []).flatMap(({ scopeLogs = [] }) =>
    scopeLogs.flatMap(({ logRecords = [] }) =>
      logRecords.map(({ spanId = "", eventName = "", body, attributes }) => ({
        spanId,
        eventName,
        body: readValue(body),
        attributes: readAttributes(attributes),
      })),
    ),
  );
}
