import type { IncomingMessage, ServerResponse } from "node:http";
import {
  asCodedError,
  CodedError,
  defaultRetention,
  type ErrorBody,
  type ErrorDetail,
  type SpanRow,
  type Telemetry,
} from "@weir/model";
import { type Consumer, createBlockWriter } from "@weir/pipeline";
import type { z } from "zod";
import type { ReceiversConfig } from "../config.ts";
import { announcedLength, inflateBody, readBody } from "../request-body.ts";
import { type SenderRules, senderOf } from "../sender.ts";
import { restEvents } from "./events.ts";
import { type TraceRequest, traceRequest } from "./trace-request.ts";
import { type TraceRows, traceRows } from "./trace-rows.ts";

export interface RestReceiverOptions extends SenderRules {
  readonly consumer: Consumer;
  readonly config: ReceiversConfig;
  readonly telemetry: Telemetry;
  /** Called with each row once it is durable. */
  readonly onRow?: (row: SpanRow) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function invalidFields(details: readonly ErrorDetail[]): CodedError {
  const shown = details.slice(0, 3).map(({ path, message }) => `${path}: ${message}`);
  const message = `${details.length} field(s) are wrong: ${shown.join("; ")}${details.length > 3 ? "; …" : ""}`;
  return new CodedError("BAD_REQUEST", message, { details });
}

/**
 * Answers `POST /api/v1/traces` and `/api/v1/traces/batch` (and the unversioned `/api/…`). 2xx comes only once the
 * rows are durable; bad fields come back as 400 with the path of each; a full journal as 503 with `Retry-After`.
 */
export function createRestReceiver(options: RestReceiverOptions): Handler {
  return (request, response) => {
    answer(options, request).then(
      (body) => sendJson(response, 200, body),
      (thrown: unknown) => sendError(options.telemetry, response, thrown),
    );
  };
}

async function answer(options: RestReceiverOptions, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? "").split("?", 1)[0]?.replace(/^\/api\/(?!v1\/)/, "/api/v1/");
  if (path !== "/api/v1/traces" && path !== "/api/v1/traces/batch")
    throw new CodedError("NOT_FOUND", "There is nothing at this path.");
  if (request.method !== "POST") throw new CodedError("METHOD_NOT_ALLOWED", "Traces are sent by POST.");
  const sender = senderOf(options, request.headers, request.socket.remoteAddress);
  const body = parseJson(await contentOf(request, options.config.maxBodyBytes));
  const isBatch = path.endsWith("/batch");
  const traces = isBatch ? readBatch(body, options.config) : [readTrace(body, "", options.config)];
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const problems: ErrorDetail[] = [];
  const accepted = traces.flatMap((trace, index) => {
    const own: ErrorDetail[] = [];
    const project = sender.projectFor(trace.project_id ?? undefined);
    const rows = traceRows(trace, project, nowNs, own);
    const retention = options.retentionOf?.(project) ?? defaultRetention;
    for (const row of rows?.rows ?? []) row.retention_days = retention.spansDays;
    problems.push(
      ...own.map((problem) => ({ ...problem, path: isBatch ? `traces[${index}].${problem.path}` : problem.path })),
    );
    return rows ?? [];
  });
  if (problems.length > 0) throw invalidFields(problems);
  await store(options, accepted, sender.keyId);
  const results = accepted.map(({ traceId, spanIds }) => ({ trace_id: traceId, span_ids: spanIds }));
  return isBatch
    ? { status: "accepted", count: results.length, traces: results }
    : { status: "accepted", ...results[0] };
}

async function contentOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { "content-length": length, "content-encoding": encoding = "identity" } = request.headers;
  return inflateBody(await readBody(request, announcedLength(length), { maxBytes }), encoding, { maxBytes });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new CodedError("BAD_REQUEST", "The body is not valid JSON.");
  }
}

function readTrace(body: unknown, prefix: string, { maxTraceSpans }: ReceiversConfig): TraceRequest {
  const parsed = traceRequest.safeParse(body);
  if (!parsed.success) throw invalidFields(parsed.error.issues.map((issue) => detail(issue, prefix)));
  if (parsed.data.spans.length > maxTraceSpans) {
    throw invalidFields([
      { path: `${prefix}spans`, message: `more than ${maxTraceSpans} spans (receivers.maxTraceSpans)` },
    ]);
  }
  return parsed.data;
}

/** A batch is `{traces: […]}` or the bare list. All its wrong fields are reported together. */
function readBatch(body: unknown, config: ReceiversConfig): TraceRequest[] {
  const list = Array.isArray(body) ? body : (body as { traces?: unknown } | null)?.traces;
  if (!Array.isArray(list) || list.length === 0) {
    throw invalidFields([{ path: "traces", message: "must be a list of at least one trace" }]);
  }
  if (list.length > config.maxBatchTraces) {
    throw invalidFields([
      { path: "traces", message: `more than ${config.maxBatchTraces} traces (receivers.maxBatchTraces)` },
    ]);
  }
  const details: ErrorDetail[] = [];
  const traces = list.flatMap((entry, index) => {
    try {
      return readTrace(entry, `traces[${index}].`, config);
    } catch (thrown) {
      if (!(thrown instanceof CodedError)) throw thrown;
      details.push(...(thrown.details ?? []));
      return [];
    }
  });
  if (details.length > 0) throw invalidFields(details);
  return traces;
}

function detail(issue: z.core.$ZodIssue, prefix: string): ErrorDetail {
  const path = issue.path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : text === "" || text.endsWith(".")
          ? `${text}${String(part)}`
          : `${text}.${String(part)}`,
    prefix,
  );
  return { path: path || "body", message: issue.message };
}

async function store(
  { consumer, onRow, telemetry }: RestReceiverOptions,
  traces: readonly TraceRows[],
  keyId: string,
): Promise<void> {
  const writer = createBlockWriter("spans");
  const rows = traces.flatMap((trace) => trace.rows);
  for (const row of rows) {
    row.api_key_id = keyId;
    writer.append(row);
  }
  await consumer.consume(writer.finish());
  telemetry.emit(restEvents.spansAccepted, {}, rows.length);
  if (onRow !== undefined) for (const row of rows) onRow(row);
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}

function sendError(telemetry: Telemetry, response: ServerResponse, thrown: unknown): void {
  const error = asCodedError(thrown);
  const details = error.details === undefined ? {} : { details: error.details };
  const body: ErrorBody = {
    error: { code: error.code, message: error.message, retryable: error.retryable, ...details },
  };
  const retryAfterS = error.status === 503 ? Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000)) : undefined;
  telemetry.emit(error.status >= 500 ? restEvents.refused : restEvents.rejected, { code: error.code });
  // What is left of a refused body is not read: the connection cannot be used again.
  const headers = { ...(retryAfterS !== undefined && { "retry-after": String(retryAfterS) }) };
  sendJson(response, error.status, body, headers);
}
