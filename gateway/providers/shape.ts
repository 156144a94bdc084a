import { type BilledUsage, type ContentFormat, type SpanKind, type Usage, unknownUsage } from "@weir/model";
import type { ByteAllowance } from "../recording/capture.ts";
import type { ScannedMember } from "../recording/json-scanner.ts";

/** What a provider's answer says about itself. Filled in as far as it is known; the rest stays empty or null. */
export interface Answer {
  usage: Usage;
  /** The provider gave a usage, be it incomplete. */
  hasUsage: boolean;
  /** What the provider bills, where that is not what was used (Cohere), or is told in more detail (realtime). */
  billed: BilledUsage | null;
  /** What the provider says that the call cost. */
  costNanoUsd: number | null;
  model: string;
  id: string;
  /** In the provider's own word: `default`, `flex`, `standard` …; "" when it says none. */
  serviceTier: string;
  /** In the provider's own word: `tool_calls`, `end_turn` … */
  finish: string;
  errorType: string;
  errorMessage: string;
  /** This is what came of a call that was answered before it was made, such as one in the background. */
  isLate: boolean;
  /** Counts and durations that have no column: searches, pages, times of a local server. Names carry the unit. */
  readonly details: Record<string, number>;
}

export function emptyAnswer(): Answer {
  return {
    usage: { ...unknownUsage },
    hasUsage: false,
    billed: null,
    costNanoUsd: null,
    model: "",
    id: "",
    serviceTier: "",
    finish: "",
    errorType: "",
    errorMessage: "",
    isLate: false,
    details: {},
  };
}

/** Reads the events of one streamed answer, in order, and puts the answer together that they add up to. */
export interface StreamReading {
  readonly answer: Answer;
  /** The stream has said that it is over: its own last event was seen, or a finish reason for all that began. */
  readonly isComplete: boolean;
  /**
   * One event's data; true when it carried content, reasoning or a tool call. `type` is the event's name where the
   * framing carries one beside the data. Throws only for what is no JSON.
   */
  read(data: Buffer, start: number, end: number, type: string): boolean;
  /** JSON of the answer as it would have come without streaming, as far as it got. */
  assemble(): Buffer;
}

/** What a price depends on that only the request tells. */
export interface RequestBill {
  /** As in an answer's details. */
  readonly details: Readonly<Record<string, number>>;
  /** Quality and size of images: `hd 1024x1792`. */
  readonly variant: string;
}

/** Reads it from a request's top-level members. */
export interface RequestBilling {
  readonly members: readonly string[];
  read(members: Readonly<Record<string, ScannedMember>>): RequestBill;
}

/** One operation of an API: how its bodies are read. */
export interface Api {
  /** `gen_ai.operation.name`; "" for what is no model call. */
  readonly operation: string;
  readonly kind: SpanKind;
  readonly format: ContentFormat;
  /** The path's template, without what comes before the version. */
  readonly route: string;
  /** The model, where the path names it; "" where the body does. */
  readonly model: string;
  /** Whether the answer is a stream: when the body's `stream` says so, unless it says no, or as the path says. */
  readonly streams: "when_asked" | "unless_refused" | "always" | "never";
  /** Calls without a trace of their own that have it in common share one; "" for none. */
  readonly traceSeed: string;
  /** Streams tell their usage only when asked to by `stream_options.include_usage`. */
  readonly mustAskForUsage: boolean;
  /** The answer is vectors or the like: not worth its room. */
  readonly dropsOutput: boolean;
  /** Reads a whole JSON answer that was no error. */
  readJson(body: Json, answer: Answer): void;
  readonly billing?: RequestBilling;
  /** Reads what the answer's headers say. They come before the body, which may know better. */
  readHeaders?(headers: VendorHeaders, answer: Answer): void;
  readonly openStream: ((allowance: ByteAllowance) => StreamReading) | null;
}

/** A path of an API. The pattern is tried against the path without its query. */
export interface ApiRoute {
  readonly method: "POST" | "GET";
  readonly path: RegExp;
  readonly api: Api | ((match: RegExpExecArray) => Api);
}

/** Headers of an answer that are a vendor's own, by lower-case name. */
export type VendorHeaders = Readonly<Record<string, string>>;

export type Json = Readonly<Record<string, unknown>>;

const noApi: Omit<Api, "route" | "operation"> = {
  kind: "http",
  format: "json",
  model: "",
  streams: "never",
  traceSeed: "",
  mustAskForUsage: false,
  dropsOutput: false,
  readJson() {},
  openStream: null,
};

/** An operation from what sets it apart from a plain HTTP call whose JSON nobody reads. */
export function defineApi(facts: Partial<Api> & Pick<Api, "route">): Api {
  return { ...noApi, operation: "", ...facts };
}

/**
 * What may stand before the end of a path that vendors have in common: nothing, a version, or one of the words that
 * they mount their API under. Groups: the deployment (Azure) or engine (old OpenAI) that is the model.
 */
const mount =
  "^(?:|.*/(?:v\\d+[a-z0-9]*|openai|api|inference|serverless|beta|models|openapi|deployments/([^/]+)|engines/([^/]+)))";

/** A route for every path that ends so, at whichever of the usual places. */
export function routeEnding(end: string, api: Api): ApiRoute {
  const path = new RegExp(`${mount}${end.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
  const named = ([, deployment, engine]: RegExpExecArray) => withModel(api, deployment ?? engine ?? "");
  return { method: "POST", path, api: named };
}

export function withModel(api: Api, pathModel: string): Api {
  return pathModel === "" ? api : { ...api, model: decodePath(pathModel) };
}

function decodePath(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The member's list, to push to; the record has one from now on. */
export function growingList(record: Record<string, unknown>, key: string): unknown[] {
  const known = record[key];
  const list: unknown[] = Array.isArray(known) ? known : [];
  record[key] = list;
  return list;
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A token count: null for anything but a non-negative integer that the column holds. */
export function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff ? value : null;
}

/** The sum of the counts that are known; null when none is. */
export function sumOf(...counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** Takes a number that has no column, where there is one. */
export function noteDetail(answer: Answer, name: string, value: unknown): void {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) answer.details[name] = value;
}

/** Takes a count that has no column, zero too: that a price's detail is none is worth knowing. */
export function noteCount(answer: Answer, name: string, count: number | null): void {
  if (count !== null) answer.details[name] = count;
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
  const message = error["message"] ?? error["Message"] ?? error["detail"];
  answer.errorMessage = (typeof message === "string" ? message : JSON.stringify(message ?? error)).slice(
    0,
    messageLimit,
  );
  answer.errorType =
    textOf(error["type"]) ||
    textOf(error["code"]) ||
    textOf(error["status"]) ||
    textOf(error["__type"]) ||
    answer.errorType;
  return true;
}
