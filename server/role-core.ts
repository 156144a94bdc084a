import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createApi, LiveTicks } from "@weir/api";
import type { Catalog } from "@weir/catalog";
import { providerIds } from "@weir/gateway";
import { CodedError, demoProjectId } from "@weir/model";
import { openStore, type Store } from "@weir/storage";
import type { WeirConfig } from "./config-schema.ts";
import { ensureDemoProject } from "./demo.ts";
import { type EngineAccess, readEngineAccess } from "./engine-access.ts";
import { IndexUpkeep } from "./index-upkeep.ts";
import { openCatalogPatiently } from "./patient-catalog.ts";
import { ownSocketName } from "./processes/listeners.ts";
import { RetentionUpkeep } from "./retention-upkeep.ts";
import type { PartState, Role, RoleOptions } from "./role.ts";
import { StorageUpkeep } from "./storage-upkeep.ts";
import { startExport, tellIgnoredVariables } from "./telemetry-export.ts";
import { TraceDecisions } from "./trace-decisions.ts";
import {
  addWriterMetrics,
  allowsKeyless,
  catalogLocation,
  masterKeyPlace,
  outgoingGuard,
  storePart,
  textRedaction,
  writerSettings,
} from "./wire.ts";

const checkout = join(import.meta.dirname, "..");
const keyUsesIntervalMs = 30_000;
const webDirectory = join(checkout, "web", "dist");

/** API, web UI, and the writer that drains this machine's journals into storage. */
export async function startCoreRole(options: RoleOptions): Promise<Role> {
  const { config, paths, telemetry, demoProvider } = options;
  await using opening = new AsyncDisposableStack();
  const catalog = opening.use(
    await openCatalogPatiently(
      { ...catalogLocation(options), ...(await masterKeyPlace(options)), telemetry },
      options.stopping,
    ),
  );
  tellIgnoredVariables(options);
  opening.use(startExport(options, "core"));
  const { apiKey, adminEmail, adminPassword } = config.init;
  await catalog.ensureInitial({ initApiKey: apiKey, adminEmail, adminPassword });
  opening.use(collectKeyUses(catalog, paths.keyUses));
  const live = new LiveTicks();
  const store = opening.use(await openConfiguredStore(options));
  const indexes = opening.use(new IndexUpkeep({ store, telemetry }));
  const upkeep = opening.use(
    new StorageUpkeep({
      store,
      journalDirectory: paths.journal,
      writerSettings: writerSettings(config),
      telemetry,
      onInserted({ projects }) {
        live.publish({ projectIds: projects });
        indexes.rowsInserted();
      },
    }),
  );
  opening.defer(() => upkeep.drain(config.shutdown.drainMs));
  opening.use(new RetentionUpkeep({ store, catalog, settings: config.retention, telemetry }));
  opening.use(new TraceDecisions({ store, catalog, recording: config.recording, telemetry }));
  addWriterMetrics(telemetry, () => upkeep.writerStatus());
  const ownerSecret = randomBytes(32).toString("base64url");
  const api = await createApi({
    store,
    catalog,
    telemetry,
    config: config.api,
    retention: config.retention,
    webDirectory,
    live,
    ownerSecret,
    outgoing: outgoingGuard(options),
    redactText: textRedaction(config),
    install: {
      version: version(),
      is_loopback: allowsKeyless(config),
      providers: providersOf(config),
    },
  });
  opening.defer(() => api.close());
  rmSync(ownSocketName(paths.coreSocket), { force: true });
  await api.listen({ path: ownSocketName(paths.coreSocket) });
  renameSync(ownSocketName(paths.coreSocket), paths.coreSocket);
  writeOwnerSecret(paths.cliKeyFile, ownerSecret);
  const { token } = await catalog.createSignInLink();
  const demo = demoProvider === undefined ? undefined : await ensureDemoProject(catalog, demoProvider);
  const open = opening.move();
  return {
    announcement: {
      // Who starts the demo wants to see it: the default project may be empty.
      signInPath: `/ui/sign-in?token=${token}${demo === undefined ? "" : `&next=${encodeURIComponent(`/?project=${demoProjectId}`)}`}`,
      ...(demo !== undefined && { demoKey: demo.key, demoIsNew: String(demo.isNew) }),
    },
    async state() {
      return {
        core: { status: "ok" },
        [storePart(config)]: await upkeep.storageState(),
        catalog: await catalogState(catalog),
        journal: upkeep.journalState(),
      };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Every half minute; a failure leaves them where they are, for the next time. */
function collectKeyUses(catalog: Catalog, spoolDirectory: string): AsyncDisposable {
  const collect = () => catalog.collectKeyUses(spoolDirectory).catch(() => undefined);
  const timer = setInterval(collect, keyUsesIntervalMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await collect();
    },
  };
}

/** For `weir` on this machine: who can read this user's files is the owner. */
function writeOwnerSecret(file: string, secret: string): void {
  writeFileSync(`${file}.draft`, secret, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

function version(): string {
  return (JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string }).version;
}

/** Those that Weir knows, and the user's own. */
function providersOf(config: WeirConfig): { id: string; name: string }[] {
  const own = Object.keys(config.providers).filter((id) => !providerIds.includes(id));
  return [...providerIds, ...own].map((id) => ({ id, name: id }));
}

async function openConfiguredStore({ config, paths, telemetry }: RoleOptions): Promise<Store> {
  const { url, database, cluster } = config.clickhouse;
  const access = url === undefined ? await engineAccess(paths.engineFile) : accessOf(url);
  return openStore({ ...access, database, cluster, telemetry });
}

/** The supervisor writes it before it starts this process; a core of its own waits for one. */
async function engineAccess(file: string): Promise<EngineAccess> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
    const access = readEngineAccess(file);
    if (access !== undefined) return access;
    await sleep(50);
  }
  throw new CodedError(
    "CONFIG_INVALID",
    "There is no embedded engine here: run `weir start`, or set WEIR_CLICKHOUSE_URL.",
  );
}

function accessOf(text: string): EngineAccess {
  const url = new URL(text);
  const access = {
    username: decodeURIComponent(url.username) || "default",
    password: decodeURIComponent(url.password),
  };
  url.username = "";
  url.password = "";
  return { ...access, url: url.href.replace(/\/$/, "") };
}

async function catalogState(catalog: Catalog): Promise<PartState> {
  try {
    await catalog.ping();
    return { status: "ok" };
  } catch (thrown) {
    return { status: "unavailable", message: (thrown as Error).message };
  }
}
