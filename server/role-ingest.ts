import { createServer } from "node:http";
import { openCatalogReader } from "@weir/catalog";
import { openJournal } from "@weir/pipeline";
import { createRestReceiver } from "@weir/receivers";
import { listenOnSocket } from "./processes/unix-listener.ts";
import type { Role, RoleOptions } from "./role.ts";
import { addJournalMetrics, allowsKeyless, callMetrics, catalogLocation, journalOptions } from "./wire.ts";

/** The receivers: decodes telemetry apart from the gateway, so that megabytes of it delay no forwarded byte. */
export async function startIngestRole(options: RoleOptions): Promise<Role> {
  const { config, paths, telemetry, index } = options;
  await using opening = new AsyncDisposableStack();
  const reader = opening.use(
    await openCatalogReader({ ...catalogLocation(options), secretKeyFile: paths.secretKeyFile, telemetry }),
  );
  const journal = opening.use(await openJournal(journalOptions(options, "ingest")));
  addJournalMetrics(telemetry, journal, `ingest-${index}`);
  const receive = createRestReceiver({
    consumer: journal,
    keys: () => reader.current(),
    config: config.receivers,
    telemetry,
    allowKeyless: allowsKeyless(config),
    onRow: callMetrics(config, telemetry, () => ""),
  });
  const server = createServer({ requestTimeout: 0 }, receive);
  await listenOnSocket(server, paths.ingestSocket);
  opening.defer(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await closed;
  });
  const open = opening.move();
  return {
    async state() {
      const { state } = journal.status();
      return {
        ingest: { status: "ok" },
        "ingest journal": { status: state === "ok" ? "ok" : "degraded", state },
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
