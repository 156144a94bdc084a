import type { SpanStatus } from "@weir/model";
import type { Span } from "@weir/otlp";
import { textOf } from "./attribute-value.ts";
import type { FieldValues } from "./compiled-fields.ts";

/** `Error code: 429 - …` of the Python SDKs, `429 …` of the JavaScript ones. */
const statusInMessage = /^(?:Error code: )?([45]\d{2})\b/;

/** The HTTP status that a failed call was answered with, as an attribute or the error's own words tell; else null. */
export function httpStatus(
  { statusMessage, attributes }: Span,
  { http_status, error_message }: FieldValues,
): number | null {
  if (http_status !== undefined) return http_status <= 599 ? http_status : null;
  const message = statusMessage || (error_message ?? textOf(attributes["exception.message"]) ?? "");
  const told = statusInMessage.exec(message)?.[1];
  return told === undefined ? null : Number(told);
}

export interface Outcome {
  readonly status: SpanStatus;
  readonly errorType: string;
  readonly errorMessage: string;
}

const statusError = 2;
const statusOk = 1;

/** What languages call it when the caller went away. */
const cancellations =
  /(?:^|\.)(?:CancelledError|CanceledError|AbortError|APIUserAbortError|GeneratorExit|context canceled)$/;

/**
 * How a span ended: its status, an `error.type`, or Langfuse's level ERROR make it an error; an exception event alone
 * does not, since the exception may have been handled. The type is that of the error, else of the exception, else the
 * class that the status message begins with.
 */
export function outcome(span: Span, fields: FieldValues): Outcome {
  const isError =
    span.statusCode === statusError ||
    fields.level === "ERROR" ||
    (fields.error_type !== undefined && span.statusCode !== statusOk);
  if (!isError) return { status: "ok", errorType: "", errorMessage: "" };
  const exception = span.events.findLast(({ name }) => name === "exception")?.attributes ?? span.attributes;
  const errorType =
    fields.error_type ??
    textOf(exception["exception.type"]) ??
    /^([A-Za-z_][\w.]*(?:Error|Exception|Timeout))\b/.exec(span.statusMessage)?.[1] ??
    (fields.http_status !== undefined && fields.http_status >= 400 ? String(fields.http_status) : "_OTHER");
  return {
    status: cancellations.test(errorType) ? "cancelled" : "error",
    errorType,
    errorMessage: span.statusMessage || textOf(exception["exception.message"]) || (fields.error_message ?? ""),
  };
}
