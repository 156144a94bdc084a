import { startForked } from "./forked.ts";
import type { Quantiles } from "./quantiles.ts";

/** Streams that run side by side, again and again. */
export interface PacedOrder {
  /** The whole URL of the chat completions endpoint. */
  readonly url: string;
  readonly streams: number;
  readonly intervalMs: number;
  /** Of each stream. */
  readonly tokens: number;
  readonly durationMs: number;
  readonly warmupMs: number;
}

export interface PacedResult {
  readonly errors: number;
  /** How many were measured. */
  readonly tokens: number;
  readonly streams: number;
  readonly firstTokenMs: Quantiles;
  /** From a token's writing by the upstream to its reading by the client. */
  readonly transitMs: Quantiles;
  /** Between two tokens of a stream, as the client saw them. */
  readonly gapMs: Quantiles;
  /** Of one core: near 1, the clients are what was measured. */
  readonly clientCpuShare: number;
}

export function runPaced(order: PacedOrder): Promise<PacedResult> {
  return startForked<PacedResult>("paced-clients.ts", order).result;
}
