import type { IncomingMessage, ServerResponse } from "node:http";
import { CodedError, type Telemetry } from "@weir/model";
import type { Dispatcher } from "undici";
import { type Admission, admit, type GatewayCatalog, takeQueryKey } from "./auth.ts";
import type { GatewayConfig } from "./config.ts";
import { callRefused, observationFailed, upstreamFailed, upstreamRetried, usageStayedVisible } from "./events.ts";
import { type AnswerHead, type RequestHead, readAnswerHead, readRequestHead } from "./headers.ts";
import { answerError } from "./own-answer.ts";
import { type Provider, upstreamPath } from "./provider-table.ts";
import { apiOf } from "./providers/index.ts";
import type { Api } from "./providers/shape.ts";
import { CallRecord } from "./recording/call-record.ts";
import { BodyCapture, type CaptureBudget } from "./recording/capture.ts";
import { isEncoded } from "./recording/decode.ts";
import { JsonScanner } from "./recording/json-scanner.ts";
import { isJsonType, ResponseObserver } from "./recording/observe.ts";
import type { Recorder } from "./recording/recorder.ts";
import { RelayedBody } from "./relayed-body.ts";
import { applyPatch, requestMembers, UsageFrameFilter, usagePatch } from "./stream-usage.ts";
import { isConnectionFailing, isKeepAliveRace, type Upstream, upstreamError } from "./upstream.ts";

/** What all calls of a gateway share. */
export interface ForwardContext {
  readonly config: GatewayConfig;
  readonly upstream: Upstream;
  readonly recorder: Recorder;
  readonly catalog: GatewayCatalog;
  readonly telemetry: Telemetry;
  readonly budget: CaptureBudget;
  readonly isLoopbackListener: boolean;
  /** Calls under way. */
  readonly calls: Set<ForwardedCall>;
  nextCallNumber: number;
  isDraining: boolean;
}

/** A body up to this size goes up in one piece, once it is whole: it can be sent again, and saves a stream. */
const smallBodyBytes = 64 << 10;

/** Begins to forward a request. `startMs` is when it arrived, `requestedPath`
 * what follows `/<provider>`, with its query. */
export function forward(
  context: ForwardContext,
  req: IncomingMessage,
  res: ServerResponse,
  provider: Provider,
  requestedPath: string,
  startMs: number,
): void {
  let head: RequestHead;
  let admission: Admission;
  let path = requestedPath;
  try {
    head = readRequestHead(req.rawHeaders, provider.keepGatewayHeaders);
    if (path.includes("key=")) path = takeQueryKey(path, head, context.catalog);
    admission = admit(head, provider, context.catalog, context.isLoopbackListener, path);
    if (head.contentLength > context.config.bodyLimitBytes) throw tooLarge(context.config.bodyLimitBytes);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    context.telemetry.emit(callRefused, { code: error.code, provider: provider.id });
    answerError(res, error, provider.shape);
    return;
  }
  const query = path.indexOf("?");
  const record = new CallRecord({
    callNumber: context.nextCallNumber++,
    startMs,
    method: req.method ?? "GET",
    provider,
    api: apiOf(req.method ?? "GET", query === -1 ? path : path.slice(0, query)),
    admission,
    attribution: head.attribution,
    traceparent: head.traceparent,
  });
  new ForwardedCall(context, req, res, record, head, path).start();
}

function tooLarge(limitBytes: number): CodedError {
  return new CodedError("BODY_TOO_LARGE", `The request's body is over this gateway's limit of ${limitBytes} bytes.`);
}

/**
 * One call on its way: the client's request up, the provider's answer down. Bytes are passed on as they come, and each
 * side's pace holds the other back. Reading for the record happens after the bytes have gone.
 */
export class ForwardedCall implements Dispatcher.DispatchHandler {
  readonly record: CallRecord;

  readonly #context: ForwardContext;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #head: RequestHead;
  readonly #path: string;
  readonly #contentLength: number;

  #scanner: JsonScanner | undefined;
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #holdLimit = 0;
  #mayPatch = false;
  #hidesUsage = false;
  #filter: UsageFrameFilter | undefined;
  #stream: RelayedBody | undefined;

