import { z } from "zod";

const milliseconds = z.int().positive();

export const exportedSignals = ["traces", "metrics", "logs"] as const;
export type ExportedSignal = (typeof exportedSignals)[number];

const otlpEndpoint = z.url({ protocol: /^https?$/ });

const destinationConfig = z
  .strictObject({
    type: z
      .enum(["otlp", "console", "remote_write"])
      .default("otlp")
      .describe("A collector, this process's standard output, or metrics to a Prometheus by remote write."),
    endpoint: otlpEndpoint
      .optional()
      .describe("The collector. Over HTTP `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended."),
    isFullEndpoint: z
      .boolean()
      .default(false)
      .describe("Over HTTP: post to the endpoint as it is, whatever the signal."),
    protocol: z.enum(["http/protobuf", "http/json", "grpc"]).default("http/protobuf").describe("How OTLP is carried."),
    signals: z
      .array(z.enum(exportedSignals))
      .min(1)
      .default([...exportedSignals])
      .describe("What is sent there."),
    headers: z.record(z.string(), z.string()).default({}).describe("Sent with each request, such as an API key."),
    basicAuth: z
      .strictObject({ username: z.string(), password: z.string() })
      .optional()
      .describe("For Grafana Cloud: the instance's number and a token."),
    compression: z.enum(["gzip", "none"]).default("gzip").describe("Of the bodies."),
    timeoutMs: milliseconds.default(10_000).describe("For one request."),
    certificateAuthorityFile: z.string().optional().describe("PEM file of whom to trust instead of the system's list."),
    clientCertificateFile: z.string().optional().describe("PEM file of the certificate that Weir shows."),
    clientKeyFile: z.string().optional().describe("PEM file of its key."),
  })
  .refine(({ type, endpoint }) => type === "console" || endpoint !== undefined, {
    path: ["endpoint"],
    error: "this destination needs an endpoint",
  });

export type DestinationConfig = z.infer<typeof destinationConfig>;

/** Where spans, metrics and logs are sent to, and how. Without destinations nothing leaves. */
export const exportConfig = z.strictObject({
  destinations: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/), destinationConfig)
    .default({})
    .describe("Collectors and consoles by a name of your choice: see docs/telemetry-out.md."),
  serviceName: z.string().min(1).default("weir").describe("service.name of what is exported."),
  resourceAttributes: z
    .record(z.string(), z.string())
    .default({})
    .describe("More attributes of the resource, such as deployment.environment.name."),
  content: z
    .enum(["none", "span", "event", "span_and_event"])
    .default("none")
    .describe("Whether prompts and answers leave too: as attributes of spans, as log events, or both."),
  sampler: z
    .enum([
      "always_on",
      "always_off",
      "traceidratio",
      "parentbased_always_on",
      "parentbased_always_off",
      "parentbased_traceidratio",
    ])
    .default("parentbased_always_on")
    .describe("Which spans are exported; metrics count every call."),
  samplerRatio: z.number().min(0).max(1).default(1).describe("Share of the traces that a traceidratio sampler keeps."),
  queueLimit: z
    .int()
    .positive()
    .default(8192)
    .describe("Most spans, or logs, that wait for one destination; further ones are dropped and counted."),
  queueLimitBytes: z
    .int()
    .positive()
    .default(32 << 20)
    .describe("Most bytes of content that wait for one destination."),
  batchLimit: z.int().positive().default(512).describe("Most spans, or logs, of one request."),
  delayMs: milliseconds.default(5000).describe("How long spans wait for a batch to fill."),
  logDelayMs: milliseconds.default(1000).describe("How long logs wait for a batch to fill."),
  metricTemporality: z
    .enum(["cumulative", "delta"])
    .default("cumulative")
    .describe("Whether counters are told since the start, or since the last time."),
  metricIntervalMs: milliseconds.default(60_000).describe("How often metrics are sent."),
  retryForMs: milliseconds.default(300_000).describe("How long a batch is tried again before it is dropped."),
});

export type ExportConfig = z.infer<typeof exportConfig>;
