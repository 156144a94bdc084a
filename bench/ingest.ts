/**
 * Spans per second that Weir acknowledges, durable, with everything running on this machine: load generator, ingest,
 * core and engine. Then counts what is stored: every acknowledged span once.
 *
 *   node bench/ingest.ts [--seconds 20] [--connections 8] [--spans 500] [--kinds protobuf,gzip,grpc]
 *     [--peers all|collector,jaeger,phoenix] [--profile folder] [--watch 60] [--calls 20]
 *
 * `--watch` prints every so many seconds what is stored by then, what waits in the journals, parts, memory and how long
 * questions take. `--calls` sends so many a second through the gateway meanwhile, to an upstream that answers at once.
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
import { type LoadResult, runLoad } from "./load.ts";
import { type SendOrder, type SendResult, startOtlpLoad } from "./otlp-load.ts";
import { startInstantUpstream } from "./programs.ts";
import { median } from "./quantiles.ts";

const roles: readonly Role[] = ["ingest", "core", "engine"];
/** What waits at the end of a long load takes its time. */
const leastStoredWithinMs = 180_000;
const indexedWithinMs = 180_000;
/** A peer that has written nothing more for so long has dropped the rest. */
const quietMs = 10_000;

/** What a user looks at meanwhile. */
const questions = {
  "latest calls": "calls?limit=50",
  "latest traces": "traces?limit=50",
  "totals of an hour": "metrics/summary",
};

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    connections: { type: "string", default: "8" },
    spans: { type: "string", default: "500" },
    kinds: { type: "string", default: "protobuf,gzip,grpc" },
    peers: { type: "string" },
    profile: { type: "string" },
    watch: { type: "string" },
    calls: { type: "string" },
  },
});

/** The ids of so many spans fit into the memory of one question. */
const rowsAtOnce = 3_000_000;
const storedWithinMs = Math.max(leastStoredWithinMs, Number(flags.seconds) * 1000);
const peers = flags.peers === undefined ? [] : peersNamed(flags.peers.split(","));
console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, exports of ${flags.spans} spans`);
for (const kind of flags.kinds.split(",") as SendOrder["kind"][]) {
  await measure(kind);
  for (const peer of peers) await measurePeer(peer, kind);
}

async function measure(kind: SendOrder["kind"]): Promise<void> {
  const profiled = flags.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${flags.profile}` };
  await using upstream = await startInstantUpstream();
  await using weir = await Weir.start({ upstream: upstream.url, readyWithinMs: 120_000, environment: profiled });
  const before = cpuSeconds(weir);
  const watching = new AbortController();
  const watched = flags.watch === undefined ? undefined : watch(weir, Number(flags.watch), watching.signal);
  const calls = flags.calls === undefined ? undefined : callsMeanwhile(weir, Number(flags.calls));
  const result = await startOtlpLoad(orderOf(kind, kind === "grpc" ? weir.otlpGrpcUrl : weir.otlpHttpUrl, weir.apiKey))
    .result;
  const atEnd = cpuSeconds(weir);
  watching.abort();
  await watched;
  const per = perMillion(result);
  printRate(`Weir, ${kind}`, result);
  const used = roles.map((role) => `${role} ${per((atEnd[role] ?? 0) - (before[role] ?? 0))}`);
  console.log(`  CPU s/1M at the end of the load: sender ${per(result.cpuSeconds)}, ${used.join(", ")}`);
  if (calls !== undefined) printCalls(await calls);
  const startedMs = performance.now();
  const stored = await storedSpans(weir, result.acknowledgedSpans);
  const all = cpuSeconds(weir);
  const afterwards = roles.map((role) => `${role} ${per((all[role] ?? 0) - (before[role] ?? 0))}`);
  console.log(
    `  stored ${((performance.now() - startedMs) / 1000).toFixed(1)} s later (CPU s/1M by then: ${afterwards.join(", ")}): ${stored.rows} rows, ${stored.distinct} distinct of ${result.acknowledgedSpans} acknowledged ${stored.rows === result.acknowledgedSpans && stored.distinct === stored.rows ? "– each once" : "– WRONG"}`,
  );
  console.log(`  ${await indexedAndSummed(weir, startedMs)}`);
}

/** Calls of the gateway's for as long as spans are sent. */
function callsMeanwhile(weir: Weir, ratePerSecond: number): Promise<LoadResult> {
  const warmupMs = 1000;
  return runLoad({
    url: `${weir.url}/openai/v1/chat/completions`,
    headers: { authorization: "Bearer sk-bench" },
    ...{ connections: 10, promptBytes: 1024, stream: false, warmupMs, ratePerSecond },
    durationMs: Number(flags.seconds) * 1000 - warmupMs,
  });
}

