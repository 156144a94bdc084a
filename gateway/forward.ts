import type { Socket } from "node:net";
import { CodedError, type Telemetry } from "@weir/model";
import { type Admission, admit, type GatewayCatalog, type Listener, takeQueryKey } from "./auth.ts";
import { type AwsSigner, signAws, signedHeaderNames } from "./aws-signature.ts";
import type { GatewayConfig } from "./config.ts";
import { callRefused, observationFailed, upstreamFailed, upstreamRetried, usageStayedVisible } from "./events.ts";
import type { GoogleTokens } from "./google-tokens.ts";
import { type AnswerHead, type RequestHead, readAnswerHead, readRequestHead } from "./headers.ts";
import type { Exchange, ExchangeHandler } from "./http1/exchange.ts";
import { chunked, isFieldValue, type ResponseHead } from "./http1/message-head.ts";
import { openTunnel, type TunnelObserver } from "./http1/tunnel.ts";
import type { AnswerHandler, UpstreamConnection } from "./http1/upstream-connection.ts";
import { answerError } from "./own-answer.ts";
import { type Provider, type Target, upstreamPath } from "./provider-table.ts";
import { apiOf } from "./providers/index.ts";
import type { Api } from "./providers/shape.ts";
import { RealtimeSession } from "./realtime/realtime-session.ts";
import { CallRecord, requestScanner } from "./recording/call-record.ts";
import { BodyCapture, type CaptureBudget } from "./recording/capture.ts";
import { isEncoded } from "./recording/decode.ts";
import { FormScanner, formBoundary } from "./recording/form-scanner.ts";
import type { JsonScanner } from "./recording/json-scanner.ts";
import { isJsonType, ResponseObserver } from "./recording/observe.ts";
import type { Recorder } from "./recording/recorder.ts";
import { applyPatch, UsageFrameFilter, usagePatch } from "./stream-usage.ts";
import { TokenWait } from "./token-wait.ts";
import type { AnswerTranslator, Translation } from "./translation/index.ts";
import { isKeepAliveRace, type ProviderRequest, type Upstream, upstreamError } from "./upstream.ts";

/** What all calls of a gateway share. */
export interface ForwardContext {
  readonly config: GatewayConfig;
  readonly upstream: Upstream;
  readonly recorder: Recorder;
  readonly catalog: GatewayCatalog;
  readonly googleTokens: GoogleTokens;
  readonly telemetry: Telemetry;
  readonly budget: CaptureBudget;
  readonly listener: Listener;
  /** Calls under way. */
  readonly calls: Set<ForwardedCall>;
  nextCallNumber: number;
  isDraining: boolean;
}

/** A body up to this size goes up in one piece, once it is whole: it can be sent again, and saves a stream. */
const smallBodyBytes = 64 << 10;
const noBytes = Buffer.alloc(0);

/** What is sent in place of the client's request. */
export interface Replacement {
  /** The client's body has been received, and this goes up. */
  readonly body: Buffer;
  /** The answer is to be translated back. */
  readonly translation?: Translation;
}

/**
 * Begins to forward a request. `startMs` is when it arrived, `requestedPath` what follows `/<provider>`, with its
 * query.
 */
export function forward(
  context: ForwardContext,
  exchange: Exchange,
  provider: Provider,
  requestedPath: string,
  startMs: number,
  replacement?: Replacement,
): void {
  const { method, rawHeaders } = exchange.head;
  const translation = replacement?.translation;
  let head: RequestHead;
  let admission: Admission;
  let path = requestedPath;
  try {
    head = readRequestHead(rawHeaders, provider.keepGatewayHeaders);
    if (path.includes("key=")) path = takeQueryKey(path, head, context.catalog);
    admission = admit(head, provider, context.catalog, context.listener, path);
    if (replacement !== undefined) replaceRequest(head, admission, replacement);
    if (!admission.credentials.every(isFieldValue)) throw unusableCredential(provider.id);
    if (head.contentLength > context.config.bodyLimitBytes) throw tooLarge(context.config.bodyLimitBytes);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    context.telemetry.emit(callRefused, { code: error.code, provider: provider.id });
    answerError(exchange, error, translation === undefined ? provider.shape : "openai");
    return;
  }
  const query = path.indexOf("?");
  const record = new CallRecord({
    callNumber: context.nextCallNumber++,
    startMs,
    method,
    provider,
    api: apiOf(method, query === -1 ? path : path.slice(0, query)),
    admission,
    attribution: head.attribution,
    traceparent: head.traceparent,
  });
  if (provider.takesChildContext) head.forward = withTraceparent(head.forward, record.traceparent);
  const call = new ForwardedCall(context, exchange, record, head, path, translation);
  call.open();
  if (admission.googleKeyFile === "") call.start();
  else startWithToken(context, exchange, call, admission);
  if (replacement === undefined) return;
  exchange.handler.onRequestData(replacement.body);
  exchange.handler.onRequestEnd();
}

