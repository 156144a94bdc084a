import { z } from "zod";
import { authStyles, providerRows, shapeIds } from "./providers/index.ts";

const bytes = z.number().int().positive();
const milliseconds = z.number().int().positive();

/** First parts of a path that are the gateway's own; no provider may be called so. */
export const reservedSegments: ReadonlySet<string> = new Set([
  "",
  "api",
  "docs",
  "ui",
  "v1",
  "health",
  "ready",
  "metrics",
  "internal",
]);

const providerConfig = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where the provider is, without version. The path after `/<provider>` is appended as it is."),
  shape: z.enum(shapeIds).optional().describe("For a provider of your own: whose API it speaks."),
  auth: z.enum(authStyles).optional().describe("How it takes its key. Only for virtual keys."),
  streamUsageOnRequest: z
    .boolean()
    .optional()
    .describe("Whether streams tell their usage only when `stream_options.include_usage` asks for it."),
  keepGatewayHeaders: z
    .boolean()
    .optional()
    .describe("Send other gateways' headers (helicone-*, x-portkey-* …) on, because one of them is the upstream."),
  traceContext: z
    .enum(["unchanged", "child"])
    .optional()
    .describe(
      "The `traceparent` that the provider gets: the caller's, if it sent one (`unchanged`, the default); or one that names Weir's span (`child`), for a server of your own that traces too.",
    ),
});

export type ProviderConfig = z.infer<typeof providerConfig>;

const knownIds = new Set(providerRows.map((row) => row.id));

/** What a user may set of the gateway. */
export const gatewayConfig = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on. Beyond loopback every call needs a Weir key."),
  port: z.number().int().min(0).max(65535).default(8080),
  workers: z.number().int().min(1).max(256).default(1).describe("Gateway processes that share the port."),
  keysFromEnvironment: z
    .boolean()
    .default(false)
    .describe(
      "Callers that send no provider key get the one of Weir's own environment (OPENAI_API_KEY …). Only on loopback, and not for pages of other sites.",
    ),
  defaultProvider: z.string().default("openai").describe("The provider of `/v1/…`."),
  providers: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/), providerConfig)
    .default({})
    .superRefine((providers, context) => {
      for (const [id, provider] of Object.entries(providers)) {
        if (reservedSegments.has(id)) {
          context.addIssue({ code: "custom", path: [id], message: `\`${id}\` is a path of Weir's own` });
        } else if (!knownIds.has(id) && provider.baseUrl === undefined) {
          context.addIssue({
            code: "custom",
            path: [id, "baseUrl"],
            message: "a provider of your own needs a baseUrl",
          });
        }
      }
    }),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.default(10_000).describe("Until the provider's socket is open, TLS included."),
      firstByteMs: milliseconds.default(30 * 60_000).describe("From the request to the head of the answer."),
      idleMs: milliseconds
        .default(10 * 60_000)
        .describe("Between two reads of an answer, or of a request's body; and how long a client may take nothing."),
      totalMs: milliseconds.default(6 * 3_600_000).describe("The whole call."),
      drainMs: milliseconds
        .default(10 * 60_000)
        .describe("How long calls may go on after the gateway was told to end."),
    })
    .prefault({}),
  capture: z
    .strictObject({
      content: z.boolean().default(true).describe("Keep what was asked and answered."),
      bodyLimitBytes: bytes.default(8 << 20).describe("Most that is kept of a request, and of an answer."),
      totalLimitBytes: bytes.default(256 << 20).describe("Most that is held for all calls under way, per process."),
      holdLimitBytes: bytes
        .default(4 << 20)
        .describe("Longest JSON request that waits for its last byte where `stream_options` may have to be added."),
      recordLimitBytes: bytes.default(128 << 20).describe("Most that waits to be written to the journal, per process."),
    })
    .prefault({}),
  bodyLimitBytes: bytes.default(1 << 30).describe("Longest request that is forwarded."),
});

export type GatewayConfig = z.infer<typeof gatewayConfig>;
