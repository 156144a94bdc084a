import { STATUS_CODES } from "node:http";
import { CodedError, type ListenerCertificate, type OutgoingGuard, type SpanRow, type Telemetry } from "@weir/model";
import type { CallLog } from "@weir/pipeline";
import type { GatewayCatalog, Listener } from "./auth.ts";
import type { GatewayConfig } from "./config.ts";
import { gatewayListening, handshakeFailed, observationFailed } from "./events.ts";
import { type ForwardContext, type ForwardedCall, forward } from "./forward.ts";
import { callByModel, forwardByModel } from "./forward-by-model.ts";
import { GoogleTokens } from "./google-tokens.ts";
import type { Exchange } from "./http1/exchange.ts";
import { Http1Server } from "./http1/server.ts";
import { answerError, jsonOf } from "./own-answer.ts";
import { type Provider, providerTable } from "./provider-table.ts";
import { CaptureBudget } from "./recording/capture.ts";
import { Recorder } from "./recording/recorder.ts";
import { Relay } from "./relay.ts";
import { Upstream } from "./upstream.ts";

/** A request for this process itself. */
export interface OwnRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

/** The answer to it. */
export interface OwnAnswer {
  readonly status: number;
  /** The content type. */
  readonly type: string;
  readonly text: string;
}

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly catalog: GatewayCatalog;
  readonly log: CallLog;
  readonly telemetry: Telemetry;
  /** How long a project's calls are kept, in days. Default: as the model has it. */
  readonly retentionDaysOf?: (project: string) => number;
  /** Called with each ended call's row, whether or not it can be recorded. For metrics; must be quick. */
  readonly onCall: (row: SpanRow) => void;
  /** Paths of the Unix sockets of the processes that answer what is no LLM call. */
  readonly relay: { readonly core: string; readonly ingest: string };
  /** Answers `/health`, `/ready` and `/metrics` of this process; undefined when the path is none of them. */
  readonly answer: (request: OwnRequest) => Promise<OwnAnswer> | undefined;
  readonly listener: Listener;
  /** Speaks TLS with it, else plain text. */
  readonly certificate?: ListenerCertificate | undefined;
  /** Where the addresses of projects' connections may lead; those of the configuration may lead anywhere. */
  readonly outgoing: OutgoingGuard;
}

export interface Gateway extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Calls under way. */
  readonly activeCalls: number;
  /** The same by HTTP method. */
  readonly activeCallsByMethod: ReadonlyMap<string, number>;
  /** Bytes of bodies held for the record of calls under way. */
  readonly capturedBytes: number;
  /** Connections of clients, and to providers, idle ones too. */
  readonly openConnections: { readonly clients: number; readonly providers: number };
  /**
   * Stops listening, lets calls under way end, breaks those off that last longer than `drainMs`, and writes what is
   * left to record. Disposing does the same.
   */
  drain(): Promise<void>;
}

const deadlineSweepMs = 1000;
/** While draining: how long an idle connection may still be used. */
const lingerMs = 1000;

