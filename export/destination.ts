import { readFileSync } from "node:fs";
import type { SpanRow, Telemetry } from "@weir/model";
import type { LogRecord, Metric, Span, Spelling } from "@weir/otlp";
import type { DestinationConfig, ExportConfig, ExportedSignal } from "./config.ts";
import { Delivery } from "./delivery.ts";
import { exportEvents } from "./events.ts";
import { ExportQueue } from "./export-queue.ts";
import { DeltaMetrics } from "./otlp/delta-metrics.ts";
import { encodeBatch } from "./otlp/encode-batch.ts";
import { createGrpcTransport } from "./otlp/grpc-transport.ts";
import { createHttpTransport } from "./otlp/http-transport.ts";
import type { TlsFiles, Transport } from "./otlp/transport.ts";
import { createRemoteWriteTransport } from "./remote-write/remote-write-transport.ts";
import { encodeWriteRequest, samplesOf } from "./remote-write/write-request.ts";

/** Where lines for people and pipes go. Never waits and never throws. */
export interface LineOutput {
  write(line: string): void;
}

export interface DestinationOptions {
  readonly name: string;
  readonly destination: DestinationConfig;
  readonly config: ExportConfig;
  readonly telemetry: Telemetry;
  readonly output: LineOutput;
}

const batchLimitBytes = 2 << 20;
/** What a span or log record takes besides its content, about. */
const bareItemBytes = 1024;
/** How long a stop waits for what is still to be sent. */
const flushMs = 5000;

/** A span, or log record, and how much of it waits. */
interface Sized<Item> {
  readonly item: Item;
  readonly bytes: number;
}

/** One destination with what waits for it. Its methods never wait and never throw. */
export class Destination implements AsyncDisposable {
  readonly #options: DestinationOptions;
  readonly #transport: Transport;
  readonly #delivery: Delivery;
  readonly #spelling: Spelling;
  readonly #stopping = new AbortController();
  readonly #spans: ExportQueue<Sized<Span>>;
  readonly #logs: ExportQueue<Sized<LogRecord>>;
  readonly #deltas: DeltaMetrics | undefined;
  #sendingMetrics: Promise<void> | undefined;

  constructor(options: DestinationOptions) {
    const { name, destination, config, telemetry } = options;
    this.#options = options;
    this.#spelling = destination.type === "console" || destination.protocol === "http/json" ? "json" : "protobuf";
    this.#transport = destination.type === "console" ? consoleTransport(options.output) : otlpTransport(destination);
    this.#delivery = new Delivery({
      destination: name,
      transport: this.#transport,
      telemetry,
      retryForMs: config.retryForMs,
      stopping: this.#stopping.signal,
    });
    this.#spans = this.#queue("traces", config.delayMs);
    this.#logs = this.#queue("logs", config.logDelayMs);
    const isDelta = config.metricTemporality === "delta" && destination.type !== "remote_write";
    this.#deltas = isDelta ? new DeltaMetrics() : undefined;
  }

  takes(signal: ExportedSignal): boolean {
    const { type, signals } = this.#options.destination;
    return type === "remote_write" ? signal === "metrics" : signals.includes(signal);
  }

  addSpan(item: Span, bytes: number): void {
    this.#spans.push({ item, bytes });
  }

  addLog(item: LogRecord, bytes: number): void {
    this.#logs.push({ item, bytes });
  }

  /** Sends metrics, unless those before are still under way: the next ones hold all that these do. */
  sendMetrics(metrics: readonly Metric[]): void {
    if (this.#sendingMetrics !== undefined || metrics.length === 0) return;
    this.#sendingMetrics = this.#deliverMetrics(this.#deltas?.since(metrics) ?? metrics).finally(() => {
      this.#sendingMetrics = undefined;
    });
  }

  async #deliverMetrics(metrics: readonly Metric[]): Promise<void> {
    if (this.#options.destination.type === "remote_write") {
      const samples = samplesOf(metrics);
      await this.#delivery.deliver("metrics", encodeWriteRequest(samples), samples.length);
      return;
    }
    const body = await encodeBatch("metrics", metrics, this.#spelling);
    const points = metrics.reduce((sum, { data }) => sum + (data.type === "none" ? 0 : data.points.length), 0);
    await this.#delivery.deliver("metrics", body, points);
  }

  #queue<Name extends "traces" | "logs">(
    signal: Name,
    delayMs: number,
  ): ExportQueue<Sized<Name extends "traces" ? Span : LogRecord>> {
    const { name, config, telemetry } = this.#options;
    return new ExportQueue({
      limit: config.queueLimit,
      limitBytes: config.queueLimitBytes,
      batchLimit: config.batchLimit,
      batchLimitBytes,
      delayMs: this.#options.destination.type === "console" ? Math.min(delayMs, 1000) : delayMs,
      sizeOf: ({ bytes }) => bytes,
      deliver: async (batch) => {
        const items = batch.map(({ item }) => item);
        await this.#delivery.deliver(signal, await encodeBatch(signal, items as never, this.#spelling), batch.length);
      },
      onDropped: (count, reason) =>
        telemetry.emit(exportEvents.itemsDropped, { destination: name, signal, reason }, count),
    });
  }

  /** Sends what waits, for a moment; what a destination does not take until then is dropped and counted. */
  async [Symbol.asyncDispose](): Promise<void> {
    const deadline = setTimeout(() => this.#stopping.abort(), flushMs);
    await Promise.all([this.#spans.flush(flushMs), this.#logs.flush(flushMs), this.#sendingMetrics]);
    clearTimeout(deadline);
    this.#stopping.abort();
    await this.#transport[Symbol.asyncDispose]();
  }
}

/** About what a row's span takes in memory; `withContent` when what was asked and answered goes with it. */
export function bytesOfSpan(row: SpanRow, withContent: boolean): number {
  return bareItemBytes + (withContent ? row.input.length + row.output.length : 0);
}

/** One OTLP/JSON request a line, as the Collector's file exporter writes them. */
function consoleTransport(output: LineOutput): Transport {
  return {
    async send(_signal, body) {
      output.write(`${body.toString()}\n`);
      return { outcome: "accepted", rejectedCount: 0, reason: "" };
    },
    async [Symbol.asyncDispose]() {},
  };
}

function otlpTransport(destination: DestinationConfig): Transport {
  const { endpoint = "", basicAuth, protocol } = destination;
  const headers = Object.fromEntries(
    Object.entries(destination.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (basicAuth !== undefined) {
    const credentials = Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString("base64");
    headers["authorization"] = `Basic ${credentials}`;
  }
  const options = {
    endpoint: new URL(endpoint),
    isFullEndpoint: destination.isFullEndpoint,
    headers,
    isCompressed: destination.compression === "gzip",
    timeoutMs: destination.timeoutMs,
    tls: tlsFiles(destination),
  };
  if (destination.type === "remote_write") return createRemoteWriteTransport(options);
  if (protocol === "grpc") return createGrpcTransport(options);
  return createHttpTransport(options, protocol === "http/json" ? "json" : "protobuf");
}

function tlsFiles(destination: DestinationConfig): TlsFiles {
  const { certificateAuthorityFile: ca, clientCertificateFile: cert, clientKeyFile: key } = destination;
  return {
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  };
}
