/**
 * A steady stream of realistic calls to a running Weir, for `npm start -- --demo`.
 *
 *   WEIR_DEMO_KEY=… node demo/traffic.ts --gateway http://127.0.0.1:8080 [--rate 2] [--seed 1] [--history-hours 24]
 *
 * First it posts some hours of history and a short burst, so that pages are full within seconds; then it goes on at
 * `--rate` calls a second until it is told to stop. `--calls N` stops after N.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { GatewayTarget } from "./gateway-client.ts";
import { postHistory } from "./history.ts";
import { createRandom, type Random, seedOf } from "./random.ts";
import { type Scenario, scenarios, someone } from "./scenarios.ts";

const mostAtOnce = 64;
const burstScenarios = 16;
/** Model calls that a scenario makes on average. */
const callsPerScenario = 1.5;
/** Traces of the past at the busiest hour. */
const historyTracesPerHour = 90;

export interface TrafficOptions {
  readonly target: GatewayTarget;
  readonly callsPerSecond: number;
  readonly seed: number;
  readonly historyHours: number;
  /** Stop after so many calls. */
  readonly calls?: number;
  readonly signal: AbortSignal;
}

/** Runs until the signal or the number of calls; the number of calls made. */
export async function runTraffic(options: TrafficOptions): Promise<number> {
  const random = createRandom(options.seed);
  if (!(await waitUntilReady(options))) return 0;
  const history = createRandom(seedOf(`history ${options.seed}`));
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const watching = untilKeyIsGone(options.target, signal).then(() => ending.abort());
  const past = postHistory(options.target, history, {
    hours: options.historyHours,
    tracesPerHour: historyTracesPerHour,
    nowMs: Date.now(),
  });
  const made = await play({ ...options, signal }, random);
  await past;
  if (options.calls !== undefined) ending.abort();
  await watching;
  return made;
}

const keyCheckMs = 1000;
const idleMs = 2 ** 31 - 1;

/** Whoever removes the demo's project does not want more of its calls: the key goes with the project. */
async function untilKeyIsGone({ url, weirKey }: GatewayTarget, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(keyCheckMs, signal);
    if (weirKey === undefined || signal.aborted) continue;
    const headers = { authorization: `Bearer ${weirKey}` };
    const answer = await fetch(`${url}/api/v1/auth/me`, { headers, signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer();
    if (answer?.status === 401) return;
  }
}

async function waitUntilReady({ target, signal }: TrafficOptions): Promise<boolean> {
  while (!signal.aborted) {
    const ready = await fetch(`${target.url}/ready`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (ready?.ok === true) return true;
    await pause(300, signal);
  }
  return false;
}

async function play(options: TrafficOptions, random: Random): Promise<number> {
  const running = new Set<Promise<void>>();
  let made = 0;
  const start = () => {
    const scenario = chosen(random);
    const stage = { target: options.target, random: createRandom(Math.floor(random.next() * 2 ** 32)) };
    const playing = scenario
      .play({ ...stage, user: someone(stage.random) })
      .then((calls) => {
        made += calls;
      })
      .catch((thrown: unknown) => console.error(`The demo's scenario "${scenario.name}" failed:`, thrown))
      .finally(() => running.delete(playing));
    running.add(playing);
  };

  for (let index = 0; index < burstScenarios; index++) start();
  while (!options.signal.aborted && made < (options.calls ?? Number.POSITIVE_INFINITY)) {
    const meanGapMs = (1000 * callsPerScenario) / options.callsPerSecond;
    await pause(-Math.log(1 - random.next()) * meanGapMs, options.signal);
    if (running.size < mostAtOnce) start();
  }
  if (!options.signal.aborted) await Promise.all(running);
  return made;
}

function chosen(random: Random): Scenario {
  let left = random.next() * scenarios.reduce((sum, scenario) => sum + scenario.weight, 0);
  for (const scenario of scenarios) {
    left -= scenario.weight;
    if (left < 0) return scenario;
  }
  throw new Error("No scenarios are listed.");
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal }).catch(() => undefined);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      gateway: { type: "string", default: "http://127.0.0.1:8080" },
      rate: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      "history-hours": { type: "string", default: "24" },
      calls: { type: "string" },
    },
  });
  const { WEIR_DEMO_KEY } = process.env;
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  const made = await runTraffic({
    target: { url: values.gateway, weirKey: WEIR_DEMO_KEY },
    callsPerSecond: Number(values.rate),
    seed: Number(values.seed),
    historyHours: Number(values["history-hours"]),
    ...(values.calls === undefined ? {} : { calls: Number(values.calls) }),
    signal: stop.signal,
  });
  console.log(`The demo made ${made} calls.`);
  // Ended by the removal of its project: a start anew would be refused too, so it waits to be told to end.
  while (!stop.signal.aborted && values.calls === undefined) await pause(idleMs, stop.signal);
  process.exit(0);
}
