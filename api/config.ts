import { z } from "zod";

/** What a user may set of the API. */
export const apiConfig = z.strictObject({
  bodyLimitBytes: z
    .int()
    .min(1024)
    .default(1024 * 1024)
    .describe("Largest body of a request to the API; telemetry and calls have limits of their own."),
  queryTimeoutMs: z.int().min(100).default(30_000).describe("How long one question to the storage may take."),
  liveConnections: z.int().min(1).default(200).describe("Most live streams (open pages) at a time."),
});

export type ApiConfig = z.infer<typeof apiConfig>;