/** Starts a call whose credential is an access token of Google's: at once where one is held. */
function startWithToken(
  { googleTokens }: ForwardContext,
  exchange: Exchange,
  call: ForwardedCall,
  admission: Admission,
): void {
  const { googleKeyFile } = admission;
  const startWith = (token: string) => {
    admission.credentials = ["authorization", `Bearer ${token}`];
    call.start();
  };
  const held = googleTokens.held(googleKeyFile);
  if (held !== undefined) startWith(held);
  else new TokenWait(exchange, call).until(googleTokens.ask(googleKeyFile), startWith);
}

/** The head of a request that another body takes the place of, and for a translated one another API. */
function replaceRequest(head: RequestHead, admission: Admission, { body, translation }: Replacement): void {
  head.contentLength = body.length;
  if (translation === undefined) return;
  head.contentType = "application/json";
  // The answer is read to be translated: it must come plain.
  const dropped = /^(content-type|content-encoding|accept|accept-encoding)$|^(openai|x-stainless)-/i;
  const kept = head.forward.filter((_, index) => !dropped.test(head.forward[index - (index % 2)] ?? ""));
  head.contentEncoding = "";
  head.forward = [...kept, "content-type", "application/json", ...translation.headers];
  admission.credentials = inHeader(admission.credentials, translation.keyHeader);
}

/** A bearer token in the header where the other API looks for its key. */
function inHeader(credentials: readonly string[], name: string): readonly string[] {
  const [header = "", value = ""] = credentials;
  const token = /^Bearer\s+(\S+)$/i.exec(value)?.[1];
  const isElsewhere = name !== "" && token !== undefined && header.toLowerCase() === "authorization";
  return isElsewhere ? [name, token] : credentials;
}

/** In the place of the caller's own, if there is one. */
function withTraceparent(headers: readonly string[], traceparent: string): string[] {
  const kept = headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== "traceparent");
  return [...kept, "traceparent", traceparent];
}

function unusableCredential(provider: string): CodedError {
  return new CodedError("BAD_REQUEST", `The key for ${provider} has characters that no header may have.`);
}

function tooLarge(limitBytes: number): CodedError {
  return new CodedError("BODY_TOO_LARGE", `The request's body is over this gateway's limit of ${limitBytes} bytes.`);
}

function tooLongToSign(limitBytes: number): CodedError {
  return new CodedError(
    "BODY_TOO_LARGE",
    `A request that is signed for AWS must be whole first, and this gateway waits for at most ${limitBytes} bytes.`,
  );
}

/**
 * One call on its way: the client's request up, the provider's answer down. Bytes are passed on as they come, and each
 * side's pace holds the other back. Reading for the record happens after the bytes have gone.
 */
export class ForwardedCall implements ExchangeHandler, AnswerHandler, TunnelObserver {
  readonly record: CallRecord;

  readonly #context: ForwardContext;
  readonly #exchange: Exchange;
  readonly #head: RequestHead;
  readonly #path: string;
  readonly #contentLength: number;
  readonly #translation: Translation | undefined;
  #translator: AnswerTranslator | undefined;

