import type { CatalogLocation, CatalogReader, KeyUsesOptions, MasterKeyPlace } from "@weir/catalog";
import { type Gateway, type GatewayCatalog, type GatewayConfig, keysInEnvironment } from "@weir/gateway";
import {
  type ListenerCertificate,
  OutgoingGuard,
  type ProjectId,
  type Retention,
  retentionOf,
  type SpanRow,
} from "@weir/model";
import {
  ApplyRulesStep,
  type Journal,
  type JournalOptions,
  openJournal,
  Redaction,
  RedactStep,
  SteppedJournal,
  type WriterSettings,
  type WriterStatus,
} from "@weir/pipeline";
import type { OtlpIntake } from "@weir/receivers";
import type { WeirConfig } from "./config-schema.ts";
import { readGivenKeys } from "./given-keys.ts";
import { isLoopbackHost } from "./loopback.ts";
import { createCallMetrics } from "./metrics/call-metrics.ts";
import { CountStep } from "./metrics/custom-metrics.ts";
import { addActiveRequests, type UrlScheme } from "./metrics/http-metrics.ts";
import { schemeOf } from "./own-address.ts";
import type { RoleOptions } from "./role.ts";
import type { ProcessTelemetry } from "./telemetry.ts";
import { CertificateFromFiles } from "./tls/certificate-files.ts";

/** Where the catalog is: PostgreSQL where configured, else the file. */
export function catalogLocation({ config, paths }: RoleOptions): CatalogLocation {
  return config.postgres.url === undefined ? { file: paths.catalogFile } : { url: config.postgres.url };
}

/** Where the master key is: given from outside, else Weir's own file. */
export async function masterKeyPlace({
  config,
  paths,
}: Pick<RoleOptions, "config" | "paths">): Promise<MasterKeyPlace> {
  return { secretKeyFile: paths.secretKeyFile, givenKeys: await readGivenKeys(config, process.env) };
}

/** Where this process notes which keys are in use. */
export function keyUsesOptions(options: RoleOptions, role: string): KeyUsesOptions {
  const { paths, telemetry, index } = options;
  return { ...catalogLocation(options), spoolDirectory: paths.keyUses, name: `${role}-${index}`, telemetry };
}

/** What `/ready` calls the store of rows. */
export function storePart(config: WeirConfig): string {
  return config.clickhouse.url === undefined ? "engine" : "clickhouse";
}

/** The parts that `/ready` names in any case. */
export function expectedParts(config: WeirConfig): readonly string[] {
  return ["gateway", "ingest", "otlp", "core", storePart(config), "catalog", "journal"];
}

export function gatewayConfigOf(config: WeirConfig): GatewayConfig {
  const { host, port, workers, providers } = config;
  return { ...config.gateway, host, port, workers, providers };
}

/** Keys of providers that callers on this machine may use; none where the configuration does not say so. */
export function environmentKeys(config: WeirConfig, environment: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  return config.gateway.keysFromEnvironment
    ? keysInEnvironment(environment, Object.keys(config.providers))
    : new Map<string, string>();
}

export function allowsKeyless(config: WeirConfig): boolean {
  return isLoopbackHost(config.host);
}

/** What someone who is the only user of their machine may reach anyway. */
const ownNetworks = [
  "127.0.0.0/8",
  "::1",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
];

/** Where URLs that users give may lead; the demo's provider is on this machine. */
export function outgoingGuard({ config, demoProvider }: RoleOptions): OutgoingGuard {
  const usual = allowsKeyless(config) ? ownNetworks : [];
  return new OutgoingGuard([
    ...(config.network.allowedRanges ?? usual),
    ...(demoProvider === undefined ? [] : ["127.0.0.1"]),
  ]);
}

/** The listeners' certificate where one is configured; it ends with the role. */
export function certificateOf(
  { config: { tls }, telemetry }: RoleOptions,
  ending: AsyncDisposableStack,
): ListenerCertificate | undefined {
  const { certFile, keyFile } = tls;
  if (certFile === undefined || keyFile === undefined) return undefined;
  return ending.use(new CertificateFromFiles({ certFile, keyFile, telemetry }));
}

