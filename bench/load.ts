import { startForked } from "./forked.ts";
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
  const { child, result } = startForked<LoadResult | "measuring">("load-generator.ts", order);
  child.on("message", (message) => {
    if (message === "measuring") onMeasuring();
  });
  return result.then((told) => {
    if (told === "measuring") throw new Error("The load generator ended before it told a result.");
    return told;
  });
}
