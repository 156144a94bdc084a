export {
  encodeExportAnswer,
  encodeRpcStatus,
  type PartialSuccess,
  type RpcStatus,
  readExportAnswer,
  rpcCodes,
  type Spelling,
} from "./answers.ts";
export { decodeLogs } from "./decode-logs.ts";
export { decodeMetrics } from "./decode-metrics.ts";
export {
  encodeLogs,
  encodeMetrics,
  encodeTraces,
  logsTree,
  metricsTree,
  type RequestTree,
  tracesTree,
} from "./encode.ts";
export { requestFromJson } from "./from-json.ts";
export { hashOf, mostKeys } from "./key-table.ts";
export type { LogRecord } from "./log.ts";
export { MalformedOtlpError } from "./malformed.ts";
export type {
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogramPoint,
  HistogramPoint,
  Metric,
  MetricData,
  NumberPoint,
  SummaryPoint,
} from "./metric.ts";
export type { Signal } from "./schema.ts";
export type { AnyValue, Attributes, InstrumentationScope, Span, SpanEvent, SpanLink } from "./span.ts";
export { decodeTraces, SpanCursor, valueKinds } from "./span-cursor.ts";
export { TextCache } from "./text-cache.ts";
