import { openCatalogReader, openKeyUses } from "@weir/catalog";
import { startGateway } from "@weir/gateway";
import { createAnswers } from "./answers.ts";
import { journalState } from "./journal-state.ts";
import { keysForScope } from "./key-directory.ts";
import { schemeOf } from "./own-address.ts";
import { letHelperThreadsYield } from "./processes/helper-threads.ts";
import type { Role, RoleOptions } from "./role.ts";
import { startExport } from "./telemetry-export.ts";
import {
  addGatewayMetrics,
  addJournalMetrics,
  allowsKeyless,
  callMetrics,
  catalogLocation,
  certificateOf,
  environmentKeys,
  expectedParts,
  gatewayConfigOf,
  keyUsesOptions,
  masterKeyPlace,
  openRoleJournal,
  outgoingGuard,
  retentionIn,
  withKeyMasks,
} from "./wire.ts";

/** In line with other people's traffic: forwards and records calls, and owns the main port. */
export async function startGatewayRole(options: RoleOptions): Promise<Role> {
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
  const journal = opening.use(await openRoleJournal(options, "gateway"));
  addJournalMetrics(telemetry, journal, `gateway-${index}`);
  const uses = opening.use(openKeyUses(keyUsesOptions(options, "gateway")));
  const catalog = withKeyMasks(keysForScope(reader, "gateway", uses));
  const retention = retentionIn(config, reader);
  const exporting = opening.use(startExport(options, "gateway"));
  const count = callMetrics(config, telemetry, catalog.maskOf);
  const gateway = opening.use(
    await startGateway({
      config: gatewayConfigOf(config),
      catalog,
      log: journal,
      retentionDaysOf: (project) => retention(project).spansDays,
      telemetry,
      onCall(row) {
        count(row);
        exporting.onCall(row);
      },
      relay: { core: paths.coreSocket, ingest: paths.ingestSocket },
      answer: createAnswers(paths.sockets, expectedParts(config), {
        token: config.metrics.token,
        isLoopbackListener: allowsKeyless(config),
      }),
      listener: { isLoopback: allowsKeyless(config), environmentKeys: environmentKeys(config, process.env) },
      certificate: certificateOf(options, opening),
      outgoing: outgoingGuard(options),
    }),
  );
  addGatewayMetrics(telemetry, schemeOf(config.tls), gateway);
  letHelperThreadsYield();
  const open = opening.move();
  return {
    async state() {
      return {
        gateway: { status: "ok", active_calls: gateway.activeCalls },
        "gateway journal": journalState(journal.status(), "Calls go on, and are not recorded."),
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
