import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
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
  const child = fork(fileURLToPath(new URL("./otlp-sender.ts", import.meta.url)), [JSON.stringify(order)]);
  const result = new Promise<SendResult>((resolve, reject) => {
    let told: SendResult | undefined;
    child.on("message", (message) => {
      told = message as SendResult;
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (told === undefined) reject(new Error(`The sender ended with ${code} and no result.`));
      else resolve(told);
    });
  });
  return { result, stop: () => void child.kill("SIGTERM") };
}
