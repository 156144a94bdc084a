import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { CodedError, type SpanRow, type Telemetry } from "@weir/model";
import type { CallLog } from "@weir/pipeline";
import type { GatewayCatalog } from "./auth.ts";
import type { GatewayConfig } from "./config.ts";
import { gatewayListening, observationFailed } from "./events.ts";
import { type ForwardContext, type ForwardedCall, forward } from "./forward.ts";
import { answerError } from "./own-answer.ts";
import { type Provider, providerTable } from "./provider-table.ts";
import { CaptureBudget } from "./recording/capture.ts";
import { Recorder } from "./recording/recorder.ts";
import { Relay } from "./relay.ts";
import { Upstream } from "./upstream.ts";

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly catalog: GatewayCatalog;
  readonly log: CallLog;
  readonly telemetry: Telemetry;
  /** Called with each ended call's row, whether or not it can be recorded. For metrics; must be quick. */
  readonly onCall: (row: SpanRow) => void;
  /** Paths of the Unix sockets of the processes that answer what is no LLM call. */
  readonly relay: { readonly core: string; readonly ingest: string };
  /** Answers `/health`, `/ready` and `/metrics` of this process; false when the path is none of them. */
  readonly answer: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** Only the machine itself can reach this listener: calls need no Weir key. */
  readonly isLoopbackListener: boolean;
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
  readonly #server: Server;
  readonly #sweep: NodeJS.Timeout;
  #drained: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    const { config, telemetry } = options;
    this.#options = options;
    this.#providers = providerTable(config);
    this.#defaultProvider = this.#known(config.defaultProvider);
    this.#messagesProvider =
      this.#defaultProvider.shape === "openai" ? this.#known("anthropic") : this.#defaultProvider;
    this.#context = {
      config,
      upstream: new Upstream(config.timeouts),
      recorder: new Recorder({
        log: options.log,
        telemetry,
        onCall: options.onCall,
        limitBytes: config.capture.recordLimitBytes,
      }),
      catalog: options.catalog,
      telemetry,
      budget: new CaptureBudget(config.capture.totalLimitBytes),
      isLoopbackListener: options.isLoopbackListener,
      calls: new Set<ForwardedCall>(),
      nextCallNumber: 1,
      isDraining: false,
    };
    this.#core = new Relay("core", options.relay.core, telemetry);
    this.#ingest = new Relay("ingest", options.relay.ingest, telemetry);
    this.#server = this.#createServer();
    this.#sweep = setInterval(() => this.#enforceDeadlines(), deadlineSweepMs);
    this.#sweep.unref();
  }

  get host(): string {
    return this.#address().address;
  }

  get port(): number {
    return this.#address().port;
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

  listen(): Promise<void> {
    const { host, port } = this.#options.config;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, reusePort: port !== 0, backlog: 4096 }, () => {
        this.#server.off("error", reject);
        this.#options.telemetry.emit(gatewayListening, { host: this.host, port: this.port });
        resolve();
      });
    });
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
    // Only the listener: http's own close would reset idle connections that a client is about to use. For a moment
    // they go on, and each is told with its next answer that it was the last.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    const idleSweep = setInterval(() => this.#server.closeIdleConnections(), lingerMs);
    const deadline = setTimeout(() => this.#breakOffAll(), this.#options.config.timeouts.drainMs);
    await closed;
    clearTimeout(deadline);
    clearInterval(idleSweep);
    clearInterval(this.#sweep);
    this.#core[Symbol.dispose]();
    this.#ingest[Symbol.dispose]();
    await this.#context.recorder[Symbol.asyncDispose]();
    await this.#context.upstream.destroy();
  }

  #breakOffAll(): void {
    const error = new CodedError("UPSTREAM_TIMEOUT", "The gateway is being restarted and could wait no longer.");
    for (const call of this.#context.calls) call.fail(error);
    this.#server.closeAllConnections();
  }

  #createServer(): Server {
    const server = createServer({
      // An upload may take as long as it takes; the idle and total deadlines are ours.
      requestTimeout: 0,
      headersTimeout: 60_000,
      keepAliveTimeout: 75_000,
      maxHeaderSize: 64 << 10,
      noDelay: true,
    });
    server.on("request", (req, res) => this.#onRequest(req, res));
    server.on("checkContinue", (req, res) => {
      res.writeContinue();
      this.#onRequest(req, res);
    });
    server.on("checkExpectation", (req, res) => this.#onRequest(req, res));
    server.on("clientError", (error: Error & { code?: string }, socket: Socket) => onClientError(error, socket));
    return server;
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const startMs = performance.now();
    try {
      this.#route(req, res, startMs);
    } catch (error) {
      this.#options.telemetry.emit(observationFailed, { error: String(error) });
      answerError(res, new CodedError("INTERNAL", "The gateway failed.", { cause: error }), "openai");
    }
  }

  #route(req: IncomingMessage, res: ServerResponse, startMs: number): void {
    const url = pathOf(req.url ?? "/");
    const segment = firstSegment(url);
    const provider = this.#providers.get(segment);
    if (provider !== undefined) {
      const rest = url.slice(segment.length + 1);
      forward(this.#context, req, res, provider, rest.startsWith("/") ? rest : `/${rest}`, startMs);
    } else if (isTelemetry(req.method ?? "GET", url)) {
      this.#ingest.pass(req, res);
    } else if (segment === "v1") {
      forward(this.#context, req, res, this.#unnamedProvider(url, req), url, startMs);
    } else if (coreSegments.has(segment)) {
      this.#core.pass(req, res);
    } else if (!this.#options.answer(req, res)) {
      answerError(res, this.#unknown(segment), "openai");
    }
  }

  /** `/v1/…` is the default provider's; the Messages API, which names itself, is Anthropic's. */
  #unnamedProvider(url: string, req: IncomingMessage): Provider {
    const isMessages = url.startsWith("/v1/messages") || hasHeader(req.rawHeaders, "anthropic-version");
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

  #address(): AddressInfo {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the gateway does not listen");
    return address;
  }
}

/** Looks without making Node build its object of all headers. */
function hasHeader(rawHeaders: readonly string[], name: string): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const spelled = rawHeaders[index];
    if (spelled?.length === name.length && spelled.toLowerCase() === name) return true;
  }
  return false;
}

const coreSegments = new Set(["", "api", "docs", "ui"]);
const telemetryPaths = /^\/(v1\/(traces|metrics|logs)|api\/(v1\/)?(traces(\/batch)?|ai-apm\/ingest))\/?$/;

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

const statusByParserError: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusByParserError[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
