import { z } from "zod";

/** Settings of the telemetry receivers, under `receivers` in weir.yaml. */
export const receiversConfig = z.strictObject({
  maxBodyBytes: z
    .int()
    .min(1024)
    .default(64 * 1024 * 1024)
    .describe("Largest request body, after inflating, in bytes."),
  maxBatchTraces: z.int().min(1).default(1000).describe("Most traces in one POST /api/v1/traces/batch."),
  maxTraceSpans: z.int().min(1).default(10_000).describe("Most spans in one trace of POST /api/v1/traces."),
});

export type ReceiversConfig = z.infer<typeof receiversConfig>;
