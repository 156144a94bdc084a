import type { Span } from "@weir/otlp";
import { textOf } from "./attribute-value.ts";
import type { FieldValues } from "./compiled-fields.ts";

/** Events that mark the first token: of the AI SDK, of OpenInference and of Traceloop. */
const firstTokenEvents = new Set([
  "ai.stream.firstChunk",
  "First Token Stream Event",
  "gen_ai.content.completion.chunk",
  "gen_ai.first_token",
]);

/** Whether the answer was streamed: as told, or as a time to first token or a streaming operation shows. */
export function isStream(span: Span, fields: FieldValues): boolean {
  if (fields.is_stream !== undefined) return fields.is_stream;
  const operation = textOf(span.attributes["ai.operationId"]) ?? textOf(span.attributes["operation.name"]) ?? "";
  return /^ai\.stream/.test(operation) || timeToFirstTokenNs(span, fields) !== null;
}

/** From the start to the first token in ns; null when it is unknown or the call is known not to stream. */
export function timeToFirstTokenNs(span: Span, fields: FieldValues): number | null {
  if (fields.is_stream === false) return null;
  if (fields.ttft_ns !== undefined) return fields.ttft_ns;
  const atMs = fields.first_token_at === undefined ? Number.NaN : Date.parse(fields.first_token_at);
  if (!Number.isNaN(atMs)) return sinceStart(span, BigInt(Math.round(atMs * 1000)) * 1000n);
  const event = span.events.find(({ name }) => firstTokenEvents.has(name));
  return event === undefined ? null : sinceStart(span, event.timeUnixNano);
}

function sinceStart({ startTimeUnixNano, endTimeUnixNano }: Span, timeUnixNano: bigint): number | null {
  const isWithin = timeUnixNano > startTimeUnixNano && timeUnixNano <= endTimeUnixNano;
  return isWithin ? Number(timeUnixNano - startTimeUnixNano) : null;
}
