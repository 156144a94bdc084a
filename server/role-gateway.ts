import { openCatalogReader, openKeyUses } from "@weir/catalog";
import { startGateway } from "@weir/gateway";
import { openJournal } from "@weir/pipeline";
import { createAnswers } from "./answers.ts";
import { keysForScope } from "./key-directory.ts";
import type { Role, RoleOptions } from "./role.ts";
import {
  addJournalMetrics,
  allowsKeyless,
  callMetrics,
  catalogLocation,
  expectedParts,
  gatewayConfigOf,
  journalOptions,
  keyUsesOptions,
  withKeyMasks,
} from "./wire.ts";

/** In line with other people's traffic: forwards and records calls, and owns the main port. */
export async function startGatewayRole(options: RoleOptions): Promise<Role> {
  const { config, paths, telemetry, index } = options;
  await using opening = new AsyncDisposableStack();
  const reader = opening.use(
    await openCatalogReader({
      ...catalogLocation(options),
      secretKeyFile: paths.secretKeyFile,
      cacheFile: paths.catalogCacheFile,
      telemetry,
    }),
  );
  const journal = opening.use(await openJournal(journalOptions(options, "gateway")));
  addJournalMetrics(telemetry, journal, `gateway-${index}`);
  const uses = opening.use(openKeyUses(keyUsesOptions(options, "gateway")));
  const catalog = withKeyMasks(keysForScope(reader, "gateway", uses));
  const gateway = opening.use(
    await startGateway({
      config: gatewayConfigOf(config),
      catalog,
      log: journal,
      telemetry,
      onCall: callMetrics(config, telemetry, catalog.maskOf),
      relay: { core: paths.coreSocket, ingest: paths.ingestSocket },
      answer: createAnswers(paths.sockets, expectedParts(config)),
      isLoopbackListener: allowsKeyless(config),
    }),
  );
  const active = telemetry.metrics
    .gauge({ name: "http_server_active_requests", help: "Calls under way.", labels: ["url_scheme"] })
    .series("http");
  const captured = telemetry.metrics
    .gauge({ name: "weir_gateway_captured_bytes", help: "Bodies held for the record of calls under way." })
    .series();
  telemetry.metrics.onCollect(() => {
    active.set(gateway.activeCalls);
    captured.set(gateway.capturedBytes);
  });
  const open = opening.move();
  return {
    async state() {
      const { state } = journal.status();
      return {
        gateway: { status: "ok", active_calls: gateway.activeCalls },
        "gateway journal": { status: state === "ok" ? "ok" : "degraded", state },
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