  #scanner: JsonScanner | undefined;
  #form: FormScanner | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #holdLimit = 0;
  #mayPatch = false;
  #hidesUsage = false;
  /** What the client gets in place of the answer's own bytes. */
  #filter: UsageFrameFilter | AnswerTranslator | undefined;
  /** The request's body goes up as it comes. */
  #isStreamingUp = false;

  #request: ProviderRequest | undefined;
  #connection: UpstreamConnection | undefined;
  #sentAtMs = 0;
  #hasAnswer = false;
  #isAnswerWhole = false;
  #isOver = false;
  /** The answer's chunks go down framed as they came. */
  #passesFramed = false;
  /** Parts of the answer that have passed and were not read for the record yet: the first of them, and how many. */
  readonly #unobserved: Buffer[] = [];
  #unobservedCount = 0;
  #isPassing = false;
  #isSent = false;
  #tunnel: readonly Socket[] = [];
  #realtime: RealtimeSession | undefined;

  constructor(
    context: ForwardContext,
    exchange: Exchange,
    record: CallRecord,
    head: RequestHead,
    path: string,
    translation: Translation | undefined,
  ) {
    this.#translation = translation;
    this.#context = context;
    this.#exchange = exchange;
    this.record = record;
    this.#head = head;
    this.#path = path;
    this.#contentLength = head.contentLength;
  }

  /** Nobody waits for this call any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The call counts as one under way from here on, and can fail. */
  open(): void {
    const { record } = this;
    this.#context.calls.add(this);
    this.#context.recorder.opened(record);
    record.ownMs += performance.now() - record.startMs;
  }

  /** Takes the client's request from here on; what it shows to the provider is known. */
  start(): void {
    const { record } = this;
    const beganMs = performance.now();
    this.#exchange.handler = this;
    if (this.#contentLength === 0) {
      record.inputState = this.#context.config.capture.content ? "full" : "off";
      this.#dispatch(null);
    } else {
      this.#receiveBody();
    }
    record.ownMs += performance.now() - beganMs;
  }

