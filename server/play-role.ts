import { readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { parseArgs } from "node:util";
import { CodedError } from "@weir/model";
import type { WeirConfig } from "./config-schema.ts";
import { openDataPaths } from "./data-paths.ts";
import { returnMemoryOfTheStart } from "./processes/memory-of-the-start.ts";
import { type RoleName, roleNames, type StartRole } from "./role.ts";
import { runRoleProcess } from "./role-process.ts";
import { createTelemetry } from "./telemetry.ts";

export interface RoleSettings {
  readonly index: number;
  readonly isSupervised: boolean;
  /** For core and gateway: where the demo's mock provider is. */
  readonly demoProvider?: string | undefined;
}

/** `role <name> --index <n> --data-dir <path>`: a child of the supervisor, which has checked the configuration. */
export async function playSupervisedRole(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      index: { type: "string", default: "0" },
      "data-dir": { type: "string", default: "" },
      "demo-provider": { type: "string" },
    },
  });
  const { configFile } = openDataPaths(values["data-dir"]);
  const config = JSON.parse(readFileSync(configFile, "utf8")) as WeirConfig;
  await playRole(positionals[0] as RoleName, config, {
    index: Number(values.index),
    isSupervised: true,
    demoProvider: values["demo-provider"],
  });
}

/** Whoever takes spans, asks questions or stores rows yields to whoever is in line with calls, as the engine does (10). */
const niceness: Readonly<Record<RoleName, number>> = { gateway: 0, ingest: 3, core: 5 };

/** Runs one role in this process until it is asked to end, and ends the process. */
export async function playRole(role: RoleName, config: WeirConfig, settings: RoleSettings): Promise<void> {
  const { index, isSupervised, demoProvider } = settings;
  setPriority(Math.max(getPriority(), niceness[role]));
  const telemetry = createTelemetry({
    processName: `${role}-${index}`,
    log: isSupervised ? { ...config.log, format: "json" } : config.log,
    seriesLimit: config.metrics.seriesLimit,
  });
  const paths = openDataPaths(config.dataDir);
  const start = await loadRole(role);
  returnMemoryOfTheStart();
  await runRoleProcess({
    role,
    start,
    config,
    paths,
    telemetry,
    index,
    isSupervised,
    ...(demoProvider !== undefined && { demoProvider }),
  });
  process.exit(0);
}

/** Each process loads its own role alone. */
async function loadRole(role: RoleName): Promise<StartRole> {
  switch (role) {
    case "gateway":
      return (await import("./role-gateway.ts")).startGatewayRole;
    case "ingest":
      return (await import("./role-ingest.ts")).startIngestRole;
    case "core":
      return (await import("./role-core.ts")).startCoreRole;
    default:
      throw new CodedError("BAD_REQUEST", `There is no role ${String(role)}; there are ${roleNames.join(", ")}.`);
  }
}
