/** Others that take OTLP, to be sent what Weir is sent: the OpenTelemetry Collector, Jaeger and Arize Phoenix. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freeLoopbackPort } from "@weir/storage";
import { type JaegerPorts, jaegerConfig, jaegerStore } from "./jaeger.ts";

/** A peer that runs. Disposing of it removes what it kept. */
export interface IngestPeer extends AsyncDisposable {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly pid: number;
  /** Where it keeps what it takes. */
  readonly folder: string;
  /** Undefined where it cannot tell what it stored. */
  readonly store: PeerStore | undefined;
  /** Ends it as its operator does, so that it writes what it still holds. False: half a minute was not enough. */
  stop(): Promise<boolean>;
}

/** What a peer tells of its storage. */
export interface PeerStore {
  /** Spans written to it so far, by the peer's own count. */
  writtenSpans(): Promise<number>;
  /** Whether its query API finds the trace. */
  hasTrace(traceId: string): Promise<boolean>;
}

export interface KnownPeer {
  readonly title: string;
  readonly program: string;
  /** The command that puts the program there, in the checkout's root. */
  readonly installedBy: string;
  start(): Promise<IngestPeer>;
}

const endsWithinMs = 30_000;

const collector = {
  program: join(import.meta.dirname, "../e2e/.otel-bin/otel-collector"),
  installedBy: "(cd e2e/otel-collector && go build -o ../.otel-bin/ .)",
};
const jaeger = {
  program: join(import.meta.dirname, ".peers/jaeger"),
  installedBy: "(cd bench/peers/jaeger && go build -o ../../.peers/jaeger github.com/jaegertracing/jaeger/cmd/jaeger)",
};
const phoenix = {
  program: join(import.meta.dirname, ".peers/phoenix/bin/phoenix"),
  installedBy: "python3 -m venv bench/.peers/phoenix && bench/.peers/phoenix/bin/pip install arize-phoenix",
};

const peers: Readonly<Record<string, KnownPeer>> = {
  "collector-nop": {
    ...collector,
    title: "OpenTelemetry Collector, to nothing",
    start: () => startCollector("nop", "nop: {}"),
  },
  "collector-file": {
    ...collector,
    title: "OpenTelemetry Collector, to a file",
    start: () => startCollector("file", "file: {path: ./spans.binpb, format: proto}"),
  },
  "jaeger-memory": {
    ...jaeger,
    title: "Jaeger, the latest 100,000 traces in memory",
    start: () => startJaeger("memory: {max_traces: 100000}"),
  },
  "jaeger-badger": {
    ...jaeger,
    title: "Jaeger, badger",
    start: () => startJaeger("badger: {ephemeral: false, directories: {keys: ./badger, values: ./badger}}"),
  },
  phoenix: { ...phoenix, title: "Arize Phoenix", start: startPhoenix },
};

/** Those of the names, or whose names begin so (`jaeger`); `all`: every one. Throws where a name is no peer's. */
export function peersNamed(names: readonly string[]): KnownPeer[] {
  const isMeant = (id: string, name: string) => name === "all" || id === name || id.startsWith(`${name}-`);
  const ids = Object.keys(peers);
  const unknown = names.find((name) => !ids.some((id) => isMeant(id, name)));
  if (unknown !== undefined) throw new Error(`No peer is named ${unknown}: ${ids.join(", ")}, or all.`);
  return Object.entries(peers).flatMap(([id, peer]) => (names.some((name) => isMeant(id, name)) ? [peer] : []));
}

function startCollector(exporter: string, settings: string): Promise<IngestPeer> {
  return start(collector.program, ({ httpPort, grpcPort, folder }) => {
    const config = `receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpcPort}"}, http: {endpoint: "127.0.0.1:${httpPort}"}}}}
processors: {batch: {}}
exporters: {${settings}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [${exporter}]}}
`;
    writeFileSync(join(folder, "config.yaml"), config);
    return { args: ["--config", "file:config.yaml"] };
  });
}

async function startJaeger(backend: string): Promise<IngestPeer> {
  const more: JaegerPorts = {
    queryPort: await freeLoopbackPort(),
    queryGrpcPort: await freeLoopbackPort(),
    metricsPort: await freeLoopbackPort(),
  };
  return start(jaeger.program, ({ httpPort, grpcPort, folder }) => {
    writeFileSync(join(folder, "config.yaml"), jaegerConfig(backend, { httpPort, grpcPort, ...more }));
    return { args: ["--config", "file:config.yaml"], store: jaegerStore(more) };
  });
}

function startPhoenix(): Promise<IngestPeer> {
  return start(phoenix.program, ({ httpPort, grpcPort, folder }) => ({
    args: ["serve"],
    environment: {
      PHOENIX_HOST: "127.0.0.1",
      PHOENIX_PORT: String(httpPort),
      PHOENIX_GRPC_PORT: String(grpcPort),
      PHOENIX_WORKING_DIR: folder,
      PHOENIX_TELEMETRY_ENABLED: "false",
    },
  }));
}

/** What a peer is given: where to listen, and a folder to work in. */
interface Place {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly folder: string;
}

interface Invocation {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly store?: PeerStore;
}

async function start(program: string, invocationOf: (place: Place) => Invocation): Promise<IngestPeer> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-peer-"));
  const [httpPort, grpcPort] = [await freeLoopbackPort(), await freeLoopbackPort()];
  const { args, environment, store } = invocationOf({ httpPort, grpcPort, folder });
  const child = spawn(program, args, { cwd: folder, stdio: "ignore", env: { ...process.env, ...environment } });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await untilListening(child, httpPort, program);
  return {
    httpUrl: `http://127.0.0.1:${httpPort}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    pid: child.pid as number,
    folder,
    store,
    async stop() {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), endsWithinMs);
      await ended;
      clearTimeout(force);
      return child.signalCode !== "SIGKILL";
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(child: ChildProcess, port: number, program: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(100);
  }
  throw new Error(`${program} does not listen`);
}
