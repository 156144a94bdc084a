/**
 * Spans per second that Weir acknowledges, durable, with everything running on this machine: load generator, ingest,
 * core and engine. Then counts what is stored: every acknowledged span once.
 *
 *   node bench/ingest.ts [--seconds 20] [--connections 8] [--spans 500] [--kinds protobuf,gzip,grpc]
 *     [--peers all|collector,jaeger,phoenix] [--profile folder]
 *
 * With `--peers` the same is sent to others that take OTLP; `ingest-peers.ts` names them.
 */
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figuresOf } from "@weir/e2e/process-table.ts";
import { type Role, Weir } from "@weir/e2e/weir-process.ts";
import { allocatedBytes } from "./folder-size.ts";
import { type IngestPeer, type KnownPeer, type PeerStore, peersNamed } from "./ingest-peers.ts";
import { type SendOrder, type SendResult, startOtlpLoad } from "./otlp-load.ts";

const roles: readonly Role[] = ["ingest", "core", "engine"];
const storedWithinMs = 180_000;
/** A peer that has written nothing more for so long has dropped the rest. */
const quietMs = 10_000;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    connections: { type: "string", default: "8" },
    spans: { type: "string", default: "500" },
    kinds: { type: "string", default: "protobuf,gzip,grpc" },
    peers: { type: "string" },
    profile: { type: "string" },
  },
});

const peers = flags.peers === undefined ? [] : peersNamed(flags.peers.split(","));
console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, exports of ${flags.spans} spans`);
for (const kind of flags.kinds.split(",") as SendOrder["kind"][]) {
  await measure(kind);
  for (const peer of peers) await measurePeer(peer, kind);
}

async function measure(kind: SendOrder["kind"]): Promise<void> {
  const profiled = flags.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${flags.profile}` };
  await using weir = await Weir.start({ readyWithinMs: 120_000, environment: profiled });
  const before = cpuSeconds(weir);
  const result = await startOtlpLoad(orderOf(kind, kind === "grpc" ? weir.otlpGrpcUrl : weir.otlpHttpUrl, weir.apiKey))
    .result;
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

async function measurePeer(known: KnownPeer, kind: SendOrder["kind"]): Promise<void> {
  if (!existsSync(known.program)) {
    console.log(`${known.title}: not installed: ${known.installedBy}`);
    return;
  }
  await using peer = await known.start();
  const before = figuresOf([peer.pid]);
  const result = await startOtlpLoad(orderOf(kind, kind === "grpc" ? peer.grpcUrl : peer.httpUrl, "")).result;
  const after = figuresOf([peer.pid]);
  const per = perMillion(result);
  printRate(`${known.title}, ${kind}`, result);
  console.log(
    `  CPU s/1M: sender ${per(result.cpuSeconds)}, program ${per(after.cpuSeconds - before.cpuSeconds)}; ${Math.round(after.residentBytes / 2 ** 20)} MB resident`,
  );
  if (peer.store !== undefined) {
    const written = await writtenSpans(peer.store, result.acknowledgedSpans);
    const all = figuresOf([peer.pid]).cpuSeconds - before.cpuSeconds;
    console.log(`  ${written} (CPU s/1M by then: ${per(all)}); ${await foundTraces(peer.store, result)}`);
  }
  await printDisk(peer, result);
}

/** Waits until the peer has written all, or writes no more; says what it wrote and dropped. */
async function writtenSpans(store: PeerStore, acknowledged: number): Promise<string> {
  const startedMs = performance.now();
  let written = 0;
  let grewMs = startedMs;
  while (written < acknowledged && performance.now() - grewMs < quietMs) {
    const now = await store.writtenSpans();
    if (now > written) grewMs = performance.now();
    written = now;
    await sleep(100);
  }
  const dropped = Math.max(0, acknowledged - written);
  return `${written} spans written ${((grewMs - startedMs) / 1000).toFixed(1)} s later, ${dropped} of ${acknowledged} acknowledged dropped`;
}

async function foundTraces(store: PeerStore, { traceIds }: SendResult): Promise<string> {
  let found = 0;
  for (const id of traceIds) if (await store.hasTrace(id)) found += 1;
  return `its API finds ${found} of ${traceIds.length} traces`;
}

async function printDisk(peer: IngestPeer, { acknowledgedSpans }: SendResult): Promise<void> {
  const atEnd = allocatedBytes(peer.folder);
  const hasEnded = await peer.stop();
  const per = (bytes: number) => Math.round(bytes / acknowledgedSpans);
  console.log(
    `  bytes a span on disk: ${per(atEnd)}, ${per(allocatedBytes(peer.folder))} once it ${hasEnded ? "has ended" : "was killed, as it did not end"}`,
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
