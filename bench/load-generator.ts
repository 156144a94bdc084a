/**
 * Sends a load and prints what came of it as one line of JSON. Its own process, so that it disturbs nobody else's.
 * Closed loop: each connection sends its next request when the last is answered. Open loop: requests are due by a
 * fixed schedule and their latency counts from when they were due, whether or not a connection was free (no
 * coordinated omission).
 *
 *   node bench/load-generator.ts '{"url":"http://127.0.0.1:9001", …}'
 */
import { Worker } from "node:worker_threads";
import { HttpConnection, type Timing } from "./http-client.ts";
import type { LoadOrder, LoadResult } from "./load.ts";
import { median, quantiles } from "./quantiles.ts";
import { requestsFor } from "./requests.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as LoadOrder;
const target = new URL(order.url);
const requests = requestsFor(order);

class Samples {
  readonly latenciesMs: number[] = [];
  readonly firstBytesMs: number[] = [];
  errors = 0;
  #counts = false;

  start(): void {
    this.#counts = true;
  }

  stop(): void {
    this.#counts = false;
  }

  add(sinceMs: number, timing: Timing | undefined): void {
    if (!this.#counts) return;
    if (timing === undefined || timing.status !== 200) {
      this.errors += 1;
      return;
    }
    this.latenciesMs.push(timing.lastByteMs - sinceMs);
    this.firstBytesMs.push(timing.firstByteMs - sinceMs);
  }
}

function connections(count: number): HttpConnection[] {
  return Array.from({ length: count }, () => new HttpConnection(target.hostname, Number(target.port)));
}

async function closedLoop(samples: Samples): Promise<void> {
  const all = connections(order.connections);
  let running = true;
  let next = 0;
  const turn = (connection: HttpConnection) => {
    const sinceMs = performance.now();
    connection.send(requests[next++ % requests.length] as Buffer, (timing) => {
      samples.add(sinceMs, timing);
      if (!running) connection.close();
      else if (timing === undefined) setTimeout(turn, 5, connection);
      else turn(connection);
    });
  };
  for (const connection of all) turn(connection);
  await measured(samples);
  running = false;
}

async function openLoop(samples: Samples, rate: number): Promise<void> {
  const idle = connections(order.connections);
  const waiting: number[] = [];
  const startNs = process.hrtime.bigint() + 100_000_000n;
  const startMs = Number(startNs) / 1e6 + clockOffsetMs();
  let next = 0;
  const send = (connection: HttpConnection, dueMs: number) => {
    connection.send(requests[next++ % requests.length] as Buffer, (timing) => {
      samples.add(dueMs, timing);
      const overdue = waiting.shift();
      if (overdue === undefined) idle.push(connection);
      else send(connection, overdue);
    });
  };
  const count = Math.ceil(((order.warmupMs + order.durationMs + 500) / 1000) * rate);
  const pacer = new Worker(new URL("./pacer.ts", import.meta.url), {
    workerData: { startNs, intervalNs: 1e9 / rate, count },
  });
  pacer.on("message", (index: number) => {
    const dueMs = startMs + (index * 1000) / rate;
    const connection = idle.pop();
    if (connection === undefined) waiting.push(dueMs);
    else send(connection, dueMs);
  });
  await measured(samples);
  await pacer.terminate();
}

/** What `performance.now` shows less what `process.hrtime` shows. */
function clockOffsetMs(): number {
  const offsets = Array.from({ length: 50 }, () => performance.now() - Number(process.hrtime.bigint()) / 1e6);
  return median(offsets);
}

async function measured(samples: Samples): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, order.warmupMs));
  samples.start();
  process.send?.("measuring");
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, order.durationMs));
  samples.stop();
  report(samples, performance.now() - startedMs);
}

function report(samples: Samples, elapsedMs: number): void {
  const result: LoadResult = {
    answered: samples.latenciesMs.length,
    errors: samples.errors,
    perSecond: (samples.latenciesMs.length * 1000) / elapsedMs,
    latencyMs: quantiles(samples.latenciesMs),
    firstByteMs: quantiles(samples.firstBytesMs),
  };
  if (process.send === undefined) console.log(JSON.stringify(result));
  else process.send(result);
}

const samples = new Samples();
if (order.ratePerSecond === undefined) await closedLoop(samples);
else await openLoop(samples, order.ratePerSecond);
process.exit(0);
