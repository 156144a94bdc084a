/** Others that take OTLP, to be sent what Weir is sent: the OpenTelemetry Collector and Arize Phoenix. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freeLoopbackPort } from "@weir/storage";

export interface IngestPeer extends AsyncDisposable {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly pid: number;
  /** Where it keeps what it takes. */
  readonly folder: string;
}

const checkout = join(import.meta.dirname, "..");
const collector = join(checkout, "e2e/.otel-bin/otel-collector");
const phoenix = join(import.meta.dirname, ".peers/phoenix/bin/phoenix");

/** By name; undefined where it is not installed, and what installs it. */
export const ingestPeers: Readonly<Record<string, () => Promise<IngestPeer> | string>> = {
  "OpenTelemetry Collector, to nothing": () => startCollector("nop", "nop: {}"),
  "OpenTelemetry Collector, to a file": () => startCollector("file", "file: {path: ./spans.binpb, format: proto}"),
  "Arize Phoenix": startPhoenix,
};

function startCollector(exporter: string, settings: string): Promise<IngestPeer> | string {
  if (!existsSync(collector)) return "`.ci/run` builds e2e/.otel-bin/otel-collector where there is Go";
  return start(collector, (httpPort, grpcPort, folder) => {
    const config = `receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpcPort}"}, http: {endpoint: "127.0.0.1:${httpPort}"}}}}
processors: {batch: {}}
exporters: {${settings}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [${exporter}]}}
`;
    writeFileSync(join(folder, "config.yaml"), config);
    return { args: ["--config", "file:config.yaml"], environment: {} };
  });
}

function startPhoenix(): Promise<IngestPeer> | string {
  if (!existsSync(phoenix)) {
    return "python3 -m venv bench/.peers/phoenix && bench/.peers/phoenix/bin/pip install arize-phoenix";
  }
  return start(phoenix, (httpPort, grpcPort, folder) => ({
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

interface Invocation {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

async function start(
  program: string,
  invocationOf: (httpPort: number, grpcPort: number, folder: string) => Invocation,
): Promise<IngestPeer> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-peer-"));
  const [httpPort, grpcPort] = [await freeLoopbackPort(), await freeLoopbackPort()];
  const { args, environment } = invocationOf(httpPort, grpcPort, folder);
  const child = spawn(program, args, { cwd: folder, stdio: "ignore", env: { ...process.env, ...environment } });
  await untilListening(child, httpPort, program);
  return {
    httpUrl: `http://127.0.0.1:${httpPort}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    pid: child.pid as number,
    folder,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
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
