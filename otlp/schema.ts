/** How a scalar is written: protobuf's types; `id` is bytes that JSON spells in hex. */
export type ScalarType =
  | "string"
  | "bytes"
  | "id"
  | "bool"
  | "int32"
  | "uint32"
  | "sint32"
  | "int64"
  | "uint64"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double";

export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: ScalarType | Message;
  readonly isRepeated: boolean;
}

/** A message's fields by the names of its JSON form. */
export interface Message {
  readonly fields: readonly Field[];
}

type FieldTuple = readonly [name: string, number: number, type: ScalarType | Message, repeated?: "repeated"];

function message(...tuples: readonly FieldTuple[]): Message {
  return { fields: tuples.map(fieldOf) };
}

function fieldOf([name, number, type, repeated]: FieldTuple): Field {
  return { name, number, type, isRepeated: repeated === "repeated" };
}

const anyValue: { fields: Field[] } = { fields: [] };
const arrayValue = message(["values", 1, anyValue, "repeated"]);
const keyValue = message(["key", 1, "string"], ["value", 2, anyValue]);
const keyValueList = message(["values", 1, keyValue, "repeated"]);
const anyValueFields: readonly FieldTuple[] = [
  ["stringValue", 1, "string"],
  ["boolValue", 2, "bool"],
  ["intValue", 3, "int64"],
  ["doubleValue", 4, "double"],
  ["arrayValue", 5, arrayValue],
  ["kvlistValue", 6, keyValueList],
  ["bytesValue", 7, "bytes"],
];
anyValue.fields.push(...anyValueFields.map(fieldOf));

const resource = message(["attributes", 1, keyValue, "repeated"], ["droppedAttributesCount", 2, "uint32"]);
const scope = message(
  ["name", 1, "string"],
  ["version", 2, "string"],
  ["attributes", 3, keyValue, "repeated"],
  ["droppedAttributesCount", 4, "uint32"],
);

const event = message(
  ["timeUnixNano", 1, "fixed64"],
  ["name", 2, "string"],
  ["attributes", 3, keyValue, "repeated"],
  ["droppedAttributesCount", 4, "uint32"],
);
const link = message(
  ["traceId", 1, "id"],
  ["spanId", 2, "id"],
  ["traceState", 3, "string"],
  ["attributes", 4, keyValue, "repeated"],
  ["droppedAttributesCount", 5, "uint32"],
  ["flags", 6, "fixed32"],
);
const span = message(
  ["traceId", 1, "id"],
  ["spanId", 2, "id"],
  ["traceState", 3, "string"],
  ["parentSpanId", 4, "id"],
  ["flags", 16, "fixed32"],
  ["name", 5, "string"],
  ["kind", 6, "int32"],
  ["startTimeUnixNano", 7, "fixed64"],
  ["endTimeUnixNano", 8, "fixed64"],
  ["attributes", 9, keyValue, "repeated"],
  ["droppedAttributesCount", 10, "uint32"],
  ["events", 11, event, "repeated"],
  ["droppedEventsCount", 12, "uint32"],
  ["links", 13, link, "repeated"],
  ["droppedLinksCount", 14, "uint32"],
  ["status", 15, message(["message", 2, "string"], ["code", 3, "int32"])],
);

const logRecord = message(
  ["timeUnixNano", 1, "fixed64"],
  ["observedTimeUnixNano", 11, "fixed64"],
  ["severityNumber", 2, "int32"],
  ["severityText", 3, "string"],
  ["body", 5, anyValue],
  ["attributes", 6, keyValue, "repeated"],
  ["droppedAttributesCount", 7, "uint32"],
  ["flags", 8, "fixed32"],
  ["traceId", 9, "id"],
  ["spanId", 10, "id"],
  ["eventName", 12, "string"],
);

