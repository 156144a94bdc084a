/**
 * Spans per second that Weir acknowledges, durable, with everything running on this machine: load generator, ingest,
 * core and engine. Then counts what is stored: every acknowledged span once.
 *
 *   node bench/ingest.ts [--seconds 20] [--connections 8] [--spans 500] [--kinds protobuf,gzip,grpc] [--peers]
 *     [--profile folder]
 *
 * With `--peers` the same is sent to others that take OTLP; see `ingest-peers.ts`.
 */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { figuresOf } from "@weir/e2e/process-table.ts";
import { type Role, Weir } from "@weir/e2e/weir-process.ts";
import { folderBytes } from "./folder-size.ts";
import { ingestPeers } from "./ingest-peers.ts";
import type { Quantiles } from "./quantiles.ts";

export interface SendOrder {
  readonly url: string;
  readonly apiKey: string;
  readonly kind: "protobuf" | "gzip" | "grpc";
  readonly connections: number;
  readonly spansPerExport: number;
  readonly seconds: number;
}

export interface SendResult {
  readonly acknowledgedSpans: number;
  readonly failedExports: number;
  readonly seconds: number;
  readonly latencyMs: Quantiles;
  readonly cpuSeconds: number;
}

const roles: readonly Role[] = ["ingest", "core", "engine"];
const storedWithinMs = 180_000;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    connections: { type: "string", default: "8" },
    spans: { type: "string", default: "500" },
    kinds: { type: "string", default: "protobuf,gzip,grpc" },
    peers: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, exports of ${flags.spans} spans`);
for (const kind of flags.kinds.split(",") as SendOrder["kind"][]) {
  await measure(kind);
  if (flags.peers) for (const name of Object.keys(ingestPeers)) await measurePeer(name, kind);
}

async function measure(kind: SendOrder["kind"]): Promise<void> {
  const profiled = flags.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${flags.profile}` };
  await using weir = await Weir.start({ readyWithinMs: 120_000, environment: profiled });
  const before = cpuSeconds(weir);
  const result = await send(orderOf(kind, kind === "grpc" ? weir.otlpGrpcUrl : weir.otlpHttpUrl, weir.apiKey));
  const atEnd = cpuSeconds(weir);
  const per = perMillion(result);
  printRate(`Weir, ${kind}`, result);
  const used = roles.map((role) => `${role} ${per((atEnd[role] ?? 0) - (before[role] ?? 0))}`);
  console.log(`  CPU s/1M at the end of the load: sender ${per(result.cpuSeconds)}, ${used.join(", ")}`);
  const startedMs = performance.now();
  const stored = await storedSpans(weir, result.acknowledgedSpans);
  const all = cpuSeconds(weir);
  const afterwards = roles.map((role) => `${role} ${per((all[role] ?? 0) - (before[role] ?? 0))}`);
  console.log(
    `  stored ${((performance.now() - startedMs) / 1000).toFixed(1)} s later (CPU s/1M by then: ${afterwards.join(", ")}): ${stored.rows} rows, ${stored.distinct} distinct of ${result.acknowledgedSpans} acknowledged ${stored.rows === result.acknowledgedSpans && stored.distinct === stored.rows ? "– each once" : "– WRONG"}`,
  );
}

async function measurePeer(name: string, kind: SendOrder["kind"]): Promise<void> {
  const started = ingestPeers[name]?.();
  if (started === undefined || typeof started === "string") {
    console.log(`${name}: not installed: ${started}`);
    return;
  }
  await using peer = await started;
  const before = figuresOf([peer.pid]);
  const result = await send(orderOf(kind, kind === "grpc" ? peer.grpcUrl : peer.httpUrl, ""));
  const after = figuresOf([peer.pid]);
  const per = perMillion(result);
  printRate(`${name}, ${kind}`, result);
  console.log(
    `  CPU s/1M: sender ${per(result.cpuSeconds)}, program ${per(after.cpuSeconds - before.cpuSeconds)}; ${Math.round(after.residentBytes / 2 ** 20)} MB resident, ${Math.round(folderBytes(peer.folder) / result.acknowledgedSpans)} bytes a span on disk`,
  );
}

function orderOf(kind: SendOrder["kind"], url: string, apiKey: string): SendOrder {
  return {
    url,
    apiKey,
    kind,
    connections: Number(flags.connections),
    spansPerExport: Number(flags.spans),
    seconds: Number(flags.seconds),
  };
}

function perMillion({ acknowledgedSpans }: SendResult): (seconds: number) => string {
  return (seconds) => (seconds / (acknowledgedSpans / 1e6)).toFixed(2);
}

function printRate(name: string, { acknowledgedSpans, seconds, latencyMs, failedExports }: SendResult): void {
  const rate = Math.round(acknowledgedSpans / seconds).toLocaleString("en-US");
  console.log(
    `${name}: ${rate} spans/s acknowledged, p50 ${latencyMs.p50.toFixed(0)} ms, p99 ${latencyMs.p99.toFixed(0)} ms, ${failedExports} refused`,
  );
}

function send(order: SendOrder): Promise<SendResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./otlp-sender.ts", import.meta.url)), [JSON.stringify(order)]);
    let result: SendResult | undefined;
    child.on("message", (message) => {
      result = message as SendResult;
    });
    child.once("exit", (code) => {
      if (result === undefined) reject(new Error(`The sender ended with ${code} and no result.`));
      else resolve(result);
    });
  });
}

function cpuSeconds(weir: Weir): Partial<Record<Role, number>> {
  return Object.fromEntries(roles.map((role) => [role, figuresOf(weir.pidsOf(role)).cpuSeconds]));
}

interface Stored {
  readonly rows: number;
  readonly distinct: number;
}

/** Asks the engine itself, until all is stored or no more comes. Rows of failed exports may be there too. */
async function storedSpans(weir: Weir, wanted: number): Promise<Stored> {
  const access = JSON.parse(readFileSync(join(weir.dataDirectory, "run", "engine.json"), "utf8")) as {
    url: string;
    username: string;
    password: string;
  };
  const count = async (what: string): Promise<number> => {
    const response = await fetch(access.url, {
      method: "POST",
      headers: { "x-clickhouse-user": access.username, "x-clickhouse-key": access.password },
      body: `SELECT ${what} FROM weir.spans WHERE source = 'otlp'`,
    });
    return Number(await response.text());
  };
  let rows = 0;
  for (const startedMs = performance.now(); performance.now() - startedMs < storedWithinMs; await sleep(200)) {
    rows = await count("count()");
    if (rows >= wanted) break;
  }
  return { rows, distinct: await count("uniqExact(span_id, trace_id)") };
}
