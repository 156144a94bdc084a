import { encodeMessage } from "./encode-message.ts";
import type { LogRecord } from "./log.ts";
import type { Exemplar, ExponentialBuckets, Metric, MetricData } from "./metric.ts";
import { requests, type Signal } from "./schema.ts";
import type { AnyValue, Attributes, InstrumentationScope, Span } from "./span.ts";

/** A request in OTLP's JSON form: what JSON.stringify makes the OTLP/JSON body of. */
export type RequestTree = Readonly<Record<string, unknown>>;

/** The bytes of an ExportTraceServiceRequest. Neighbours of one resource or scope object share its section. */
export function encodeTraces(spans: readonly Span[]): Buffer {
  return encodeRequest("traces", tracesTree(spans));
}

/** The bytes of an ExportLogsServiceRequest. */
export function encodeLogs(records: readonly LogRecord[]): Buffer {
  return encodeRequest("logs", logsTree(records));
}

/** The bytes of an ExportMetricsServiceRequest. */
export function encodeMetrics(metrics: readonly Metric[]): Buffer {
  return encodeRequest("metrics", metricsTree(metrics));
}

/** The protobuf form of a request's JSON form. */
export function encodeRequest(signal: Signal, tree: RequestTree): Buffer {
  return encodeMessage(requests[signal], tree);
}

export function tracesTree(spans: readonly Span[]): RequestTree {
  return sections(spans, ["resourceSpans", "scopeSpans", "spans"], spanTree);
}

export function logsTree(records: readonly LogRecord[]): RequestTree {
  return sections(records, ["resourceLogs", "scopeLogs", "logRecords"], logTree);
}

export function metricsTree(metrics: readonly Metric[]): RequestTree {
  return sections(metrics, ["resourceMetrics", "scopeMetrics", "metrics"], metricTree);
}

interface Item {
  readonly resource: Attributes;
  readonly scope: InstrumentationScope;
}

function sections<Kind extends Item>(
  items: readonly Kind[],
  [resources, scopes, list]: readonly [string, string, string],
  treeOf: (item: Kind) => unknown,
): RequestTree {
  const outer: Record<string, unknown>[] = [];
  let inner: Record<string, unknown>[] = [];
  let trees: unknown[] = [];
  let last: Kind | undefined;
  for (const item of items) {
    const isNewResource = last?.resource !== item.resource;
    if (isNewResource) {
      inner = [];
      outer.push({ resource: { attributes: attributesTree(item.resource) }, [scopes]: inner });
    }
    if (isNewResource || last?.scope !== item.scope) {
      trees = [];
      inner.push({ scope: scopeTree(item.scope), [list]: trees });
    }
    trees.push(treeOf(item));
    last = item;
  }
  return { [resources]: outer };
}

function scopeTree({ name, version, attributes }: InstrumentationScope) {
  return { name, version, attributes: attributesTree(attributes) };
}

function spanTree(span: Span) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState: span.traceState,
    parentSpanId: span.parentSpanId,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(span.endTimeUnixNano),
    attributes: attributesTree(span.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.timeUnixNano),
      name: event.name,
      attributes: attributesTree(event.attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: attributesTree(attributes),
    })),
    status: { message: span.statusMessage, code: span.statusCode },
  };
}

function logTree(record: LogRecord) {
  const { severityNumber, severityText, flags, traceId, spanId, eventName } = record;
  return {
    timeUnixNano: String(record.timeUnixNano),
    observedTimeUnixNano: String(record.observedTimeUnixNano),
    severityNumber,
    severityText,
    body: valueTree(record.body),
    attributes: attributesTree(record.attributes),
    flags,
    traceId,
    spanId,
    eventName,
  };
}

function metricTree({ name, description, unit, metadata, data }: Metric) {
  const described = { name, description, unit, metadata: attributesTree(metadata) };
  return data.type === "none" ? described : { ...described, [data.type]: dataTree(data) };
}

function dataTree(data: Exclude<MetricData, { type: "none" }>) {
  const dataPoints = data.points.map((point) => ({
    ...plainTree(point),
    attributes: attributesTree(point.attributes),
    ...("value" in point && numberTree(point.value)),
    ...("exemplars" in point && { exemplars: point.exemplars.map(exemplarTree) }),
    ...("quantileValues" in point && {
      quantileValues: point.quantileValues.map((read) => ({
        quantile: doubleTree(read.quantile),
        value: doubleTree(read.value),
      })),
    }),
    ...("positive" in point && { positive: bucketsTree(point.positive), negative: bucketsTree(point.negative) }),
  }));
  return {
    dataPoints,
    ...("temporality" in data && { aggregationTemporality: data.temporality }),
    ...("isMonotonic" in data && { isMonotonic: data.isMonotonic }),
  };
}

/** The numbers of a point, and its lists of numbers. */
function plainTree(point: object): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(point)) {
    if (name === "value") continue;
    if (typeof value === "bigint") tree[name] = String(value);
    else if (typeof value === "number") tree[name] = doubleTree(value);
    else if (Array.isArray(value))
      tree[name] = value.map((it) => (typeof it === "number" ? doubleTree(it) : String(it)));
  }
  return tree;
}

function bucketsTree({ offset, bucketCounts }: ExponentialBuckets) {
  return { offset, bucketCounts: bucketCounts.map(String) };
}

function exemplarTree({ filteredAttributes, timeUnixNano, value, spanId, traceId }: Exemplar) {
  return {
    filteredAttributes: attributesTree(filteredAttributes),
    timeUnixNano: String(timeUnixNano),
    ...numberTree(value),
    spanId,
    traceId,
  };
}

function numberTree(value: number | bigint | null) {
  if (value === null) return {};
  return isInteger(value) ? { asInt: String(value) } : { asDouble: doubleTree(value) };
}

/** A bigint, or a number that may be written as one. */
function isInteger(value: number | bigint): value is bigint {
  return typeof value === "bigint" || (Number.isSafeInteger(value) && !Object.is(value, -0));
}

function doubleTree(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function attributesTree(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueTree(value) }));
}

/** Whole numbers become ints, others doubles. */
function valueTree(value: AnyValue): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "bigint":
    case "number":
      return isInteger(value) ? { intValue: String(value) } : { doubleValue: doubleTree(value) };
    default:
      if (value === null) return {};
      if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
      if (Array.isArray(value)) return { arrayValue: { values: value.map(valueTree) } };
      return { kvlistValue: { values: attributesTree(value as Attributes) } };
  }
}