  /** Breaks the call off, as when its total deadline has passed. */
  fail(error: CodedError): void {
    this.#fail(error);
    this.#connection?.abort();
    for (const socket of this.#tunnel) socket.destroy();
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
    if (isJson && isPlain) this.#scanner = requestScanner(record.api);
    else if (isPlain && record.api.operation !== "") this.#form = formScanner(this.#head);
    this.#mayPatch = isJson && isPlain && record.api.mustAskForUsage && record.provider.streamUsageOnRequest;
    const isSigned = record.admission.signer !== undefined;
    this.#holdLimit = this.#mayPatch || isSigned ? capture.holdLimitBytes : smallBodyBytes;
    const isChunkedUpload = this.#contentLength === chunked && !this.#mayPatch && !isSigned;
    if (isChunkedUpload || this.#contentLength > this.#holdLimit) this.#beginStream();
  }

  onRequestData(chunk: Buffer): void {
    const { record } = this;
    if (this.#isOver) return;
    record.requestBytes += chunk.length;
    if (record.requestBytes > this.#context.config.bodyLimitBytes) {
      this.fail(tooLarge(this.#context.config.bodyLimitBytes));
      return;
    }
    record.input?.push(chunk);
    this.#scanner?.push(chunk);
    this.#form?.push(chunk);
    if (this.#isStreamingUp) {
      if (this.#connection?.writeBody(chunk) === false) this.#exchange.pauseRequest();
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > this.#holdLimit) this.#beginStream();
  }

  /** The body is too long to wait for: what came so far and all that follows goes up as it comes. */
  #beginStream(): void {
    if (this.record.admission.signer !== undefined) {
      this.fail(tooLongToSign(this.#holdLimit));
      return;
    }
    this.#isStreamingUp = true;
    this.#dispatch(this.#contentLength);
    for (const chunk of this.#held) this.#connection?.writeBody(chunk);
    this.#held = [];
  }

  /** The provider has taken what it was sent of the body. */
  onRequestDrain(): void {
    this.#exchange.resumeRequest();
  }

  onRequestEnd(): void {
    if (this.#isOver) return;
    const beganMs = performance.now();
    if (this.#scanner !== undefined) this.record.readRequest(this.#scanner);
    if (this.#form !== undefined) this.#readForm(this.#form);
    if (this.#isStreamingUp) this.#connection?.endBody();
    else this.#dispatch(this.#wholeBody());
    this.record.ownMs += performance.now() - beganMs;
  }

  /** Of a form, its fields are recorded, not the bytes of its files. */
  #readForm(form: FormScanner): void {
    this.record.readRequest(form);
    const { capture } = this.#context.config;
    if (!capture.content) return;
    this.record.input = new BodyCapture(capture.bodyLimitBytes, this.#context.budget);
    this.record.input.push(form.json());
  }

  #wholeBody(): readonly Buffer[] {
    const held = this.#held;
    this.#held = [];
    const patch = this.#mayPatch && this.#scanner !== undefined ? usagePatch(this.#scanner) : undefined;
    if (patch === undefined) return held;
    this.#hidesUsage = true;
    return applyPatch(held, patch);
  }

  // To the provider.

  /** `body`: all of it, or the length of what is going to be written. */
  #dispatch(body: readonly Buffer[] | number | null): void {
    const { record } = this;
    const { admission } = record;
    const { target } = admission;
    const path = upstreamPath(target, this.#path);
    const headers =
      admission.signer === undefined ? this.#head.forward : this.#signedHeaders(admission.signer, target, path, body);
    for (const part of admission.credentials) headers.push(part);
    this.#request = {
      origin: target.origin,
      isUserGiven: target.isUserGiven,
      path,
      method: record.method,
      headers,
      body,
      ...(this.#asksForWebSocket ? { upgrade: "websocket" } : {}),
    };
    if (this.#isOver) return;
    this.#sentAtMs = performance.now();
    this.#connection = this.#context.upstream.dispatch(this.#request, this);
  }

  #signedHeaders(signer: AwsSigner, target: Target, path: string, body: readonly Buffer[] | number | null): string[] {
    const headers = this.#head.forward;
    const isKept = (index: number) => !signedHeaderNames.has((headers[index - (index % 2)] as string).toLowerCase());
    const kept = headers.filter((_, index) => isKept(index));
    const at = kept.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
    const request = {
      method: this.record.method,
      host: new URL(target.origin).host,
      path,
      contentType: at === -1 ? "" : (kept[at + 1] ?? ""),
      body: Array.isArray(body) ? Buffer.concat(body) : Buffer.alloc(0),
    };
    return [...kept, ...signAws(request, signer, "bedrock", new Date())];
  }

  get #asksForWebSocket(): boolean {
    const { method, upgrade, bodyLength } = this.#exchange.head;
    return upgrade === "websocket" && method === "GET" && bodyLength === 0;
  }

  // The provider's answer.

  onAnswerHead(answer: ResponseHead): void {
    const { record } = this;
    this.#hasAnswer = true;
    if (this.#isOver) return;
    const isTranslated = this.#translation !== undefined;
    const head = readAnswerHead(answer.rawHeaders, (type) => isTranslated || (this.#hidesUsage && isEventStream(type)));
    record.httpStatus = answer.status;
    if (answer.status === 401) this.#context.googleTokens.forget(record.admission.googleKeyFile);
    this.#beginObserving(answer.status, head);
    if (this.#translation !== undefined) this.#beginTranslating(this.#translation, answer.status, head);
    this.#writeHead(answer, head);
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

  #beginTranslating(translation: Translation, status: number, head: AnswerHead): void {
    const { contentType, vendorHeaders, forward } = head;
    this.#translator = translation.openAnswer({ status, contentType, vendorHeaders });
    this.#filter = this.#translator;
    const at = forward.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
    if (at !== -1) forward.splice(at, 2);
    forward.push("content-type", this.#translator.contentType);
  }

  #writeHead(answer: ResponseHead, head: AnswerHead): void {
    head.forward.push("x-weir-call-id", this.record.spanId);
    const isLengthKnown = head.contentLength >= 0 || answer.bodyLength === 0;
    const length = isLengthKnown ? Math.max(0, head.contentLength) : chunked;
    this.#passesFramed =
      answer.bodyLength === chunked && this.#filter === undefined && this.#exchange.takesFramed && !isLengthKnown;
    this.#exchange.writeHead(answer.status, answer.reason, head.forward, { length, isFramed: this.#passesFramed });
  }

  onAnswerData(chunk: Buffer): void {
    if (this.#isOver) return;
    const { record } = this;
    if (record.firstByteAtMs === 0) record.firstByteAtMs = this.#connection?.readAtMs ?? performance.now();
    record.responseBytes += chunk.length;
    this.#unobserved[this.#unobservedCount++] = chunk;
    if (this.#passesFramed) return;
    this.#exchange.write(this.#filter === undefined ? chunk : this.#filter.push(chunk));
  }

  onAnswerRead(framed: Buffer, isEnd: boolean, trailers: readonly string[]): void {
    if (this.#isOver) return;
    const readAtMs = this.#connection?.readAtMs ?? performance.now();
    this.#isPassing = true;
    if (this.#passesFramed) this.#exchange.write(framed);
    if (isEnd) this.#endAnswer(trailers);
    else if (!this.#exchange.flush()) this.#connection?.pause();
    this.#observe(readAtMs);
    this.#isPassing = false;
    this.record.ownMs += performance.now() - readAtMs;
    if (this.#isSent) this.#settle("ok");
  }

  #endAnswer(trailers: readonly string[]): void {
    this.#isAnswerWhole = true;
    this.#connection = undefined;
    this.#flushFilter();
    if (this.#translator?.isComplete === false) {
      this.#breakOffTranslated();
      return;
    }
    this.#exchange.end(trailers);
    // What is left of an upload that was answered early has nowhere to go.
    this.#exchange.resumeRequest();
  }

  /** The provider's stream lacks its end; what the client gets must not look whole. */
  #breakOffTranslated(): void {
    const { record } = this;
    this.#observe(performance.now());
    record.errorType = "stream_incomplete";
    record.errorMessage = "The provider ended the stream without its last event.";
    this.#settle("cut");
    this.#exchange.breakOff();
  }

  #flushFilter(): void {
    const rest = this.#filter?.end();
    if (rest !== undefined && rest.length > 0) this.#exchange.write(rest);
  }

  #observe(readAtMs: number): void {
    const chunks = this.#unobserved;
    const count = this.#unobservedCount;
    this.#unobservedCount = 0;
    try {
      for (let index = 0; index < count; index += 1) {
        const chunk = chunks[index] as Buffer;
        chunks[index] = noBytes;
        this.record.observer?.push(chunk, readAtMs);
      }
    } catch (error) {
      this.#context.telemetry.emit(observationFailed, { error: String(error) });
      this.record.observer?.release();
      this.record.observer = undefined;
    }
  }

  /** The client, which was slower than the provider, has taken everything. */
  onDrain(): void {
    this.#connection?.resume();
  }

  onAnswerError(error: Error, isStale: boolean): void {
    this.#connection = undefined;
    if (this.#isOver || this.#retry(isStale)) return;
    this.#fail(upstreamError(error, this.record.provider.id));
  }

  #retry(isStale: boolean): boolean {
    const { record } = this;
    const request = this.#request;
    if (request === undefined || this.#isStreamingUp || this.#hasAnswer || record.retries > 0) return false;
    if (!isKeepAliveRace(isStale, performance.now() - this.#sentAtMs)) return false;
    record.retries += 1;
    this.#context.telemetry.emit(upstreamRetried, { provider: record.provider.id });
    this.#connection = this.#context.upstream.dispatchFresh(request, this);
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
      const shape = this.#translation === undefined ? record.provider.shape : "openai";
      answerError(this.#exchange, error, shape, record.spanId);
    } else {
      this.#flushFilter();
      this.#settle("cut");
      this.#exchange.breakOff();
    }
  }

  // Another protocol: bytes both ways from here on.

  onUpgraded(answer: ResponseHead, socket: Socket, rest: Buffer): void {
    const { record } = this;
    this.#connection = undefined;
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    record.httpStatus = answer.status;
    const { forward } = readAnswerHead(answer.rawHeaders, () => false);
    this.#openRealtime(forward);
    forward.push("connection", "Upgrade", "upgrade", answer.upgrade, "x-weir-call-id", record.spanId);
    const client = this.#exchange.switchProtocols(answer.reason, forward);
    this.#tunnel = [client.socket, socket];
    openTunnel(client, { socket, rest }, this);
  }

  #openRealtime(answerHeaders: readonly string[]): void {
    const { record } = this;
    const query = this.#path.indexOf("?");
    if (!realtimePath.test(query === -1 ? this.#path : this.#path.slice(0, query))) return;
    const asked = new URLSearchParams(query === -1 ? "" : this.#path.slice(query));
    record.requestModel = asked.get("model") ?? asked.get("deployment") ?? "";
    const { config, recorder, budget } = this.#context;
    this.#realtime = new RealtimeSession({
      connection: record,
      model: record.requestModel,
      extensions: headerValue(answerHeaders, "sec-websocket-extensions"),
      recorder,
      capture: config.capture,
      budget,
      nextCallNumber: () => this.#context.nextCallNumber++,
    });
  }

  onUp(bytes: Buffer): void {
    this.record.requestBytes += bytes.length;
    this.#readRealtime((session) => session.onUp(bytes));
  }

  onDown(bytes: Buffer): void {
    const { record } = this;
    if (record.firstByteAtMs === 0) record.firstByteAtMs = performance.now();
    record.responseBytes += bytes.length;
    this.#readRealtime((session) => session.onDown(bytes));
  }

  onClosed(first: "client" | "server"): void {
    this.#readRealtime((session) => session.end(first));
    this.#settle(this.record.status);
  }

  /** What reading a session throws is told once, and ends the reading alone. */
  #readRealtime(read: (session: RealtimeSession) => void): void {
    const session = this.#realtime;
    if (session === undefined || this.#isOver) return;
    const beganMs = performance.now();
    try {
      read(session);
    } catch (error) {
      this.#context.telemetry.emit(observationFailed, { error: String(error) });
      this.#realtime = undefined;
      session.abandon();
    }
    this.record.ownMs += performance.now() - beganMs;
  }

  // The end.

  onClose(isSent: boolean): void {
    if (this.#isOver) return;
    if (isSent && this.#isAnswerWhole) {
      // What passed last is still to be read for the record.
      this.#isSent = true;
      this.record.endMs = performance.now();
      if (!this.#isPassing) this.#settle("ok");
      return;
    }
    this.#settle("cancelled");
    this.#connection?.abort();
  }

  #settle(status: CallRecord["status"]): void {
    if (this.#isOver) return;
    const { record } = this;
    this.#readRealtime((session) => session.end("gateway"));
    this.#isOver = true;
    record.status = status;
    if (!this.#isSent) record.endMs = performance.now();
    this.#held = [];
    this.#request = undefined;
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
  ADDRESS_FORBIDDEN: "upstream_unreachable",
  PROVIDER_CREDENTIAL_REFUSED: "authentication",
};

/** A model call's body is JSON, also when its client (curl, most of all) forgets to say so. */
function mayBeJson(api: Api, contentType: string): boolean {
  return api.operation !== "" && !contentType.startsWith("multipart/");
}

function formScanner(head: RequestHead): FormScanner | undefined {
  const { forward } = head;
  // As it was written: a boundary's case matters.
  const at = forward.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
  const boundary = formBoundary(at === -1 ? "" : (forward[at + 1] ?? ""));
  return boundary === undefined ? undefined : new FormScanner(boundary);
}

/** OpenAI's, Azure's and xAI's realtime sessions; what is asked of them otherwise is plain HTTP. */
const realtimePath = /\/realtime$/;

function headerValue(headers: readonly string[], name: string): string {
  const at = headers.findIndex((it, index) => index % 2 === 0 && it.toLowerCase() === name);
  return at === -1 ? "" : (headers[at + 1] ?? "");
}

function isEventStream(contentType: string): boolean {
  return contentType.startsWith("text/event-stream");
}