/** The journal of a role that takes rows, with what is done to rows before they are written. */
export async function openRoleJournal(options: RoleOptions, role: string): Promise<Journal> {
  const { config, telemetry } = options;
  const journal = await openJournal(journalOptions(options, role));
  const { custom, labelValueLimit } = config.metrics;
  return new SteppedJournal(journal, [
    // Before the rules: what is counted does not depend on what is recorded.
    new CountStep({ store: telemetry.metrics, metrics: custom, labelValueLimit }),
    new ApplyRulesStep(config.recording.rules, telemetry),
    new RedactStep(new Redaction(config.redaction), telemetry),
  ]);
}

/** Takes out of a text what would be taken out of a project's rows. */
export function textRedaction(config: WeirConfig): (project: ProjectId, text: string) => string {
  const redaction = new Redaction(config.redaction);
  return (project, text) => redaction.of(project).redactText(text, new Map()) ?? text;
}

function journalOptions({ config, paths, telemetry, index }: RoleOptions, role: string): JournalOptions {
  const { pipeline } = config;
  return {
    directory: paths.journal,
    producer: `${role}-${index}`,
    limitBytes: pipeline.journalLimitBytes,
    segmentBytes: pipeline.journalSegmentBytes,
    queueBytes: pipeline.journalQueueBytes,
    reserveBytes: pipeline.journalReserveBytes,
    telemetry,
  };
}

export function writerSettings({ pipeline }: WeirConfig): Partial<WriterSettings> {
  return {
    batchRows: pipeline.writerBatchRows,
    batchBytes: pipeline.writerBatchBytes,
    inserters: pipeline.writerInserters,
    setAsideBytes: pipeline.setAsideLimitBytes,
    rememberedCalls: pipeline.rememberedCalls,
  };
}

/** How long a project's data is kept: as the project says, else as the configuration does. */
export function retentionIn(config: WeirConfig, reader: CatalogReader): (project: string) => Retention {
  return (project) => retentionOf(reader.current().project(project)?.retention ?? {}, config.retention);
}

/** The catalog as the gateway reads it, and how the keys that it met may be shown. */
export interface MaskingCatalog extends GatewayCatalog {
  maskOf(apiKeyId: string): string;
}

/** Remembers the mask of each Weir key that is used: only its user knows the secret, the catalog has its hash. */
export function withKeyMasks(reader: Pick<CatalogReader, "current">): MaskingCatalog {
  const masks = new Map<string, string>();
  let seen: ReturnType<CatalogReader["current"]> | undefined;
  let wrapped: ReturnType<GatewayCatalog["current"]> | undefined;
  const wrap = (snapshot: ReturnType<CatalogReader["current"]>): ReturnType<GatewayCatalog["current"]> => ({
    apiKey(secret) {
      const key = snapshot.apiKey(secret);
      if (key !== undefined && !masks.has(key.id)) masks.set(key.id, maskKey(secret));
      return key;
    },
    connection: (project, provider) => snapshot.connection(project, provider),
  });
  return {
    current() {
      const snapshot = reader.current();
      if (wrapped === undefined || seen !== snapshot) wrapped = wrap(snapshot);
      seen = snapshot;
      return wrapped;
    },
    maskOf: (apiKeyId) => masks.get(apiKeyId) ?? "",
  };
}

function maskKey(secret: string): string {
  const prefix = secret.startsWith("weir_") ? "weir_" : "";
  return `${prefix}…${secret.length >= 20 ? secret.slice(-4) : ""}`;
}

/** Counts calls on this process's metrics. `maskOf` tells how a Weir key may be shown. */
export function callMetrics(
  config: WeirConfig,
  telemetry: ProcessTelemetry,
  maskOf: (apiKeyId: string) => string,
): (row: SpanRow) => void {
  return createCallMetrics({
    store: telemetry.metrics,
    labelValueLimit: config.metrics.labelValueLimit,
    seriesLimit: config.metrics.seriesLimit,
    genAiConventions: config.metrics.genAiConventions,
    httpConventions: config.metrics.httpConventions,
    scheme: schemeOf(config.tls),
    maskedKeyOf: (row) =>
      row.api_key_id === "" ? (row.attributes["weir.credential"] ?? "") : maskOf(row.api_key_id) || row.api_key_id,
  });
}

