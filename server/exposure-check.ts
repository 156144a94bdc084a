import { openCatalog } from "@weir/catalog";
import { CodedError, type Telemetry } from "@weir/model";
import type { WeirConfig } from "./config-schema.ts";
import type { DataPaths } from "./data-paths.ts";
import { masterKeyPlace } from "./wire.ts";

/** For a listener beyond this machine: refuses it while nobody could sign in and nothing could be told apart from a stranger. */
export async function refuseOpenDoor(config: WeirConfig, paths: DataPaths, telemetry: Telemetry): Promise<void> {
  const { apiKey, adminEmail, adminPassword } = config.init;
  if (apiKey !== undefined) return;
  if (adminEmail !== undefined && adminPassword !== undefined) return;
  if (await hasKeys(config, paths, telemetry)) return;
  throw new CodedError(
    "CONFIG_INVALID",
    `WEIR_HOST is ${config.host}, which others can reach, and no credentials are set: anybody could read and send. Set WEIR_INIT_API_KEY, or WEIR_INIT_ADMIN_EMAIL and WEIR_INIT_ADMIN_PASSWORD; or listen on 127.0.0.1.`,
  );
}

async function hasKeys(config: WeirConfig, paths: DataPaths, telemetry: Telemetry): Promise<boolean> {
  const location = config.postgres.url === undefined ? { file: paths.catalogFile } : { url: config.postgres.url };
  await using catalog = await openCatalog({ ...location, ...(await masterKeyPlace({ config, paths })), telemetry });
  for (const project of await catalog.listProjects()) {
    const keys = await catalog.listApiKeys(project.id);
    if (keys.some((key) => key.revokedAt === null)) return true;
  }
  return false;
}
