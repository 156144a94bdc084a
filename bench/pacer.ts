/** A thread that says "now" at each moment of a fixed schedule, to a few ten microseconds. */
import { parentPort, workerData } from "node:worker_threads";

export interface PacerOrder {
  /** On the clock of `process.hrtime`. */
  readonly startNs: bigint;
  readonly intervalNs: number;
  readonly count: number;
}

const { startNs, intervalNs, count } = workerData as PacerOrder;
const never = new Int32Array(new SharedArrayBuffer(4));
for (let index = 0; index < count; index++) {
  const dueNs = startNs + BigInt(Math.round(index * intervalNs));
  for (;;) {
    const restMs = Number(dueNs - process.hrtime.bigint()) / 1e6;
    if (restMs <= 0) break;
    Atomics.wait(never, 0, 0, restMs);
  }
  parentPort?.postMessage(index);
}
