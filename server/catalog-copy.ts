import { type CatalogLocation, copyCatalog } from "@weir/catalog";
import { CodedError, type Telemetry } from "@weir/model";
import type { WeirConfig } from "./config-schema.ts";
import { type DataPaths, openDataPaths } from "./data-paths.ts";
import { lockDataDirectory } from "./processes/data-lock.ts";
import { runningProcesses } from "./processes/process-record.ts";

export interface CatalogCopyWish {
  readonly to: "postgres" | "sqlite";
  /** Gives up what the other one holds. */
  readonly replace: boolean;
}

const silent: Telemetry = { emit() {} };

/**
 * Copies the catalog between the file of the data directory and the configured PostgreSQL database; the lines to
 * print. No Weir can start on the data directory meanwhile. Rejects with CONFLICT while one runs.
 */
export async function copyConfiguredCatalog(config: WeirConfig, { to, replace }: CatalogCopyWish): Promise<string[]> {
  const paths = openDataPaths(config.dataDir);
  const { url } = config.postgres;
  if (url === undefined) {
    throw new CodedError("CONFIG_INVALID", "Name the PostgreSQL database by WEIR_POSTGRES_URL or `postgres.url`.");
  }
  using _lock = lockDataDirectory(paths.data, paths.run);
  refuseRunning(paths);
  const places: Record<CatalogCopyWish["to"], CatalogLocation> = {
    postgres: { url },
    sqlite: { file: paths.catalogFile },
  };
  const from = to === "postgres" ? places.sqlite : places.postgres;
  const { rows, firstBrokenEntry } = await copyCatalog({ from, to: places[to], replace, telemetry: silent });
  const counted = Object.entries(rows).map(([table, count]) => `${table} ${count}`);
  const chain = firstBrokenEntry === undefined ? "whole" : `broken from entry ${firstBrokenEntry}, as it was before`;
  const next = to === "postgres" ? "Start Weir with WEIR_POSTGRES_URL" : "Start Weir without WEIR_POSTGRES_URL";
  return [
    `Copied; rows, counted on both sides: ${counted.join(", ")}.`,
    `The audit log's chain is ${chain}. Secrets stay sealed with the same master key: keep it.`,
    `${next} to use the copy. The catalog that was copied is as it was; it goes no further with Weir.`,
  ];
}

/** Also what goes on without its supervisor. */
function refuseRunning({ data, run }: DataPaths): void {
  const running = runningProcesses(run).filter(({ role }) => ["gateway", "ingest", "core"].includes(role));
  if (running.length === 0) return;
  const named = running.map(({ role, pid }) => `${role} ${pid}`).join(", ");
  throw new CodedError(
    "CONFLICT",
    `Weir runs on ${data} (${named}). Stop it first: what it changes meanwhile would be lost.`,
  );
}
