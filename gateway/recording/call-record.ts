import { createHash } from "node:crypto";
import type { SpanStatus } from "@weir/model";
import { newSpanId, newTraceId, noSpanId, parseSpanId, parseTraceId, type SpanId, type TraceId } from "@weir/model";
import type { Attribution } from "../attribution.ts";
import type { Admission } from "../auth.ts";
import type { Provider } from "../provider-table.ts";
import type { Api, RequestBill } from "../providers/shape.ts";
import { requestMembers } from "../stream-usage.ts";
import type { BodyCapture } from "./capture.ts";
import { JsonScanner, memberText, memberValue } from "./json-scanner.ts";
import type { ResponseObserver } from "./observe.ts";

/** The closed list of `error.type` for what the gateway records. */
export type ErrorType =
  | ""
  | "invalid_request"
  | "authentication"
  | "payment"
  | "permission"
  | "not_found"
  | "timeout"
  | "too_large"
  | "rate_limit"
  | "overloaded"
  | "server_error"
  | "stream_error"
  | "upstream_unreachable"
  | "upstream_cut"
  | "upstream_timeout"
  | "stream_incomplete";

/** Everything that is known of one forwarded call; filled in as it goes on. Times are readings of `performance.now()`. */
export class CallRecord {
  /** Unique within the process. */
  readonly callNumber: number;
  readonly startMs: number;
  readonly traceId: TraceId;
  readonly spanId: SpanId = newSpanId();
  readonly parentSpanId: SpanId;
  /** What the caller's traceparent says; true without one. */
  readonly isParentSampled: boolean;
  readonly method: string;
  readonly provider: Provider;
  readonly api: Api;
  readonly admission: Admission;
  readonly attribution: Attribution | undefined;

  requestModel = "";
  /** As the body says. */
  bodyUser = "";
  asksForStream = false;
  bill: RequestBill | undefined;
  requestBytes = 0;
  responseBytes = 0;
  requestEncoding = "";
  input: BodyCapture | undefined;
  /** Why there is no input. */
  inputState: "full" | "dropped" | "off" = "dropped";

  httpStatus: number | null = null;
  status: SpanStatus = "ok";
  errorType: ErrorType = "";
  errorMessage = "";
  retries = 0;
  firstByteAtMs = 0;
  endMs = 0;
  /** Time spent in the gateway's own code. */
  ownMs = 0;
  observer: ResponseObserver | undefined;

  isAnnounced = false;
  isSettled = false;

  constructor(facts: {
    callNumber: number;
    startMs: number;
    method: string;
    provider: Provider;
    api: Api;
    admission: Admission;
    attribution: Attribution | undefined;
    traceparent: string;
  }) {
    this.callNumber = facts.callNumber;
    this.startMs = facts.startMs;
    this.method = facts.method;
    this.provider = facts.provider;
    this.api = facts.api;
    this.requestModel = facts.api.model;
    this.asksForStream = facts.api.streams === "always";
    this.admission = facts.admission;
    this.attribution = facts.attribution;
    const remote = facts.traceparent === "" ? undefined : parseTraceparent(facts.traceparent);
    this.traceId = remote?.traceId ?? traceIdOf(facts.attribution?.traceAlias || facts.api.traceSeed);
    this.parentSpanId = remote?.spanId ?? noSpanId;
    this.isParentSampled = remote?.isSampled ?? true;
  }

  /** As a caller's would be whose call this is: what is below it names it as its parent (W3C Trace Context). */
  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-${this.isParentSampled ? "01" : "00"}`;
  }

  /** Takes what the gateway wants to know from the request's top-level members. */
  readRequest(scan: Pick<JsonScanner, "members">): void {
    const { members } = scan;
    this.requestModel = memberText(members["model"]) || this.api.model;
    this.asksForStream = asksForStream(this.api, members["stream"]?.text);
    this.bill = this.api.billing?.read(members);
    const metadata = memberValue(members["metadata"]);
    const metadataUser = (metadata as { user_id?: unknown } | null | undefined)?.user_id;
    this.bodyUser =
      memberText(members["user"]) ||
      memberText(members["safety_identifier"]) ||
      (typeof metadataUser === "string" ? metadataUser : "");
  }

  /** The decoded copy of a compressed request takes the place of its bytes. */
  readDecodedInput(decoded: Buffer): void {
    const scan = requestScanner(this.api);
    scan.push(decoded);
    this.readRequest(scan);
    this.input?.replace(decoded);
  }
}

/** A text to be spoken is billed by its length. */
const billedMemberLimitBytes = 64 << 10;

/** Finds what is wanted of a request to an API. */
export function requestScanner({ billing }: Api): JsonScanner {
  if (billing === undefined) return new JsonScanner(requestMembers);
  return new JsonScanner(new Set([...requestMembers, ...billing.members]), billedMemberLimitBytes);
}

function asksForStream(api: Api, member: string | undefined): boolean {
  if (api.streams === "always") return true;
  return api.streams === "unless_refused" ? member !== "false" : member === "true" && api.streams !== "never";
}

/** W3C Trace Context, version 00 and what later versions keep of it. */
function parseTraceparent(header: string): { traceId: TraceId; spanId: SpanId; isSampled: boolean } | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header.trim());
  if (match === null || match[1] === "ff" || (match[1] === "00" && match[5] !== undefined)) return undefined;
  const traceId = parseTraceId(match[2] as string);
  const spanId = parseSpanId(match[3] as string);
  const isSampled = (Number.parseInt(match[4] as string, 16) & 1) === 1;
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId, isSampled };
}

/** Calls that name the same trace, in whatever words, share a trace id. */
function traceIdOf(alias: string): TraceId {
  if (alias === "") return newTraceId();
  const asHex = parseTraceId(alias.replaceAll("-", ""));
  return asHex ?? parseTraceId(createHash("sha256").update(alias).digest("hex").slice(0, 32)) ?? newTraceId();
}