/** Starts this process's gateway. Several processes may listen on the same port. Rejects when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new HttpGateway(options);
  await gateway.listen();
  return gateway;
}

class HttpGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #context: ForwardContext;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #defaultProvider: Provider;
  readonly #messagesProvider: Provider;
  readonly #core: Relay;
  readonly #ingest: Relay;
  readonly #server: Http1Server;
  readonly #sweep: NodeJS.Timeout;
  #drained: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    const { config, telemetry } = options;
    this.#options = options;
    this.#providers = providerTable(config);
    this.#defaultProvider = this.#known(config.defaultProvider);
    this.#messagesProvider =
      this.#defaultProvider.shape === "anthropic" ? this.#defaultProvider : this.#known("anthropic");
    const upstream = new Upstream(config.timeouts, options.outgoing);
    this.#context = {
      config,
      upstream,
      googleTokens: new GoogleTokens(upstream),
      recorder: new Recorder({
        log: options.log,
        telemetry,
        onCall: options.onCall,
        ...(options.retentionDaysOf !== undefined && { retentionDaysOf: options.retentionDaysOf }),
        limitBytes: config.capture.recordLimitBytes,
      }),
      catalog: options.catalog,
      telemetry,
      budget: new CaptureBudget(config.capture.totalLimitBytes),
      listener: options.listener,
      calls: new Set<ForwardedCall>(),
      nextCallNumber: 1,
      isDraining: false,
    };
    const isSecure = options.certificate !== undefined;
    this.#core = new Relay({ part: "core", socketPath: options.relay.core, isSecure, telemetry });
    this.#ingest = new Relay({ part: "ingest", socketPath: options.relay.ingest, isSecure, telemetry });
    this.#server = new Http1Server({
      stallMs: config.timeouts.idleMs,
      onRequest: (exchange) => this.#onRequest(exchange),
      refusalOf: (fault) => jsonOf(new CodedError("BAD_REQUEST", fault.message), "openai"),
      onFailure: (error) => telemetry.emit(observationFailed, { error: String(error) }),
      tls: options.certificate && {
        certificate: options.certificate,
        onPlainRequest: (exchange) => this.#refusePlain(exchange),
        onHandshakeFailure: (error) => this.#handshakeFailed(error.message),
      },
    });
    this.#sweep = setInterval(() => this.#enforceDeadlines(), deadlineSweepMs);
    this.#sweep.unref();
  }

  get host(): string {
    return this.#server.address.address;
  }

  get port(): number {
    return this.#server.address.port;
  }

  get activeCalls(): number {
    return this.#context.calls.size;
  }

  get activeCallsByMethod(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { record } of this.#context.calls) counts.set(record.method, (counts.get(record.method) ?? 0) + 1);
    return counts;
  }

  get capturedBytes(): number {
    return this.#context.budget.usedBytes;
  }

  get openConnections(): { clients: number; providers: number } {
    return { clients: this.#server.openConnections, providers: this.#context.upstream.openConnections };
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options.config;
    await this.#server.listen(host, port);
    this.#options.telemetry.emit(gatewayListening, { host: this.host, port: this.port });
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #drain(): Promise<void> {
    this.#context.isDraining = true;
    // Idle connections go on for a moment, since a client may be about to use them.
    const closed = this.#server.close();
    const idleSweep = setInterval(() => this.#server.closeIdleConnections(), lingerMs);
    const deadline = setTimeout(() => this.#breakOffAll(), this.#options.config.timeouts.drainMs);
    await closed;
    clearTimeout(deadline);
    clearInterval(idleSweep);
    clearInterval(this.#sweep);
    this.#core[Symbol.dispose]();
    this.#ingest[Symbol.dispose]();
    await this.#context.recorder[Symbol.asyncDispose]();
    this.#context.upstream[Symbol.dispose]();
  }

  #breakOffAll(): void {
    const error = new CodedError("UPSTREAM_TIMEOUT", "The gateway is being restarted and could wait no longer.");
    for (const call of this.#context.calls) call.fail(error);
    this.#server.closeAllConnections();
  }

  #onRequest(exchange: Exchange): void {
    const startMs = performance.now();
    try {
      this.#route(exchange, startMs);
      if (exchange.head.expectsContinue && !exchange.isRequestWhole) sendContinue(exchange);
    } catch (error) {
      this.#options.telemetry.emit(observationFailed, { error: String(error) });
      answerError(exchange, new CodedError("INTERNAL", "The gateway failed.", { cause: error }), "openai");
    }
  }

  /** Not led to https: what the client sent has been read by whoever listens, and must not go on like that unseen. */
  #refusePlain(exchange: Exchange): void {
    this.#handshakeFailed("plain HTTP");
    answerError(exchange, new CodedError("BAD_REQUEST", "This port speaks TLS: use https:// instead."), "openai");
  }

  #handshakeFailed(error: string): void {
    this.#options.telemetry.emit(handshakeFailed, { error });
  }

  #route(exchange: Exchange, startMs: number): void {
    const { method, target } = exchange.head;
    const url = pathOf(target);
    const segment = firstSegment(url);
    const provider = this.#providers.get(segment);
    if (provider !== undefined) {
      const rest = url.slice(segment.length + 1);
      forward(this.#context, exchange, provider, rest.startsWith("/") ? rest : `/${rest}`, startMs);
    } else if (isTelemetry(method, url)) {
      this.#ingest.pass(exchange);
    } else if (otlpPaths.test(url)) {
      answerError(exchange, new CodedError("METHOD_NOT_ALLOWED", notForReading), "openai");
    } else if (segment === "v1") {
      this.#forwardUnnamed(exchange, url, startMs);
    } else if (coreSegments.has(segment)) {
      this.#core.pass(exchange);
    } else {
      this.#answerSelf(exchange, segment);
    }
  }

  #answerSelf(exchange: Exchange, segment: string): void {
    const answered = this.#options.answer(exchange.head);
    if (answered === undefined) {
      answerError(exchange, this.#unknown(segment), "openai");
      return;
    }
    void answered.then(({ status, type, text }) => {
      if (exchange.isClosed) return;
      const headers = ["content-type", type, "cache-control", "no-store", "x-content-type-options", "nosniff"];
      exchange.answer(status, STATUS_CODES[status] ?? "", headers, Buffer.from(text));
    });
  }

  #forwardUnnamed(exchange: Exchange, url: string, startMs: number): void {
    const provider = this.#unnamedProvider(url, exchange.head.rawHeaders);
    const call = provider.slashedModels ? undefined : callByModel(exchange.head.method, url);
    if (call === undefined) forward(this.#context, exchange, provider, url, startMs);
    else forwardByModel(this.#context, this.#providers, provider, exchange, call, url, startMs);
  }

  /** `/v1/…` is the default provider's; the Messages API, which names itself, is Anthropic's. */
  #unnamedProvider(url: string, rawHeaders: readonly string[]): Provider {
    const isMessages = url.startsWith("/v1/messages") || hasHeader(rawHeaders, "anthropic-version");
    return isMessages ? this.#messagesProvider : this.#defaultProvider;
  }

  #known(id: string): Provider {
    const provider = this.#providers.get(id);
    if (provider === undefined) throw this.#unknown(id);
    return provider;
  }

  #unknown(segment: string): CodedError {
    const name = segment.slice(0, 64);
    return new CodedError(
      "PROVIDER_UNKNOWN",
      `"/${name}" names no provider. Use /<provider>/… with one of: ${[...this.#providers.keys()].join(", ")}; or name your own in the configuration.`,
    );
  }

  #enforceDeadlines(): void {
    const bornBefore = performance.now() - this.#options.config.timeouts.totalMs;
    // In order of arrival: the first young one ends the search.
    for (const call of this.#context.calls) {
      if (call.record.startMs > bornBefore) return;
      const provider = call.record.provider.id;
      call.fail(new CodedError("UPSTREAM_TIMEOUT", `The call to ${provider} was over the total time limit.`));
    }
  }
}

