/**
 * What a gateway costs: the same load straight to an instant upstream, through a bare Node relay, nginx, Portkey, and
 * Weir with everything recorded, in one run. Every round measures every path, so that a busy moment of the machine
 * hits all of them, and every other round in the opposite order, since what a path leaves to be done later (an engine's
 * merges) is done while the next one is measured; the figures are medians over the rounds.
 *
 *   node bench/gateway.ts [--quick] [--rounds 4] [--seconds 5] [--only straight,relay,weir] [--rate 2000]
 *
 * With `--policy bench/policy.yaml` a second Weir runs with redaction, rules and metrics of one's own, and a table says
 * what of the first one's throughput, and CPU, it has.
 */
import { cpus, totalmem } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figuresOf } from "@weir/e2e/process-table.ts";
import { Weir } from "@weir/e2e/weir-process.ts";
import { type LoadResult, runLoad } from "./load.ts";
import {
  type Running,
  startAimock,
  startBareRelay,
  startInstantUpstream,
  startNginx,
  startPortkey,
} from "./programs.ts";
import { median } from "./quantiles.ts";
import { markdownTable } from "./tables.ts";

/** One way from the client to the upstream. */
interface Path {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The processes that a call passes through. */
  pids(): number[];
  /** Those and all that the program needs besides. */
  allPids(): number[];
  /** Where the path is through Weir. */
  readonly weir?: Weir;
}

interface Load {
  readonly connections: number;
  readonly promptBytes: number;
  readonly stream: boolean;
  readonly ratePerSecond?: number;
}

interface Measurement extends LoadResult {
  readonly path: string;
  readonly load: Load;
  readonly cpuMicrosPerCall: number;
  readonly allCpuMicrosPerCall: number;
  readonly residentMb: number;
  readonly allResidentMb: number;
}

const endpoint = "/v1/chat/completions";
const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
    rate: { type: "string", default: "2000" },
    /** A weir.yaml for the Weir that is measured, such as one with rules and metrics. */
    config: { type: "string" },
    /** A weir.yaml for a second Weir, which is measured in turn with the first. */
    policy: { type: "string" },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 2 : 4));
const durationMs = Number(flags.seconds ?? (flags.quick ? 2 : 5)) * 1000;
const warmupMs = flags.quick ? 700 : 1500;
const rate = Number(flags.rate);
const chosen = flags.only?.split(",");

const shapes = [
  { promptBytes: 1024, stream: false },
  { promptBytes: 1024, stream: true },
  { promptBytes: 100 * 1024, stream: false },
  { promptBytes: 100 * 1024, stream: true },
];
const closedLoads: Load[] = shapes.flatMap((shape) => [10, 100].map((connections) => ({ connections, ...shape })));
const openLoads: Load[] = shapes.map((shape) => ({ connections: 256, ratePerSecond: rate, ...shape }));

await using open = new AsyncDisposableStack();
const upstream = open.use(await startInstantUpstream());
const configured: Record<string, string> = flags.config === undefined ? {} : { WEIR_CONFIG: resolve(flags.config) };
const weir = open.use(
  await Weir.start({ upstream: upstream.url, environment: { WEIR_LOG_LEVEL: "warn", ...configured } }),
);
const withPolicy = flags.policy === undefined ? undefined : open.use(await startWithPolicy(flags.policy));
const paths = await startPaths();
const measurements: Measurement[] = [];
let sentThroughWeir = 0;

console.log(machine());
for (let round = 1; round <= rounds; round++) {
  for (const load of [...closedLoads, ...openLoads]) {
    for (const path of round % 2 === 0 ? paths.toReversed() : paths) {
      const result = await measure(path, load);
      measurements.push(result);
      console.log(`round ${round} ${describe(load).padEnd(38)} ${path.name.padEnd(9)} ${oneLine(result)}`);
    }
  }
}
const aimock = chosen === undefined ? await measureAgainstAimock() : "";
const report = [
  "# Benchmarks\n",
  `Made by \`node bench/gateway.ts${flags.quick ? " --quick" : ""}\` on ${new Date().toISOString().slice(0, 10)}; ${machine()}. Medians of ${rounds} round(s) of ${durationMs / 1000} s. Load generator, upstream and the program under test share the machine.\n`,
  closedTable(),
  openTable(),
  costTable(),
  policyTable(),
  aimock,
  await recordedReport(),
].join("\n");
console.log(`\n${report}`);

function startWithPolicy(file: string): Promise<Weir> {
  return Weir.start({
    upstream: upstream.url,
    environment: { WEIR_LOG_LEVEL: "warn", WEIR_CONFIG: resolve(file) },
  });
}

