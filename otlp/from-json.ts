import { encodeMessage } from "./encode-message.ts";
import { MalformedOtlpError } from "./malformed.ts";
import { requests, type Signal } from "./schema.ts";

/**
 * The protobuf form of a request in OTLP's JSON form, so that there is one way on from here. Throws a
 * MalformedOtlpError: with the path of the wrong field, or for what is no JSON at all.
 */
export function requestFromJson(signal: Signal, json: Uint8Array): Buffer {
  return encodeMessage(requests[signal], parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength)));
}

function parse(json: Buffer): unknown {
  const text = json.toString("utf8");
  try {
    // Where integers are beyond 2^53 (times as numbers) their digits are needed, which costs more.
    return longNumber.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text);
  } catch (error) {
    throw MalformedOtlpError.in("", `is not valid: ${error instanceof Error ? error.message.slice(0, 200) : ""}`);
  }
}

/** May find one in a text too, which costs no more than time. */
const longNumber = /[[:,]\s*-?\d{16}/;

function exactIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d{1,20}$/.test(context.source) ? BigInt(context.source) : value;
}