function printCalls({ answered, errors, latencyMs }: LoadResult): void {
  console.log(
    `  ${answered} calls through the gateway meanwhile: p50 ${latencyMs.p50.toFixed(2)} ms, p99 ${latencyMs.p99.toFixed(1)} ms, ${errors} errors`,
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

async function watch(weir: Weir, everySeconds: number, signal: AbortSignal): Promise<void> {
  const storedNow = () => asked(weir, "count() FROM weir.spans WHERE source = 'otlp'");
  const startedMs = performance.now();
  let before = { stored: await storedNow(), atMs: startedMs };
  for (;;) {
    await sleep(everySeconds * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const now = { stored: await storedNow(), atMs: performance.now() };
    const perSecond = ((now.stored - before.stored) / (now.atMs - before.atMs)) * 1000;
    const parts = await asked(weir, "count() FROM system.parts WHERE active AND database = 'weir'");
    const waiting = allocatedBytes(join(weir.dataDirectory, "journal")) / 2 ** 20;
    const memory = roles.map((role) => `${role} ${(figuresOf(weir.pidsOf(role)).residentBytes / 2 ** 20).toFixed(0)}`);
    console.log(
      `  after ${((now.atMs - startedMs) / 1000).toFixed(0)} s: ${now.stored} stored (${perSecond.toFixed(0)}/s), ${waiting.toFixed(0)} MB in journals, ${parts} parts, MB resident: ${memory.join(", ")}; ${await asking(weir)}`,
    );
    before = now;
  }
}

/** How long each question takes, of five times. */
async function asking(weir: Weir): Promise<string> {
  const told: string[] = [];
  for (const [name, path] of Object.entries(questions)) {
    const timesMs: number[] = [];
    for (let time = 0; time < 5; time++) {
      const startedMs = performance.now();
      const response = await fetch(`${weir.url}/api/v1/${path}`, { headers: { "x-api-key": weir.apiKey } });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
      timesMs.push(performance.now() - startedMs);
    }
    told.push(`${name} ${median(timesMs).toFixed(0)} (${Math.max(...timesMs).toFixed(0)})`);
  }
  return `ms to answer, median (longest): ${told.join(", ")}`;
}

/** What totals count, and when words were indexed but for one inserted part, which waits for others. */
async function indexedAndSummed(weir: Weir, startedMs: number): Promise<string> {
  const summed = await asked(weir, "sum(span_count) FROM weir.usage_1m WHERE source = 'otlp'");
  const since = () => ((performance.now() - startedMs) / 1000).toFixed(1);
  const inserted = "FROM system.parts WHERE active AND database = 'weir' AND table = 'spans' AND level = 0";
  for (const untilMs = performance.now() + indexedWithinMs; performance.now() < untilMs; await sleep(500))
    if ((await asked(weir, `count() ${inserted}`)) < 2) break;
  const without = await asked(weir, `sum(rows) ${inserted}`);
  return `totals count ${summed}; ${since()} s after the end the words of all spans but ${without} are indexed`;
}

/** A number that the engine itself tells. */
async function asked(weir: Weir, what: string): Promise<number> {
  const access = JSON.parse(readFileSync(join(weir.dataDirectory, "run", "engine.json"), "utf8")) as {
    url: string;
    username: string;
    password: string;
  };
  const response = await fetch(access.url, {
    method: "POST",
    headers: { "x-clickhouse-user": access.username, "x-clickhouse-key": access.password },
    body: `SELECT ${what}`,
  });
  return Number(await response.text());
}

/** Waits until all is stored or no more comes. Rows of failed exports may be there too. */
async function storedSpans(weir: Weir, wanted: number): Promise<Stored> {
  const count = (figure: string) => asked(weir, `${figure} FROM weir.spans WHERE source = 'otlp'`);
  let rows = 0;
  for (const startedMs = performance.now(); performance.now() - startedMs < storedWithinMs; await sleep(200)) {
    rows = await count("count()");
    if (rows >= wanted) break;
  }
  // In shares: all ids of half an hour at once are more than a question may hold.
  const shares = Math.ceil(rows / rowsAtOnce);
  let distinct = 0;
  for (let share = 0; share < shares; share++) {
    distinct += await count(`uniqExactIf((span_id, trace_id), cityHash64(trace_id) % ${shares} = ${share})`);
  }
  return { rows, distinct };
}
