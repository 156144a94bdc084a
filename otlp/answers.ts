import { encodeMessage } from "./encode-message.ts";
import { MalformedOtlpError } from "./malformed.ts";
import { responses, retryInfo, rpcStatus, type Signal } from "./schema.ts";
import { WireReader } from "./wire-reader.ts";

/** How a request is spelled, and with it its answer. */
export type Spelling = "protobuf" | "json";

export interface PartialSuccess {
  /** Spans, log records or data points that were not taken; 0 with a message is a warning. */
  readonly rejectedCount: number;
  readonly reason: string;
}

const rejectedNames: Record<Signal, string> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

/** The answer to an export that was taken, wholly or in part. */
export function encodeExportAnswer(signal: Signal, spelling: Spelling, partial?: PartialSuccess): Buffer {
  const tree =
    partial === undefined
      ? {}
      : { partialSuccess: { [rejectedNames[signal]]: String(partial.rejectedCount), errorMessage: partial.reason } };
  return spelling === "json" ? Buffer.from(JSON.stringify(tree)) : encodeMessage(responses[signal], tree);
}

/** The codes of gRPC that a receiver answers with. */
export const rpcCodes = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** Told to the sender as google.rpc.RetryInfo. */
  readonly retryAfterMs?: number | undefined;
}

const retryInfoType = "type.googleapis.com/google.rpc.RetryInfo";

/** A google.rpc.Status: the body of an answer that refuses an export, or gRPC's `grpc-status-details-bin`. */
export function encodeRpcStatus({ code, message, retryAfterMs }: RpcStatus, spelling: Spelling): Buffer {
  if (spelling === "json") {
    const details =
      retryAfterMs === undefined
        ? {}
        : { details: [{ "@type": retryInfoType, retryDelay: `${retryAfterMs / 1000}s` }] };
    return Buffer.from(JSON.stringify({ code, message, ...details }));
  }
  const details = retryAfterMs === undefined ? [] : [{ typeUrl: retryInfoType, value: retryInfoValue(retryAfterMs) }];
  return encodeMessage(rpcStatus, { code, message, details });
}

function retryInfoValue(retryAfterMs: number): string {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
  return encodeMessage(retryInfo, { retryDelay: { seconds, nanos } }).toString("base64");
}

/**
 * What an answer to an export says was not taken. Never throws: an answer that cannot be read counts as a plain
 * success, as its status said.
 */
export function readExportAnswer(signal: Signal, spelling: Spelling, answer: Buffer): PartialSuccess {
  try {
    return spelling === "json" ? partialOfJson(signal, answer) : partialOfProtobuf(answer);
  } catch {
    return whole;
  }
}

const whole: PartialSuccess = { rejectedCount: 0, reason: "" };

function partialOfJson(signal: Signal, answer: Buffer): PartialSuccess {
  const { partialSuccess = {} } = JSON.parse(answer.toString()) as { partialSuccess?: Record<string, unknown> };
  const { [rejectedNames[signal]]: rejected, errorMessage } = partialSuccess;
  return { rejectedCount: Number(rejected ?? 0) || 0, reason: typeof errorMessage === "string" ? errorMessage : "" };
}

function partialOfProtobuf(answer: Buffer): PartialSuccess {
  const partial = fieldsOf(answer).get(1);
  if (!Buffer.isBuffer(partial)) return whole;
  const fields = fieldsOf(partial);
  const rejected = fields.get(1);
  const message = fields.get(2);
  return {
    rejectedCount: typeof rejected === "number" ? rejected : 0,
    reason: Buffer.isBuffer(message) ? message.toString() : "",
  };
}

/** The varints and texts of a message of such fields alone; throws at any other. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const reader = new WireReader();
  reader.bytes = bytes;
  const fields = new Map<number, number | Buffer>();
  while (reader.at < bytes.length) {
    const tag = reader.tag();
    const value = reader.varint();
    if (tag % 8 === 0) {
      fields.set(tag >> 3, value);
      continue;
    }
    if (tag % 8 !== 2 || reader.at + value > bytes.length) throw MalformedOtlpError.at(reader.at, "is no answer");
    fields.set(tag >> 3, bytes.subarray(reader.at, reader.at + value));
    reader.at += value;
  }
  return fields;
}