async function startPaths(): Promise<Path[]> {
  const path = (name: string, running: Running, headers = {}): Path => ({
    name,
    url: running.url + endpoint,
    headers,
    pids: running.pids,
    allPids: running.pids,
  });
  const all: Record<string, () => Promise<Path>> = {
    straight: async () => path("straight", upstream),
    relay: async () => path("relay", open.use(await startBareRelay(upstream.url))),
    nginx: async () => path("nginx", open.use(await startNginx(upstream.url))),
    portkey: async () =>
      path("portkey", open.use(await startPortkey()), {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": `${upstream.url}/v1`,
      }),
    weir: async () => weirPath("weir", weir),
    ...(withPolicy !== undefined && { policy: async () => weirPath("policy", withPolicy) }),
  };
  const names = Object.keys(all).filter((name) => chosen === undefined || chosen.includes(name));
  const started: Path[] = [];
  for (const name of names) started.push(await (all[name] as () => Promise<Path>)());
  return started;
}

function weirPath(name: string, running: Weir): Path {
  return {
    name,
    weir: running,
    url: `${running.url}/openai${endpoint}`,
    headers: {},
    pids: () => running.pidsOf("gateway"),
    allPids: () => running.processes().map(({ pid }) => pid),
  };
}

async function measure(path: Path, load: Load): Promise<Measurement> {
  const pids = path.pids();
  const allPids = path.allPids();
  let before = figuresOf(pids);
  let allBefore = figuresOf(allPids);
  const url = path.url;
  const result = await runLoad({ ...load, url, headers: path.headers, warmupMs, durationMs }, () => {
    before = figuresOf(pids);
    allBefore = figuresOf(allPids);
  });
  const after = figuresOf(pids);
  if (path.weir !== undefined) await settle(path.weir);
  const allAfter = figuresOf(allPids);
  if (path.name === "weir") sentThroughWeir += result.answered;
  const calls = Math.max(1, result.answered);
  return {
    ...result,
    path: path.name,
    load,
    cpuMicrosPerCall: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / calls,
    allCpuMicrosPerCall: ((allAfter.cpuSeconds - allBefore.cpuSeconds) * 1e6) / calls,
    residentMb: after.residentBytes / 2 ** 20,
    allResidentMb: allAfter.residentBytes / 2 ** 20,
  };
}

/** Weir writes what it was told to storage in its own time; that work belongs to the calls that caused it. */
async function settle(running: Weir): Promise<void> {
  let last = -1;
  for (let tries = 0; tries < 60; tries++) {
    const count = await recordedCalls(running);
    if (count === last) return;
    last = count;
    await sleep(1000);
  }
}