  #request: Dispatcher.DispatchOptions | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #sentAtMs = 0;
  #hasAnswer = false;
  #isAnswerWhole = false;
  #isOver = false;
  #isPaused = false;
  #answerHead: AnswerHead | undefined;

  constructor(
    context: ForwardContext,
    req: IncomingMessage,
    res: ServerResponse,
    record: CallRecord,
    head: RequestHead,
    path: string,
  ) {
    this.#context = context;
    this.#req = req;
    this.#res = res;
    this.record = record;
    this.#head = head;
    this.#path = path;
    this.#contentLength = head.contentLength;
  }

  start(): void {
    const { record } = this;
    this.#context.calls.add(this);
    this.#context.recorder.opened(record);
    this.#res.on("close", () => this.#onClientClose());
    // Writing to a client that has left is no error of ours; "close" tells.
    this.#res.on("error", () => {});
    if (this.#contentLength === 0) {
      this.#held = undefined;
      record.inputState = this.#context.config.capture.content ? "full" : "off";
      this.#dispatch(null);
    } else {
      this.#receiveBody();
    }
    record.ownMs += performance.now() - record.startMs;
  }

  /** Breaks the call off, as when its total deadline has passed. */
  fail(error: CodedError): void {
    this.#fail(error);
    this.#controller?.abort(error);
  }

  // The client's request.