const exemplar = message(
  ["filteredAttributes", 7, keyValue, "repeated"],
  ["timeUnixNano", 2, "fixed64"],
  ["asDouble", 3, "double"],
  ["asInt", 6, "sfixed64"],
  ["spanId", 4, "id"],
  ["traceId", 5, "id"],
);
const pointTimes: readonly FieldTuple[] = [
  ["startTimeUnixNano", 2, "fixed64"],
  ["timeUnixNano", 3, "fixed64"],
];
const numberPoint = message(
  ["attributes", 7, keyValue, "repeated"],
  ...pointTimes,
  ["asDouble", 4, "double"],
  ["asInt", 6, "sfixed64"],
  ["exemplars", 5, exemplar, "repeated"],
  ["flags", 8, "uint32"],
);
const histogramPoint = message(
  ["attributes", 9, keyValue, "repeated"],
  ...pointTimes,
  ["count", 4, "fixed64"],
  ["sum", 5, "double"],
  ["bucketCounts", 6, "fixed64", "repeated"],
  ["explicitBounds", 7, "double", "repeated"],
  ["exemplars", 8, exemplar, "repeated"],
  ["flags", 10, "uint32"],
  ["min", 11, "double"],
  ["max", 12, "double"],
);
const buckets = message(["offset", 1, "sint32"], ["bucketCounts", 2, "uint64", "repeated"]);
const exponentialPoint = message(
  ["attributes", 1, keyValue, "repeated"],
  ...pointTimes,
  ["count", 4, "fixed64"],
  ["sum", 5, "double"],
  ["scale", 6, "sint32"],
  ["zeroCount", 7, "fixed64"],
  ["positive", 8, buckets],
  ["negative", 9, buckets],
  ["flags", 10, "uint32"],
  ["exemplars", 11, exemplar, "repeated"],
  ["min", 12, "double"],
  ["max", 13, "double"],
  ["zeroThreshold", 14, "double"],
);
const summaryPoint = message(
  ["attributes", 7, keyValue, "repeated"],
  ...pointTimes,
  ["count", 4, "fixed64"],
  ["sum", 5, "double"],
  ["quantileValues", 6, message(["quantile", 1, "double"], ["value", 2, "double"]), "repeated"],
  ["flags", 8, "uint32"],
);
const temporality: FieldTuple = ["aggregationTemporality", 2, "int32"];
const metric = message(
  ["name", 1, "string"],
  ["description", 2, "string"],
  ["unit", 3, "string"],
  ["gauge", 5, message(["dataPoints", 1, numberPoint, "repeated"])],
  ["sum", 7, message(["dataPoints", 1, numberPoint, "repeated"], temporality, ["isMonotonic", 3, "bool"])],
  ["histogram", 9, message(["dataPoints", 1, histogramPoint, "repeated"], temporality)],
  ["exponentialHistogram", 10, message(["dataPoints", 1, exponentialPoint, "repeated"], temporality)],
  ["summary", 11, message(["dataPoints", 1, summaryPoint, "repeated"])],
  ["metadata", 12, keyValue, "repeated"],
);

function request(resources: string, scopes: string, items: string, item: Message): Message {
  const scoped = message(["scope", 1, scope], [items, 2, item, "repeated"], ["schemaUrl", 3, "string"]);
  const held = message(["resource", 1, resource], [scopes, 2, scoped, "repeated"], ["schemaUrl", 3, "string"]);
  return message([resources, 1, held, "repeated"]);
}

/** The request of each signal, after opentelemetry-proto 1.10. */
export const requests = {
  traces: request("resourceSpans", "scopeSpans", "spans", span),
  logs: request("resourceLogs", "scopeLogs", "logRecords", logRecord),
  metrics: request("resourceMetrics", "scopeMetrics", "metrics", metric),
} as const;

export type Signal = keyof typeof requests;

function response(rejected: string): Message {
  return message(["partialSuccess", 1, message([rejected, 1, "int64"], ["errorMessage", 2, "string"])]);
}

/** The answer of each signal. */
export const responses = {
  traces: response("rejectedSpans"),
  logs: response("rejectedLogRecords"),
  metrics: response("rejectedDataPoints"),
} as const satisfies Record<Signal, Message>;

const anyMessage = message(["typeUrl", 1, "string"], ["value", 2, "bytes"]);
/** google.rpc.Status. */
export const rpcStatus = message(
  ["code", 1, "int32"],
  ["message", 2, "string"],
  ["details", 3, anyMessage, "repeated"],
);
/** google.rpc.RetryInfo. */
export const retryInfo = message(["retryDelay", 1, message(["seconds", 1, "int64"], ["nanos", 2, "int32"])]);
