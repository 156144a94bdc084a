import { z } from "zod";

const mebibyte = 1 << 20;
const perMinute = z.int().min(1).optional();

/** Settings of the telemetry receivers, under `receivers` in weir.yaml. */
export const receiversConfig = z.strictObject({
  maxBodyBytes: z
    .int()
    .min(1024)
    .default(64 * mebibyte)
    .describe("Largest request body, as it is sent and after inflating, in bytes."),
  maxInFlightBytes: z
    .int()
    .min(mebibyte)
    .default(256 * mebibyte)
    .describe("What OTLP requests may hold in memory together; beyond it senders are told to wait."),
  maxExportItems: z
    .int()
    .min(1)
    .default(200_000)
    .describe("Most spans, log records or metric points in one OTLP export."),
  rememberedExports: z
    .int()
    .min(1000)
    .default(1_000_000)
    .describe("Most OTLP exports of the last 15 minutes that are known again when they are sent twice; 32 bytes each."),
  rateLimit: z
    .strictObject({
      perAddressPerMinute: perMinute.describe(
        "Most requests with telemetry from one address in a minute, on every port that takes it; then 429. Default: no limit.",
      ),
      perKeyPerMinute: perMinute.describe("Most requests with telemetry with one key in a minute. Default: no limit."),
    })
    .prefault({}),
  maxBatchTraces: z.int().min(1).default(1000).describe("Most traces in one POST /api/v1/traces/batch."),
  maxTraceSpans: z.int().min(1).default(10_000).describe("Most spans in one trace of POST /api/v1/traces."),
});

export type ReceiversConfig = z.infer<typeof receiversConfig>;
