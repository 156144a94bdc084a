/**
 * What a stream's rhythm costs: 1,000 streams at 5 tokens a second and 100 at 50, straight from a paced upstream and
 * through Weir with everything recorded, in turns within one run. Each token says when it was written, so that its way
 * is measured by itself. Then the gateway's memory over time.
 *
 *   node bench/pacing.ts [--seconds 10] [--rounds 2] [--minutes 1] [--config weir.yaml]
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { figuresOf, waitedSeconds } from "@weir/e2e/process-table.ts";
import { Weir } from "@weir/e2e/weir-process.ts";
import { type PacedOrder, type PacedResult, runPaced } from "./paced-load.ts";
import { startScript } from "./programs.ts";
import { median, type Quantiles } from "./quantiles.ts";
import { markdownTable } from "./tables.ts";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "2" },
    minutes: { type: "string", default: "1" },
    config: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const durationMs = Number(flags.seconds) * 1000;
const memoryMs = Number(flags.minutes) * 60_000;
const memoryEveryMs = Math.max(5000, memoryMs / 12);

const loads = [
  { name: "1,000 streams at 5 tokens/s", streams: 1000, intervalMs: 200, tokens: 25 },
  { name: "100 streams at 50 tokens/s", streams: 100, intervalMs: 20, tokens: 100 },
] as const;
type Load = (typeof loads)[number];
type Way = "straight" | "weir";
interface Measured {
  readonly load: Load;
  readonly way: Way;
  readonly result: PacedResult;
  /** Of one core. */
  readonly gatewayCpuShare: number;
  /** Of the time: how long the gateway was ready to run and other programs had the cores. */
  readonly gatewayWaitShare: number;
}

await using open = new AsyncDisposableStack();
const upstream = open.use(await startScript(join(import.meta.dirname, "paced-upstream.ts"), ["--port", "{port}"]));
const configured: Record<string, string> = flags.config === undefined ? {} : { WEIR_CONFIG: resolve(flags.config) };
const weir = open.use(
  await Weir.start({ upstream: upstream.url, environment: { WEIR_LOG_LEVEL: "warn", ...configured } }),
);
const urls: Readonly<Record<Way, string>> = {
  straight: `${upstream.url}/v1/chat/completions`,
  weir: `${weir.url}/openai/v1/chat/completions`,
};
const results: Measured[] = [];

for (let round = 1; round <= rounds; round += 1) {
  for (const load of loads) {
    for (const way of ["straight", "weir"] as const) {
      const measured = await measure(load, way);
      results.push(measured);
      console.log(`round ${round} ${load.name.padEnd(28)} ${way.padEnd(9)} ${oneLine(measured.result)}`);
    }
  }
}
const memory = await memoryOverTime();
console.log(`\n${latencyTable()}\n\n${memory}`);

async function measure(load: Load, way: Way): Promise<Measured> {
  const pids = weir.pidsOf("gateway");
  const waited = () => pids.reduce((sum, pid) => sum + waitedSeconds(pid), 0);
  const cpuBefore = figuresOf(pids).cpuSeconds;
  const waitedBefore = waited();
  const startedMs = performance.now();
  const result = await runPaced(orderOf(load, way, durationMs));
  const elapsedS = (performance.now() - startedMs) / 1000;
  const gatewayCpuShare = (figuresOf(pids).cpuSeconds - cpuBefore) / elapsedS;
  return { load, way, result, gatewayCpuShare, gatewayWaitShare: (waited() - waitedBefore) / elapsedS };
}

function orderOf(load: Load, way: Way, lengthMs: number): PacedOrder {
  const { streams, intervalMs, tokens } = load;
  return { url: urls[way], streams, intervalMs, tokens, durationMs: lengthMs, warmupMs: 0 };
}

function middle(load: Load, way: Way, value: (result: PacedResult) => number): number {
  return median(results.filter((it) => it.load === load && it.way === way).map(({ result }) => value(result)));
}

function latencyTable(): string {
  const measures: readonly (readonly [name: string, of: (result: PacedResult) => Quantiles])[] = [
    ["time to first token", (result) => result.firstTokenMs],
    ["a token's way", (result) => result.transitMs],
    ["between two tokens", (result) => result.gapMs],
  ];
  const rows = loads.flatMap((load) =>
    measures.flatMap(([name, of]) =>
      (["p50", "p99"] as const).map((quantile) => {
        const straight = middle(load, "straight", (result) => of(result)[quantile]);
        const through = middle(load, "weir", (result) => of(result)[quantile]);
        const added = (through - straight).toFixed(2);
        return [`${load.name}: ${name}, ${quantile}`, straight.toFixed(2), through.toFixed(2), added];
      }),
    ),
  );
  const table = markdownTable(["ms, median of the rounds", "straight", "weir", "added"], rows);
  const shares = loads.map((load) => {
    const through = results.filter((it) => it.load === load && it.way === "weir");
    const clients = median(through.map(({ result }) => result.clientCpuShare));
    const gateway = median(through.map(({ gatewayCpuShare }) => gatewayCpuShare));
    const waited = median(through.map(({ gatewayWaitShare }) => gatewayWaitShare));
    return `- ${load.name}: clients took ${percent(clients)} and the gateway ${percent(gateway)} of a core; for ${percent(waited)} of the time the gateway was ready to run and other programs had the cores.`;
  });
  const errors = results.reduce((sum, { result }) => sum + result.errors, 0);
  return `${table}\n\n${shares.join("\n")}\n- Errors: ${errors}.`;
}

/** The gateway's memory under the first load for as long as asked. */
async function memoryOverTime(): Promise<string> {
  const load = loads[0];
  const pids = weir.pidsOf("gateway");
  const residentMb: number[] = [];
  const sample = () => residentMb.push(figuresOf(pids).residentBytes / 2 ** 20);
  const timer = setInterval(sample, memoryEveryMs);
  const result = await runPaced(orderOf(load, "weir", memoryMs));
  clearInterval(timer);
  sample();
  const samples = residentMb.map((mb) => mb.toFixed(0)).join(" → ");
  return `Gateway's resident memory, ${load.name} for ${flags.minutes} min, every ${(memoryEveryMs / 1000).toFixed(0)} s: ${samples} MB (${result.streams} streams, ${result.errors} errors).`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function oneLine({ firstTokenMs, transitMs, gapMs, tokens, errors }: PacedResult): string {
  const pair = ({ p50, p99 }: Quantiles) => `${p50.toFixed(2)}/${p99.toFixed(2)}`;
  return `p50/p99 ms: first token ${pair(firstTokenMs)}, way ${pair(transitMs)}, gap ${pair(gapMs)}; ${tokens} tokens, ${errors} errors`;
}