/** What the gateway has under way, on its process's metrics. */
export function addGatewayMetrics(
  telemetry: ProcessTelemetry,
  scheme: UrlScheme,
  gateway: Pick<Gateway, "activeCallsByMethod" | "capturedBytes" | "openConnections">,
): void {
  addActiveRequests(telemetry.metrics, scheme, () => gateway.activeCallsByMethod);
  const captured = telemetry.metrics
    .gauge({ name: "weir_gateway_captured_bytes", help: "Bodies held for the record of calls under way." })
    .series();
  const connections = telemetry.metrics.gauge({
    name: "weir_gateway_open_connections",
    help: "Connections of clients, and to providers, idle ones too.",
    labels: ["side"],
  });
  const clients = connections.series("clients");
  const providers = connections.series("providers");
  telemetry.metrics.onCollect(() => {
    captured.set(gateway.capturedBytes);
    clients.set(gateway.openConnections.clients);
    providers.set(gateway.openConnections.providers);
  });
}

/** The journal's own health on this process's metrics. */
export function addJournalMetrics(telemetry: ProcessTelemetry, journal: Journal, processName: string): void {
  const gauge = (name: string, help: string) =>
    telemetry.metrics.gauge({ name, help, labels: ["process"] }).series(processName);
  const used = gauge("weir_journal_used_bytes", "What the journal takes on disk.");
  const limit = gauge("weir_journal_limit_bytes", "What the journal may take on disk.");
  const queued = gauge("weir_journal_queued_bytes", "What waits in memory for the disk.");
  const open = gauge("weir_journal_open_calls", "Calls under way that the journal knows of.");
  const isOk = gauge("weir_journal_ok", "1 while the journal takes rows.");
  const counter = (name: string, help: string) => telemetry.metrics.counter({ name, help }).series();
  const acknowledged = counter("weir_journal_rows_total", "Rows made durable.");
  const refused = counter("weir_journal_rows_refused_total", "Rows that the journal could not take.");
  const commits = counter("weir_journal_commits_total", "Group commits.");
  telemetry.metrics.onCollect(() => {
    const status = journal.status();
    used.set(status.usedBytes);
    limit.set(status.limitBytes);
    queued.set(status.queuedBytes);
    open.set(status.openCalls);
    isOk.set(status.state === "ok" ? 1 : 0);
    acknowledged.set(status.acknowledgedRows);
    refused.set(status.refusedRows);
    commits.set(status.commits);
  });
}

/** What OTLP senders have under way, on ingest's metrics. */
export function addIntakeMetrics(telemetry: ProcessTelemetry, intake: OtlpIntake): void {
  const inFlight = telemetry.metrics
    .gauge({ name: "weir_otlp_in_flight_bytes", help: "Bodies of OTLP requests that are not yet answered." })
    .series();
  telemetry.metrics.onCollect(() => inFlight.set(intake.inFlight.used));
}

/** The writer's own health on core's metrics. */
export function addWriterMetrics(telemetry: ProcessTelemetry, status: () => WriterStatus | undefined): void {
  const gauge = (name: string, help: string) => telemetry.metrics.gauge({ name, help }).series();
  const lagRows = gauge("weir_writer_lag_rows", "Rows that are durable in the journals and not yet stored.");
  const lagBytes = gauge("weir_writer_lag_bytes", "Their bytes.");
  const lagSeconds = gauge("weir_writer_lag_seconds", "Age of the oldest of them.");
  const isOk = gauge("weir_writer_ok", "1 while storage takes the rows.");
  const counter = (name: string, help: string) => telemetry.metrics.counter({ name, help }).series();
  const batches = counter("weir_writer_batches_inserted_total", "Batches stored.");
  telemetry.metrics.onCollect(() => {
    const now = status();
    isOk.set(now?.state === "ok" ? 1 : 0);
    if (now === undefined) return;
    lagRows.set(now.lagRows);
    lagBytes.set(now.lagBytes);
    lagSeconds.set(now.lagMs / 1000);
    batches.set(now.insertedBatches);
  });
}
