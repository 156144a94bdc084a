import { startForked } from "./forked.ts";
import type { Quantiles } from "./quantiles.ts";

export interface SendOrder {
  readonly url: string;
  readonly apiKey: string;
  readonly kind: "protobuf" | "gzip" | "grpc";
  readonly connections: number;
  readonly spansPerExport: number;
  readonly seconds: number;
  /** Of all connections together; undefined: as many as are taken. */
  readonly spansPerSecond?: number;
}

export interface SendResult {
  readonly acknowledgedSpans: number;
  readonly failedExports: number;
  readonly seconds: number;
  readonly latencyMs: Quantiles;
  readonly cpuSeconds: number;
  /** Some that were acknowledged, from first to last; in hexadecimal. */
  readonly traceIds: readonly string[];
}

/** A sender that sends. */
export interface OtlpLoad {
  /** When its time is over, or it was stopped. */
  readonly result: Promise<SendResult>;
  /** Ends it once what it has sent is answered. */
  stop(): void;
}

/** Starts `otlp-sender.ts` in a process of its own. */
export function startOtlpLoad(order: SendOrder): OtlpLoad {
  const { child, result } = startForked<SendResult>("otlp-sender.ts", order);
  return { result, stop: () => void child.kill("SIGTERM") };
}
