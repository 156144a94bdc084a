import { connect, type Socket } from "node:net";
import {
  type EventDefinition,
  type ListenerCertificate,
  OutgoingGuard,
  type SpanRow,
  silentTelemetry,
  type Telemetry,
} from "@weir/model";
import { MemoryLog } from "@weir/pipeline/testing";
import { type Gateway, type GatewayCatalog, gatewayConfig, providerIds, startGateway } from "../index.ts";
import { MockUpstream } from "./mock-upstream.ts";

/** A catalog without keys. */
export const emptyCatalog: GatewayCatalog = {
  current: () => ({ apiKey: () => undefined, connection: () => undefined }),
};

export interface FixtureOptions {
  readonly config?: Record<string, unknown>;
  readonly catalog?: GatewayCatalog;
  readonly isLoopbackListener?: boolean;
  readonly environmentKeys?: ReadonlyMap<string, string>;
  readonly relay?: { core: string; ingest: string };
  readonly certificate?: ListenerCertificate;
  /** Private networks that projects' connections may lead to. Default: this machine, where the mock is. */
  readonly allowedRanges?: readonly string[];
}

/** A gateway in front of a mock provider, recording into memory. Every provider's address is the mock's. */
export class GatewayFixture implements AsyncDisposable {
  readonly mock: MockUpstream;
  readonly log = new MemoryLog();
  readonly calls: SpanRow[] = [];
  readonly events: { event: EventDefinition; fields: Record<string, unknown> }[] = [];
  #gateway: Gateway | undefined;
  #isSecure = false;

  private constructor(mock: MockUpstream) {
    this.mock = mock;
  }

  static async start(options: FixtureOptions = {}): Promise<GatewayFixture> {
    const fixture = new GatewayFixture(await MockUpstream.start());
    await fixture.#start(options);
    return fixture;
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error("not started");
    return this.#gateway;
  }

  get url(): string {
    return `${this.#isSecure ? "https" : "http"}://127.0.0.1:${this.gateway.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    await this.mock[Symbol.asyncDispose]();
  }

  /** Posts JSON to the gateway with fetch. */
  post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("content-type", "application/json");
    return fetch(this.url + path, { method: "POST", ...init, headers, body: JSON.stringify(body) });
  }

  /** The rows so far, once there are as many. */
  rows(count: number): Promise<SpanRow[]> {
    return this.log.waitForRows(count);
  }

  async #start(options: FixtureOptions): Promise<void> {
    const providers = Object.fromEntries(providerIds.map((id) => [id, { baseUrl: this.mock.url }]));
    const telemetry: Telemetry = {
      emit: (event, fields = {}) => {
        this.events.push({ event, fields });
        silentTelemetry.emit(event);
      },
    };
    this.#isSecure = options.certificate !== undefined;
    const { providers: ownProviders, ...config } = options.config ?? {};
    this.#gateway = await startGateway({
      config: gatewayConfig.parse({
        port: 0,
        ...config,
        providers: { ...providers, ...(ownProviders as object | undefined) },
      }),
      catalog: options.catalog ?? emptyCatalog,
      log: this.log,
      telemetry,
      onCall: (row) => this.calls.push(row),
      relay: options.relay ?? { core: "/nonexistent/core.sock", ingest: "/nonexistent/ingest.sock" },
      answer: () => undefined,
      listener: {
        isLoopback: options.isLoopbackListener ?? true,
        environmentKeys: options.environmentKeys ?? new Map(),
      },
      certificate: options.certificate,
      outgoing: new OutgoingGuard(options.allowedRanges ?? ["127.0.0.0/8", "::1"]),
    });
  }
}

/** A client that is nothing but a socket: what it got, and how the connection ended. */
export class RawClient {
  readonly socket: Socket;
  readonly ended: Promise<"end" | "reset">;
  #received: Buffer[] = [];
  #onData: (() => void) | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#onData?.();
    });
    this.ended = new Promise((resolve) => {
      let how: "end" | "reset" = "end";
      this.socket.on("error", () => (how = "reset"));
      this.socket.on("close", () => resolve(how));
    });
  }

  get received(): string {
    return Buffer.concat(this.#received).toString("latin1");
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Waits until what was received contains the text. */
  async waitFor(text: string, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.received.includes(text)) {
      if (Date.now() > deadline) throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#onData = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** The text of a JSON request with its length. */
export function rawPost(path: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n${extra.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Polls until the condition holds; a minute is long enough for a busy machine too. */
export async function eventually(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