  #receiveBody(): void {
    const { record } = this;
    const { capture } = this.#context.config;
    const isJson = isJsonType(this.#head.contentType) || mayBeJson(record.api, this.#head.contentType);
    const isPlain = !isEncoded(this.#head.contentEncoding);
    if (!isPlain) record.requestEncoding = this.#head.contentEncoding;
    if (!capture.content) record.inputState = "off";
    if (isJson && (capture.content || !isPlain)) {
      record.input = new BodyCapture(capture.bodyLimitBytes, this.#context.budget);
    }
    if (isJson && isPlain) this.#scanner = new JsonScanner(requestMembers);
    this.#mayPatch = isJson && isPlain && record.api.mustAskForUsage && record.provider.streamUsageOnRequest;
    this.#holdLimit = this.#mayPatch ? capture.holdLimitBytes : smallBodyBytes;
    const isChunkedUpload = this.#contentLength === -1 && !this.#mayPatch;
    this.#req.on("data", (chunk: Buffer) => this.#onBodyData(chunk));
    this.#req.on("end", () => this.#onBodyEnd());
    if (isChunkedUpload || this.#contentLength > this.#holdLimit) this.#beginStream();
  }

  #onBodyData(chunk: Buffer): void {
    const { record } = this;
    if (this.#isOver) return;
    record.requestBytes += chunk.length;
    if (record.requestBytes > this.#context.config.bodyLimitBytes) {
      this.fail(tooLarge(this.#context.config.bodyLimitBytes));
      return;
    }
    record.input?.push(chunk);
    this.#scanner?.push(chunk);
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) this.#req.pause();
      return;
    }
    this.#held?.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > this.#holdLimit) this.#beginStream();
  }

  /** The body is too long to wait for: what came so far and all that follows goes up as it comes. */
  #beginStream(): void {
    const stream = new RelayedBody(this.#req);
    this.#stream = stream;
    for (const chunk of this.#held ?? []) stream.push(chunk);
    this.#held = undefined;
    this.#dispatch(stream);
  }

  #onBodyEnd(): void {
    if (this.#isOver) return;
    const beganMs = performance.now();
    if (this.#scanner !== undefined) this.record.readRequest(this.#scanner);
    if (this.#stream !== undefined) this.#stream.push(null);
    else this.#dispatch(this.#wholeBody());
    this.record.ownMs += performance.now() - beganMs;
  }

  #wholeBody(): Buffer {
    const held = this.#held ?? [];
    this.#held = undefined;
    const [only] = held;
    const body = held.length === 1 && only !== undefined ? only : Buffer.concat(held, this.#heldBytes);
    if (!this.#mayPatch || this.#scanner === undefined) return body;
    const patch = usagePatch(this.#scanner);
    if (patch === undefined) return body;
    this.#hidesUsage = true;
    return applyPatch(body, patch);
  }

  // To the provider.

  #dispatch(body: Buffer | RelayedBody | null): void {
    const { record } = this;
    const { admission } = record;
    const { target } = admission;
    const headers = this.#head.forward;
    for (const part of admission.credentials) headers.push(part);
    if (this.#stream !== undefined && this.#contentLength > 0) {
      headers.push("content-length", String(this.#contentLength));
    }
    this.#request = {
      origin: target.origin,
      path: upstreamPath(target, this.#path),
      method: record.method,
      headers,
      body,
    };
    if (!this.#isOver) this.#context.upstream.dispatch(this.#request, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAtMs = performance.now();
    if (this.#isOver) controller.abort(new CodedError("UPSTREAM_CUT", "The client has left."));
  }

  onResponseStarted(): void {
    this.#hasAnswer = true;
  }

  // The provider's answer.

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (status < 200 || this.#isOver) return;
    const beganMs = performance.now();
    const { record } = this;
    const raw = (controller.rawHeaders ?? []) as Buffer[];
    const head = readAnswerHead(raw, (type) => this.#hidesUsage && isEventStream(type));
    this.#answerHead = head;
    record.httpStatus = status;
    this.#beginObserving(status, head);
    this.#writeHead(status, statusMessage ?? "", head);
    record.ownMs += performance.now() - beganMs;
  }

  #beginObserving(status: number, head: AnswerHead): void {
    const { capture } = this.#context.config;
    this.record.observer = new ResponseObserver(
      this.record.api,
      {
        status,
        contentType: head.contentType,
        contentEncoding: head.contentEncoding,
        vendorHeaders: head.vendorHeaders,
      },
      {
        contentBytes: capture.bodyLimitBytes,
        decodedBytes: capture.bodyLimitBytes * 2,
        budget: this.#context.budget,
      },
    );
    if (!this.#hidesUsage || !isEventStream(head.contentType)) return;
    if (isEncoded(head.contentEncoding)) this.#context.telemetry.emit(usageStayedVisible);
    else this.#filter = new UsageFrameFilter(this.record.provider.addsNullUsage);
  }

  #writeHead(status: number, statusMessage: string, head: AnswerHead): void {
    const res = this.#res;
    head.forward.push("x-weir-call-id", this.record.spanId);
    if (this.#context.isDraining) head.forward.push("connection", "close");
    res.sendDate = false;
    res.writeHead(status, statusMessage, head.forward);
    // When no byte of the body came with the head, the head goes out alone.
    process.nextTick(flushHead, this);
  }

  flushHead(): void {
    if (!this.#isOver && this.record.responseBytes === 0 && !this.#res.writableEnded) this.#res.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    const beganMs = performance.now();
    const { record } = this;
    if (record.firstByteAtMs === 0) record.firstByteAtMs = beganMs;
    record.responseBytes += chunk.length;
    if (!this.#passDown(chunk)) this.#holdBack(controller);
    try {
      record.observer?.push(chunk, beganMs);
    } catch (error) {
      this.#stopObserving(error);
    }
    record.ownMs += performance.now() - beganMs;
  }

  #passDown(chunk: Buffer): boolean {
    if (this.#filter === undefined) {
      if (this.record.responseBytes !== this.#answerHead?.contentLength) return this.#res.write(chunk);
      // The last of a body of known length: one write less.
      this.#isAnswerWhole = true;
      this.#res.end(chunk);
      return true;
    }
    const passed = this.#filter.push(chunk);
    return passed.length === 0 || this.#res.write(passed);
  }

  /** The client is slower than the provider: the provider waits. */
  #holdBack(controller: Dispatcher.DispatchController): void {
    controller.pause();
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#res.once("drain", () => {
      this.#isPaused = false;
      controller.resume();
    });
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) return;
    if (isConnectionFailing()) {
      this.#fail(upstreamError(new Error("reset"), this.record.provider.id));
      return;
    }
    if (this.#isAnswerWhole) return;
    const beganMs = performance.now();
    this.#isAnswerWhole = true;
    this.#flushFilter();
    this.#passTrailers(controller);
    this.#res.end();
    this.record.ownMs += performance.now() - beganMs;
  }

  #flushFilter(): void {
    const rest = this.#filter?.end();
    if (rest !== undefined && rest.length > 0) this.#res.write(rest);
  }

  #passTrailers(controller: Dispatcher.DispatchController): void {
    const raw = controller.rawTrailers as Buffer[] | null | undefined;
    if (!Array.isArray(raw) || raw.length === 0 || (this.#answerHead?.contentLength ?? -1) >= 0) return;
    const trailers: [string, string][] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) trailers.push([String(raw[index]), String(raw[index + 1])]);
    this.#res.addTrailers(trailers);
  }

  #stopObserving(error: unknown): void {
    this.#context.telemetry.emit(observationFailed, { error: String(error) });
    this.record.observer?.release();
    this.record.observer = undefined;
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isOver || this.#retry(error)) return;
    this.#fail(upstreamError(error, this.record.provider.id));
  }

  #retry(error: Error): boolean {
    const { record } = this;
    const request = this.#request;
    const isReplayable = request !== undefined && this.#stream === undefined;
    if (!isReplayable || this.#hasAnswer || record.retries > 0) return false;
    if (!isKeepAliveRace(error, performance.now() - this.#sentAtMs)) return false;
    record.retries += 1;
    this.#context.telemetry.emit(upstreamRetried, { provider: record.provider.id });
    this.#context.upstream.dispatchFresh(request, this);
    return true;
  }

  /** The call cannot go on: an error when nothing was sent yet, else a connection that visibly breaks. */
  #fail(error: CodedError): void {
    if (this.#isOver) return;
    const { record } = this;
    this.#context.telemetry.emit(upstreamFailed, { provider: record.provider.id, code: error.code });
    record.errorMessage = error.message;
    record.errorType = errorTypes[error.code] ?? "server_error";
    if (record.httpStatus === null) {
      record.httpStatus = error.status;
      this.#settle("error");
      answerError(this.#res, error, record.provider.shape, record.spanId);
    } else {
      this.#flushFilter();
      this.#settle("cut");
      breakOff(this.#res, (this.#answerHead?.contentLength ?? -1) >= 0);
    }
  }

  // The end.

  #onClientClose(): void {
    if (this.#isOver) return;
    if (this.#isAnswerWhole && this.#res.writableFinished) {
      this.#settle("ok");
      return;
    }
    this.#settle("cancelled");
    const reason = new CodedError("UPSTREAM_CUT", "The client has left.");
    this.#stream?.destroy();
    this.#controller?.abort(reason);
  }

  #settle(status: CallRecord["status"]): void {
    const { record } = this;
    this.#isOver = true;
    record.status = status;
    record.endMs = performance.now();
    this.#held = undefined;
    if (this.#scanner !== undefined && record.requestModel === "") record.readRequest(this.#scanner);
    this.#context.calls.delete(this);
    this.#context.recorder.ended(record);
  }
}

const errorTypes: Readonly<Record<string, CallRecord["errorType"]>> = {
  UPSTREAM_UNREACHABLE: "upstream_unreachable",
  UPSTREAM_CUT: "upstream_cut",
  UPSTREAM_TIMEOUT: "upstream_timeout",
  BODY_TOO_LARGE: "too_large",
  BAD_REQUEST: "invalid_request",
};

function flushHead(call: ForwardedCall): void {
  call.flushHead();
}

/** A model call's body is JSON, also when its client (curl, most of all) forgets to say so. */
function mayBeJson(api: Api, contentType: string): boolean {
  return api.operation !== "" && !contentType.startsWith("multipart/");
}

function isEventStream(contentType: string): boolean {
  return contentType.startsWith("text/event-stream");
}

/** Ends the client's connection so that the answer cannot be taken for whole. What was received still arrives. */
function breakOff(res: ServerResponse, hasContentLength: boolean): void {
  const { socket } = res;
  if (socket === null) {
    res.destroy();
    return;
  }
  res.flushHeaders();
  if (hasContentLength || res.chunkedEncoding) {
    // The length or the last chunk is missing: a plain end is an error to the client.
    socket.destroySoon();
  } else {
    // Only the end of the connection ends this answer: it must not look orderly.
    socket.write("", () => socket.resetAndDestroy());
  }
}
