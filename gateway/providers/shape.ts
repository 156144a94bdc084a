import { type ContentFormat, type SpanKind, type Usage, unknownUsage } from "@weir/model";
import type { ByteAllowance } from "../recording/capture.ts";

/** What a provider's answer says about itself. Filled in as far as it is known; the rest stays empty or null. */
export interface Answer {
  usage: Usage;
  /** The provider gave a usage, be it incomplete. */
  hasUsage: boolean;
  /** What the provider says that the call cost. */
  costNanoUsd: number | null;
  model: string;
  id: string;
  /** In the provider's own word: `tool_calls`, `end_turn` … */
  finish: string;
  errorType: string;
  errorMessage: string;
}

export function emptyAnswer(): Answer {
  return {
    usage: { ...unknownUsage },
    hasUsage: false,
    costNanoUsd: null,
    model: "",
    id: "",
    finish: "",
    errorType: "",
    errorMessage: "",
  };
}

/** Reads the events of one streamed answer, in order, and puts the answer together that they add up to. */
export interface StreamReading {
  readonly answer: Answer;
  /** The stream has said that it is over: its own last event was seen, or a finish reason for all that began. */
  readonly isComplete: boolean;
  /** One event's data; true when it carried content, reasoning or a tool call. Throws only for what is no JSON. */
  read(data: Buffer, start: number, end: number): boolean;
  /** JSON of the answer as it would have come without streaming, as far as it got. */
  assemble(): Buffer;
}

/** One operation of an API: how its bodies are read. */
export interface Api {
  /** `gen_ai.operation.name`; "" for what is no model call. */
  readonly operation: string;
  readonly kind: SpanKind;
  readonly format: ContentFormat;
  /** The path's template, without what comes before the version. */
  readonly route: string;
  /** Streams tell their usage only when asked to by `stream_options.include_usage`. */
  readonly mustAskForUsage: boolean;
  /** The answer is vectors or the like: not worth its room. */
  readonly dropsOutput: boolean;
  /** Reads a whole JSON answer that was no error. */
  readJson(body: Readonly<Record<string, unknown>>, answer: Answer): void;
  readonly openStream: ((allowance: ByteAllowance) => StreamReading) | null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A token count: null for anything but a non-negative integer that the column holds. */
export function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff ? value : null;
}

const messageLimit = 4096;

/**
 * Reads an error as providers write it: `{error: {type, message}}`, `{error: "text"}`, `{message}`, `{detail}`, or the
 * first of these in an array. Returns whether there was one.
 */
export function readError(body: unknown, answer: Answer): boolean {
  const first = Array.isArray(body) ? body[0] : body;
  if (!isRecord(first)) return false;
  const error = first["error"] ?? first;
  if (typeof error === "string") {
    answer.errorMessage = error.slice(0, messageLimit);
    return true;
  }
  if (!isRecord(error)) return false;
  const message = error["message"] ?? error["detail"];
  answer.errorMessage = (typeof message === "string" ? message : JSON.stringify(message ?? error)).slice(
    0,
    messageLimit,
  );
  answer.errorType = textOf(error["type"]) || textOf(error["code"]) || textOf(error["status"]);
  return true;
}
