import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Quantiles } from "./quantiles.ts";

export interface LoadOrder {
  /** The whole URL of the chat completions endpoint. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly promptBytes: number;
  readonly stream: boolean;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Open loop at this rate; without it, closed loop. */
  readonly ratePerSecond?: number;
}

export interface LoadResult {
  readonly answered: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly latencyMs: Quantiles;
  readonly firstByteMs: Quantiles;
}

/** Runs the load generator; `onMeasuring` is called when the warm-up is over. */
export function runLoad(order: LoadOrder, onMeasuring: () => void = () => {}): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./load-generator.ts", import.meta.url)), [JSON.stringify(order)]);
    let result: LoadResult | undefined;
    child.on("message", (message) => {
      if (message === "measuring") onMeasuring();
      else result = message as LoadResult;
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (result === undefined) reject(new Error(`The load generator ended with ${code} and no result.`));
      else resolve(result);
    });
  });
}
