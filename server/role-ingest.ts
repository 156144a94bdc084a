import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { openCatalogReader, openKeyUses } from "@weir/catalog";
import type { ListenerCertificate } from "@weir/model";
import { openExportLedger } from "@weir/pipeline";
import {
  createOtlpHttpReceiver,
  createRestReceiver,
  isOtlpUrl,
  OtlpIntake,
  SenderLimits,
  startOtlpGrpcServer,
} from "@weir/receivers";
import { journalState } from "./journal-state.ts";
import { keysForScope } from "./key-directory.ts";
import { listenOnPort, listenOnSocket } from "./processes/listeners.ts";
import { setIngestFlags } from "./processes/v8-flags.ts";
import type { Role, RoleOptions } from "./role.ts";
import { startExport } from "./telemetry-export.ts";
import {
  addIntakeMetrics,
  addJournalMetrics,
  allowsKeyless,
  callMetrics,
  catalogLocation,
  certificateOf,
  keyUsesOptions,
  masterKeyPlace,
  openRoleJournal,
  retentionIn,
} from "./wire.ts";

/** How long a sender may take for a request's head, and for all of it. */
const requestTimeoutMs = 60_000;

/** The receivers: decodes telemetry apart from the gateway, so that megabytes of it delay no forwarded byte. */
export async function startIngestRole(options: RoleOptions): Promise<Role> {
  const { config, paths, telemetry, index } = options;
  await using opening = new AsyncDisposableStack();
  const reader = opening.use(
    await openCatalogReader({
      ...catalogLocation(options),
      ...(await masterKeyPlace(options)),
      cacheFile: paths.catalogCacheFile,
      telemetry,
    }),
  );
  const journal = opening.use(await openRoleJournal(options, "ingest"));
  addJournalMetrics(telemetry, journal, `ingest-${index}`);
  const ledger = opening.use(
    await openExportLedger({
      journal,
      directory: paths.exports,
      limit: config.receivers.rememberedExports,
      telemetry,
    }),
  );
  const uses = opening.use(openKeyUses(keyUsesOptions(options, "ingest")));
  const keys = keysForScope(reader, "ingest", uses);
  const rules = {
    keys: () => keys.current(),
    allowKeyless: allowsKeyless(config),
    retentionOf: retentionIn(config, reader),
    limits: new SenderLimits(config.receivers.rateLimit, config.api.trustedProxies),
  };
  const exporting = opening.use(startExport(options, "ingest"));
  const count = callMetrics(config, telemetry, () => "");
  const receiveRest = createRestReceiver({
    ...rules,
    consumer: journal,
    config: config.receivers,
    telemetry,
    onRow(row) {
      count(row);
      exporting.onCall(row);
    },
  });
  const intake = new OtlpIntake({ ...rules, ledger, config: config.receivers, telemetry });
  addIntakeMetrics(telemetry, intake);
  const receiveOtlp = createOtlpHttpReceiver(intake);
  const relayed = createServer({ requestTimeout: 0 }, (request, response) =>
    isOtlpUrl(request.url) ? receiveOtlp(request, response) : receiveRest(request, response),
  );
  await listenOnSocket(relayed, paths.ingestSocket);
  opening.defer(() => closed(relayed));
  const { host, otlp } = config;
  const certificate = certificateOf(options, opening);
  const direct = directServer(receiveOtlp, certificate);
  await listenOnPort(direct, host, otlp.httpPort);
  opening.defer(() => closed(direct));
  opening.use(await startOtlpGrpcServer(intake, { host, port: otlp.grpcPort, certificate }));
  const open = opening.move();
  setIngestFlags();
  return {
    async state() {
      return {
        ingest: { status: "ok" },
        otlp: { status: "ok", http_port: otlp.httpPort, grpc_port: otlp.grpcPort },
        "ingest journal": journalState(journal.status(), "Senders are told to send again later."),
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function directServer(receive: RequestListener, certificate: ListenerCertificate | undefined): Server {
  const timeouts = { requestTimeout: requestTimeoutMs, keepAliveTimeout: 75_000 };
  if (certificate === undefined) return createServer(timeouts, receive);
  const server = createSecureServer({ ...timeouts, ...certificate.options }, receive);
  certificate.keepRenewed(server);
  return server;
}

/** Resolves once no request is under way. */
async function closed(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await ended;
}