async function recordedCalls(running: Weir): Promise<number> {
  const from = new Date(Date.now() - 6 * 3_600_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  const summary = await running.json<{ total: { calls: number } }>(`/api/v1/metrics/summary?from=${from}&to=${to}`);
  return summary.total.calls;
}

async function recordedReport(): Promise<string> {
  if (!paths.some(({ name }) => name === "weir")) return "";
  await settle(weir);
  const recorded = await recordedCalls(weir);
  return `Answered by Weir while it was measured: ${sentThroughWeir}; recorded, warm-ups included: ${recorded}.\n`;
}

function of(path: string, load: Load): Measurement[] {
  return measurements.filter((it) => it.path === path && it.load === load);
}

function middle(path: string, load: Load, value: (it: Measurement) => number): number {
  return median(of(path, load).map(value));
}

function closedTable(): string {
  const names = paths.map(({ name }) => name);
  const rows = closedLoads.map((load) => {
    const perSecond = (name: string) => middle(name, load, (it) => it.perSecond);
    const cells = names.map(
      (name) => `${Math.round(perSecond(name))}${isMockBound(name, load) ? " (mock-bound)" : ""}`,
    );
    const ratio = (name: string) =>
      names.includes(name) ? `${(perSecond("weir") / perSecond(name)).toFixed(2)}` : "–";
    return [describe(load), ...cells, ratio("relay"), ratio("portkey"), String(errors(load))];
  });
  const header = ["calls/s, closed loop", ...names, "weir ÷ relay", "weir ÷ portkey", "errors"];
  return `## Calls per second\n\n${markdownTable(header, rows)}\n`;
}

/** A path within a fifth of the straight one is limited by the upstream or the load generator, not by itself. */
function isMockBound(name: string, load: Load): boolean {
  if (name === "straight") return false;
  return middle(name, load, (it) => it.perSecond) > 0.8 * middle("straight", load, (it) => it.perSecond);
}

function errors(load: Load): number {
  return measurements.filter((it) => it.load === load).reduce((sum, it) => sum + it.errors, 0);
}

function openTable(): string {
  const others = paths.filter(({ name }) => name !== "straight");
  const rows = openLoads.flatMap((load) =>
    others.map(({ name }) => {
      const added = (value: (it: Measurement) => number) =>
        `${(middle(name, load, value) - middle("straight", load, value)).toFixed(3)}`;
      const reached = middle(name, load, (it) => it.perSecond);
      return [
        describe(load),
        name,
        reached < rate * 0.98 ? `${Math.round(reached)} (not held)` : String(Math.round(reached)),
        added((it) => it.latencyMs.p50),
        added((it) => it.latencyMs.p99),
        added((it) => it.firstByteMs.p50),
        middle("straight", load, (it) => it.latencyMs.p50).toFixed(3),
        middle("straight", load, (it) => it.latencyMs.p99).toFixed(3),
      ];
    }),
  );
  const header = [
    "open loop",
    "path",
    "calls/s",
    "added p50 ms",
    "added p99 ms",
    "added first byte p50 ms",
    "straight p50 ms",
    "straight p99 ms",
  ];
  return `## Latency added at ${rate} calls per second\n\nLatency counts from when a call was due by the schedule.\n\n${markdownTable(header, rows)}\n`;
}

function costTable(): string {
  const rows = [...closedLoads, ...openLoads].flatMap((load) =>
    paths
      .filter(({ name }) => name !== "straight")
      .map(({ name }) => [
        describe(load),
        name,
        middle(name, load, (it) => it.cpuMicrosPerCall).toFixed(0),
        middle(name, load, (it) => it.allCpuMicrosPerCall).toFixed(0),
        of(name, load)
          .map((it) => it.residentMb.toFixed(0))
          .join(" → "),
        of(name, load)
          .map((it) => it.allResidentMb.toFixed(0))
          .join(" → "),
      ]),
  );
  const header = ["load", "path", "gateway CPU µs/call", "all CPU µs/call", "gateway MB, by round", "all MB, by round"];
  return `## CPU and memory\n\n"All" counts every process of Weir, writing to storage included.\n\n${markdownTable(header, rows)}\n`;
}

/** What redaction, rules and metrics of one's own take of the throughput, and add to the CPU of a call. */
function policyTable(): string {
  if (withPolicy === undefined) return "";
  const share = (load: Load, value: (it: Measurement) => number) =>
    `${((100 * middle("policy", load, value)) / middle("weir", load, value)).toFixed(0)} %`;
  const rows = closedLoads.map((load) => [
    describe(load),
    share(load, (it) => it.perSecond),
    share(load, (it) => it.cpuMicrosPerCall),
    share(load, (it) => it.allCpuMicrosPerCall),
  ]);
  const header = ["with the policy, of what it is without", "calls/s", "gateway CPU a call", "all CPU a call"];
  return `## With ${flags.policy}\n\n${markdownTable(header, rows)}\n`;
}

/** The independent mock as upstream, so that not only our own is believed. */
async function measureAgainstAimock(): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const mock = stack.use(await startAimock());
  const other = stack.use(await Weir.start({ upstream: mock.url, environment: { WEIR_LOG_LEVEL: "warn" } }));
  const rows: string[][] = [];
  for (const stream of [false, true]) {
    for (const ratePerSecond of [undefined, 300]) {
      const load = {
        connections: 32,
        promptBytes: 1024,
        stream,
        ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      };
      const order = { ...load, headers: {}, warmupMs, durationMs };
      const straight = await runLoad({ ...order, url: mock.url + endpoint });
      const through = await runLoad({ ...order, url: `${other.url}/openai${endpoint}` });
      rows.push([
        describe(load),
        ...[straight, through].flatMap((it) => [
          it.perSecond.toFixed(0),
          it.latencyMs.p50.toFixed(2),
          it.latencyMs.p99.toFixed(2),
        ]),
      ]);
    }
  }
  const header = ["load", "straight/s", "p50 ms", "p99 ms", "weir/s", "p50 ms", "p99 ms"];
  return `## With @copilotkit/aimock as the upstream\n\n${markdownTable(header, rows)}\n`;
}

function describe(load: Load): string {
  const size = `${Math.round(load.promptBytes / 1024)} KB`;
  const kind = load.stream ? "SSE" : "JSON";
  return load.ratePerSecond === undefined
    ? `${kind}, ${size}, ${load.connections} connections`
    : `${kind}, ${size}, ${load.ratePerSecond}/s`;
}

function oneLine(it: Measurement): string {
  const { perSecond, latencyMs, errors: failed, cpuMicrosPerCall, allCpuMicrosPerCall, allResidentMb } = it;
  return `${perSecond.toFixed(0)}/s p50 ${latencyMs.p50.toFixed(3)} p99 ${latencyMs.p99.toFixed(3)} ms, CPU ${cpuMicrosPerCall.toFixed(0)} of ${allCpuMicrosPerCall.toFixed(0)} µs/call, ${allResidentMb.toFixed(0)} MB${failed > 0 ? `, ${failed} ERRORS` : ""}`;
}

function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
}
