import { apiConfig } from "@weir/api";
import { exportConfig } from "@weir/export";
import { gatewayConfig } from "@weir/gateway";
import { defaultRetention, longestRetentionDays } from "@weir/model";
import { pipelineConfig, recordingConfig, redactionConfig } from "@weir/pipeline";
import { receiversConfig } from "@weir/receivers";
import { z } from "zod";
import { customMetrics } from "./metrics/custom-metrics-config.ts";

const port = z.int().min(0).max(65535);
const milliseconds = z.int().positive();

const logConfig = z.strictObject({
  level: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("The least level that is logged."),
  format: z
    .enum(["auto", "json", "text"])
    .default("auto")
    .describe("`text` is for people, `json` for collectors; `auto` is text on a terminal and JSON elsewhere."),
});

const otlpConfig = z.strictObject({
  grpcPort: port.default(4317).describe("Port of the OTLP receiver over gRPC."),
  httpPort: port.default(4318).describe("Port of the OTLP receiver over HTTP."),
});

const initConfig = z.strictObject({
  apiKey: z.string().min(8).optional().describe("An API key of the default project, made at the first start."),
  adminEmail: z.email().optional().describe("The first user, made at the first start."),
  adminPassword: z.string().min(8).optional().describe("That user's password."),
});

const bothOrNeither = (init: { adminEmail?: string | undefined; adminPassword?: string | undefined }) =>
  (init.adminEmail === undefined) === (init.adminPassword === undefined);

const clickhouseConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("A ClickHouse server to use instead of the embedded engine: `http://user:password@host:8123`."),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default("weir")
    .describe("The database, made when it is missing."),
  cluster: z.string().min(1).optional().describe("The server's name of the cluster to spread the tables over."),
});

const engineConfig = z.strictObject({
  memoryLimitBytes: z
    .int()
    .min(256 << 20)
    .default(2 * 1024 ** 3)
    .describe("What the embedded engine may take; a query that needs more is refused."),
});

const postgresConfig = z.strictObject({
  url: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe("A PostgreSQL database for the catalog instead of the SQLite file."),
});

const masterKeyConfig = z.strictObject({
  file: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A file with the master key, readable by Weir alone, which Weir never writes. Default: a key of Weir's own.",
    ),
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "A program and its arguments that print the master key: how a key-management service is asked, once at each start.",
    ),
  commandTimeoutMs: milliseconds.default(10_000).describe("How long that program may take."),
});

const shutdownConfig = z.strictObject({
  streamsMs: milliseconds.default(30_000).describe("At a stop: how long calls under way may go on."),
  drainMs: milliseconds.default(10_000).describe("At a stop: how long the journals may be drained into storage."),
});

const tlsConfig = z.strictObject({
  certFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A certificate (PEM, with its chain): the main port and both OTLP ports speak TLS with it. Read again when it changes.",
    ),
  keyFile: z.string().min(1).optional().describe("That certificate's key (PEM)."),
});

const networkConfig = z.strictObject({
  allowedRanges: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .optional()
    .describe(
      "Private addresses and networks that URLs given by users (connections, identity providers) may lead to, such as `10.1.0.0/16`. Default: this machine and private networks while Weir listens on loopback alone, else none.",
    ),
});

const metricsConfig = z.strictObject({
  token: z
    .string()
    .min(16)
    .regex(/^\S+$/)
    .optional()
    .describe(
      "What a scraper of `/metrics` sends as bearer token. Default: none is needed while Weir listens on loopback alone, and beyond it `/metrics` is closed.",
    ),
  seriesLimit: z.int().min(10).default(2000).describe("Most label sets of one metric; further ones count as `_OTHER`."),
  labelValueLimit: z
    .int()
    .min(10)
    .default(200)
    .describe("Most values of one label, such as the model; further ones count as `_OTHER`."),
  genAiConventions: z
    .enum(["v1.41", "latest", "both"])
    .default("v1.41")
    .describe("Which generation of OpenTelemetry's `gen_ai.*` metrics is counted."),
  httpConventions: z
    .enum(["stable", "legacy", "both"])
    .default("stable")
    .describe("`http.server.request.duration` in seconds, the older `http.server.duration` in milliseconds, or both."),
  custom: customMetrics,
});

const days = z.int().min(1).max(longestRetentionDays);

const retentionConfig = z.strictObject({
  spansDays: days.default(defaultRetention.spansDays).describe("Days that spans are kept."),
  contentDays: days
    .optional()
    .describe("Days that input and output are kept, where that is shorter; else as long as the spans."),
  logsDays: days.default(defaultRetention.logsDays).describe("Days that log records are kept."),
  metricPointsDays: days.default(defaultRetention.metricPointsDays).describe("Days that points of metrics are kept."),
});

const fromGateway = gatewayConfig.shape;

/**
 * All settings: our own and each package's, composed. The environment's name of a setting is `WEIR_` and its path in
 * capitals (`otlp.grpcPort` is `WEIR_OTLP_GRPC_PORT`); a provider's base URL is `WEIR_<PROVIDER>_BASE_URL`.
 */
export const weirConfig = z.strictObject({
  host: fromGateway.host,
  port: fromGateway.port.describe("The one port for users: API, web UI, gateway. 0 takes a free one."),
  workers: fromGateway.workers,
  dataDir: z.string().min(1).default(".weir").describe("Where everything is kept. Relative to where Weir is started."),
  log: logConfig.prefault({}),
  otlp: otlpConfig.prefault({}),
  init: initConfig
    .refine(bothOrNeither, { error: "the first user needs both adminEmail and adminPassword" })
    .prefault({}),
  clickhouse: clickhouseConfig.prefault({}),
  engine: engineConfig.prefault({}),
  postgres: postgresConfig.prefault({}),
  masterKey: masterKeyConfig
    .refine(({ file, command }) => file === undefined || command === undefined, {
      error: "the master key comes from a file or from a command, not from both",
    })
    .prefault({}),
  providers: fromGateway.providers.describe("Providers by id: moved, adapted, or your own."),
  gateway: gatewayConfig.omit({ host: true, port: true, workers: true, providers: true }).prefault({}),
  receivers: receiversConfig.prefault({}),
  pipeline: pipelineConfig.prefault({}),
  retention: retentionConfig.prefault({}).describe("How long data is kept in projects that do not say so."),
  redaction: redactionConfig.prefault({}),
  recording: recordingConfig.prefault({}),
  api: apiConfig.prefault({}),
  tls: tlsConfig
    .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
      error: "TLS needs both certFile and keyFile",
    })
    .prefault({}),
  network: networkConfig.prefault({}),
  metrics: metricsConfig.prefault({}),
  export: exportConfig.prefault({}),
  shutdown: shutdownConfig.prefault({}),
});

export type WeirConfig = z.infer<typeof weirConfig>;