function hasHeader(rawHeaders: readonly string[], name: string): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const spelled = rawHeaders[index];
    if (spelled?.length === name.length && spelled.toLowerCase() === name) return true;
  }
  return false;
}

const coreSegments = new Set(["", "api", "docs", "ui"]);
const telemetryPaths = /^\/(v1\/(traces|metrics|logs)|api\/(v1\/)?(traces(\/batch)?|ai-apm\/ingest))\/?$/;

const otlpPaths = /^\/v1\/(traces|metrics|logs)\/?(\?|$)/;
const notForReading =
  "OpenTelemetry data is sent here by POST. It is read at /api/v1/traces, /api/v1/logs and /api/v1/metrics.";

function isTelemetry(method: string, url: string): boolean {
  if (method !== "POST") return false;
  const query = url.indexOf("?");
  return telemetryPaths.test(query === -1 ? url : url.slice(0, query));
}

/** The path and query, also of a request that names the whole URL, as to a proxy. */
function pathOf(url: string): string {
  if (url.startsWith("/")) return url;
  const schemeEnd = url.indexOf("://");
  const slash = schemeEnd === -1 ? -1 : url.indexOf("/", schemeEnd + 3);
  return slash === -1 ? "/" : url.slice(slash);
}

function firstSegment(url: string): string {
  for (let index = 1; index < url.length; index += 1) {
    const code = url.charCodeAt(index);
    if (code === 0x2f || code === 0x3f) return url.slice(1, index);
  }
  return url.slice(1);
}

/** The client sends its body only after this (RFC 9110 section 10.1.1). */
function sendContinue(exchange: Exchange): void {
  exchange.writeInformational("HTTP/1.1 100 Continue\r\n\r\n");
}
