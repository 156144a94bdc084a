import { z } from "zod";

const perMinute = z.int().min(1).default(6000);

/** What a user may set of the API. */
export const apiConfig = z.strictObject({
  bodyLimitBytes: z
    .int()
    .min(1024)
    .default(1024 * 1024)
    .describe("Largest body of a request to the API; telemetry and calls have limits of their own."),
  queryTimeoutMs: z.int().min(100).default(30_000).describe("How long one question to the storage may take."),
  rateLimit: z
    .strictObject({
      perAddressPerMinute: perMinute.describe("Most requests to the API from one address in a minute; then 429."),
      perCallerPerMinute: perMinute.describe("Most requests to the API with one key, or of one user, in a minute."),
    })
    .prefault({}),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => new URL(url).origin)
    .optional()
    .describe(
      "How browsers reach Weir, such as `https://weir.example.com`: what identity providers are told. Default: the name that each request came to.",
    ),
  corsOrigins: z
    .array(z.url({ protocol: /^https?$/ }).transform((url) => new URL(url).origin))
    .default([])
    .describe("Origins of other sites whose pages may call the API with a key, such as `https://app.example.com`."),
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .default([])
    .describe("Addresses or networks of proxies before Weir, whose `X-Forwarded-For` tells the client's address."),
  liveConnections: z.int().min(1).default(200).describe("Most live streams (open pages) at a time."),
  liveConnectionsPerCaller: z.int().min(1).default(30).describe("Most of them with one key, or of one user."),
});

export type ApiConfig = z.infer<typeof apiConfig>;
