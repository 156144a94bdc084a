/**
 * What a call through the gateway takes while spans come in as fast as they are taken: calls at a fixed rate, to the same
 * upstream, straight, through Weir at rest and through Weir under full ingest, in turns within one run.
 *
 *   node bench/gateway-under-ingest.ts [--rate 100] [--seconds 10] [--rounds 3]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Weir } from "@weir/e2e/weir-process.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { startOtlpLoad } from "./otlp-load.ts";
import { startInstantUpstream } from "./programs.ts";
import { median } from "./quantiles.ts";
import { markdownTable } from "./tables.ts";

const { values: flags } = parseArgs({
  options: {
    rate: { type: "string", default: "100" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
  },
});
const warmupMs = 1000;
const durationMs = Number(flags.seconds) * 1000;

await using open = new AsyncDisposableStack();
const upstream = open.use(await startInstantUpstream());
const weir = open.use(
  await Weir.start({ upstream: upstream.url, readyWithinMs: 120_000, environment: { WEIR_LOG_LEVEL: "warn" } }),
);
const results: Record<"straight" | "weir at rest" | "weir under ingest", LoadResult[]> = {
  straight: [],
  "weir at rest": [],
  "weir under ingest": [],
};
const spansPerSecond: number[] = [];

for (let round = 0; round < Number(flags.rounds); round += 1) {
  results.straight.push(await calls(upstream.url, "/v1/chat/completions"));
  results["weir at rest"].push(await calls(weir.url, "/openai/v1/chat/completions"));
  const load = startOtlpLoad({
    ...{ url: weir.otlpHttpUrl, apiKey: weir.apiKey, kind: "protobuf", connections: 8, spansPerExport: 500 },
    seconds: (warmupMs + durationMs) / 1000 + 2,
  });
  await sleep(1000);
  results["weir under ingest"].push(await calls(weir.url, "/openai/v1/chat/completions"));
  const sent = await load.result;
  spansPerSecond.push(sent.acknowledgedSpans / sent.seconds);
  // What was taken is stored before the next round, so that "at rest" is at rest.
  await sleep(20_000);
}

const rows = Object.entries(results).map(([name, all]) => [
  name,
  median(all.map(({ latencyMs }) => latencyMs.p50)).toFixed(2),
  median(all.map(({ latencyMs }) => latencyMs.p99)).toFixed(1),
  String(all.reduce((sum, { errors }) => sum + errors, 0)),
]);
console.log(markdownTable([`JSON, 1 KB, ${flags.rate} calls/s`, "p50 ms", "p99 ms", "errors"], rows));
console.log(
  `\n${Math.round(median(spansPerSecond))} spans/s were acknowledged meanwhile (medians of ${flags.rounds} rounds).`,
);

function calls(url: string, path: string): Promise<LoadResult> {
  return runLoad({
    url: `${url}${path}`,
    headers: { authorization: "Bearer sk-bench" },
    ...{ connections: 10, promptBytes: 1024, stream: false, warmupMs, durationMs, ratePerSecond: Number(flags.rate) },
  });
}
