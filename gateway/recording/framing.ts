import { ArrayFramer } from "./array-frames.ts";
import { AwsEventFramer } from "./aws-event-frames.ts";
import { EventFramer, type EventSink, type Framer } from "./frames.ts";
import { LineFramer } from "./line-frames.ts";

/** How a stream's events are told apart: Server-Sent Events, lines, one JSON array, Amazon's binary messages. */
export type StreamFraming = "events" | "lines" | "array" | "aws";

const lineTypes = ["application/x-ndjson", "application/ndjson", "application/stream+json", "application/jsonl"];

/**
 * The framing of an answer by its content type, or by its first bytes where that is missing or wrong. `first` must be
 * empty for a compressed body: its bytes say nothing. `isStreamPath`: the path itself asked for a stream, so that JSON
 * is a stream's array.
 */
export function framingOf(contentType: string, first: Buffer, isStreamPath: boolean): StreamFraming | "json" | "other" {
  if (contentType.startsWith("text/event-stream")) return "events";
  if (contentType.startsWith("application/vnd.amazon.eventstream")) return "aws";
  if (lineTypes.some((type) => contentType.startsWith(type))) return "lines";
  const start = first.toString("latin1", 0, 64).trimStart();
  const isJson = isJsonType(contentType);
  // No JSON begins with these letters, of which the first read may have but one.
  if ((isJson ? /^[de:]/ : /^(data:|event:|: )/).test(start)) return "events";
  if (isJson || looksLikeJson(contentType, start)) return isStreamPath ? "array" : "json";
  return "other";
}

export function isStreamFraming(framing: string): framing is StreamFraming {
  return Object.hasOwn(framers, framing);
}

const framers: Readonly<Record<StreamFraming, new (sink: EventSink, limitBytes: number) => Framer>> = {
  events: EventFramer,
  lines: LineFramer,
  array: ArrayFramer,
  aws: AwsEventFramer,
};

/** A framer that hands events up to the limit to the sink. */
export function openFramer(framing: StreamFraming, sink: EventSink, limitBytes: number): Framer {
  return new framers[framing](sink, limitBytes);
}

/** Servers send text/plain with whatever has no type, but with texts too: those may begin with a bracket. */
function looksLikeJson(contentType: string, start: string): boolean {
  if (contentType === "") return /^[[{]/.test(start);
  return contentType.startsWith("text/plain") && /^(\{\s*("|$)|\[\s*([{\]]|$))/.test(start);
}

export function isJsonType(contentType: string): boolean {
  return contentType.startsWith("application/json") || contentType.includes("+json");
}
