import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { kill, Weir } from "./weir-process.ts";

/**
 * `telemetrygen` and the OpenTelemetry Collector, as `.ci/run` builds them into e2e/.otel-bin, while Weir is short of
 * room (503, `UNAVAILABLE`) and its receivers are killed: every span is counted once.
 */

const folder = join(import.meta.dirname, ".otel-bin");
const [collector, telemetrygen] = [join(folder, "otel-collector"), join(folder, "telemetrygen")];
const isBuilt = existsSync(collector) && existsSync(telemetrygen);
const skip = isBuilt ? false : "no OpenTelemetry Collector: `.ci/run` builds it into e2e/.otel-bin where there is Go";

const room = 1 << 20;
let weir: Weir;
before(async () => {
  // The least that a receiver may be given: several exports at once are more.
  if (isBuilt) weir = await Weir.start({ environment: { WEIR_RECEIVERS_MAX_IN_FLIGHT_BYTES: String(room) } });
});
after(() => weir?.[Symbol.asyncDispose]());

async function spanCount(service: string): Promise<number> {
  const { data } = await weir.post<{ data: { values: Record<string, number> }[] }>("/api/v1/query", {
    filter: `service:${service} kind:chain`,
    select: ["count()"],
  });
  return Object.values(data[0]?.values ?? {})[0] ?? 0;
}

/** Sends traces of two spans each; resolves once it has ended. */
async function generate(service: string, traces: number, endpoint: string, ...args: string[]): Promise<void> {
  const to = ["--otlp-insecure", "--otlp-endpoint", endpoint, "--otlp-header", `x-api-key="${weir.apiKey}"`];
  const what = ["--traces", String(traces), "--rate", "0", "--service", service];
  await promisify(execFile)(telemetrygen, ["traces", ...to, ...what, ...args], { maxBuffer: 64 << 20 });
}

/** What comes twice would come soon after. */
async function checkCount(service: string, expected: number): Promise<void> {
  await weir.until(
    `stored: ${expected} spans of ${service}`,
    120_000,
    async () => (await spanCount(service)) >= expected,
    250,
  );
  await sleep(2000);
  assert.equal(await spanCount(service), expected);
}

for (const [name, args] of [
  ["gRPC", []],
  ["HTTP", ["--otlp-http"]],
] as const) {
  test(`telemetrygen over ${name}`, { skip }, async () => {
    const service = `gen-${randomBytes(4).toString("hex")}`;
    const url = name === "gRPC" ? weir.otlpGrpcUrl : weir.otlpHttpUrl;
    await generate(service, 1000, new URL(url).host, ...args);
    await checkCount(service, 2000);
  });
}

interface Collector extends AsyncDisposable {
  /** Where it takes OTLP over HTTP. */
  readonly url: string;
}

async function startCollector(exporter: string, compression: string): Promise<Collector> {
  const directory = mkdtempSync(join(tmpdir(), "weir-collector-"));
  const port = await freePort();
  const file = join(directory, "config.yaml");
  const endpoint = exporter === "otlp_grpc" ? new URL(weir.otlpGrpcUrl).host : weir.otlpHttpUrl;
  writeFileSync(
    file,
    `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
processors: {batch: {send_batch_size: 500, send_batch_max_size: 500, timeout: 100ms}}
exporters:
  ${exporter}:
    endpoint: "${endpoint}"
    compression: ${compression}
    headers: {x-api-key: "${weir.apiKey}"}
    tls: {insecure: true}
    timeout: 5s
    sending_queue: {num_consumers: 8, queue_size: 5000}
    retry_on_failure: {initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 5m}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [${exporter}]}}
`,
  );
  const child = spawn(collector, ["--config", `file:${file}`], { stdio: ["ignore", "inherit", "inherit"] });
  await untilListening(child, port);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    assert.equal(child.exitCode, null, "the collector ended");
    const answer = await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(100);
  }
  assert.fail("the collector does not listen");
}

const exportSpans = 100;

/** An export as JSON, of spans with ids of their own. */
function exportOf(service: string): string {
  const startTimeUnixNano = `${Date.now()}000000`;
  const spans = Array.from({ length: exportSpans }, () => ({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "step",
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
    attributes: [{ key: "padding", value: { stringValue: "x".repeat(500) } }],
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

/**
 * Takes nearly all the room that receivers have for bodies, by an upload that does not come to its end, until exports of
 * the transport were refused.
 */
async function crowd(transport: "grpc" | "http"): Promise<void> {
  const headers = { "content-type": "application/json", "content-length": String(room), "x-api-key": weir.apiKey };
  const upload = request(`${weir.otlpHttpUrl}/v1/traces`, { method: "POST", headers });
  upload.on("error", () => undefined);
  upload.write(Buffer.alloc(room - 1000, " "));
  const refused = `weir_otlp_requests_refused_total{transport="${transport}",code="RECEIVER_BUSY"}`;
  await weir.until("refusing for want of room", 30_000, async () =>
    (await (await weir.fetch("/metrics")).text()).includes(refused),
  );
  upload.destroy();
}

/** Gives the Collector exports until the receivers were killed so often; how many spans it took. */
async function feed(service: string, { url }: Collector, isEnough: () => boolean): Promise<number> {
  let taken = 0;
  while (!isEnough() || taken < 5000) {
    const headers = { "content-type": "application/json" };
    const { status } = await fetch(`${url}/v1/traces`, { method: "POST", headers, body: exportOf(service) });
    assert.equal(status, 200);
    taken += exportSpans;
    await sleep(10);
  }
  return taken;
}

for (const exporter of ["otlp_grpc", "otlp_http"]) {
  for (const compression of ["gzip", "zstd"]) {
    test(`the Collector, ${exporter} and ${compression}, with receivers killed in between`, { skip }, async () => {
      const service = `col-${randomBytes(4).toString("hex")}`;
      await using running = await startCollector(exporter, compression);
      let kills = 0;
      const trouble = crowd(exporter === "otlp_grpc" ? "grpc" : "http").then(() => killReceivers(() => kills++));
      const taken = await feed(service, running, () => kills >= killCount);
      await trouble;
      await checkCount(service, taken);
    });
  }
}

const killCount = 3;

async function killReceivers(onKill: () => void): Promise<void> {
  for (let kills = 0; kills < killCount; kills++) {
    await sleep(500 + Math.random() * 1000);
    for (const pid of weir.pidsOf("ingest")) kill(pid);
    onKill();
  }
}
