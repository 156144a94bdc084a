import type { WeirConfig } from "./config-schema.ts";
import type { DataPaths } from "./data-paths.ts";
import type { ProcessTelemetry } from "./telemetry.ts";

export const roleNames = ["gateway", "ingest", "core"] as const;
export type RoleName = (typeof roleNames)[number];

export interface RoleOptions {
  readonly config: WeirConfig;
  readonly paths: DataPaths;
  readonly telemetry: ProcessTelemetry;
  /** Which of the processes of this role: 0, 1 … */
  readonly index: number;
  /** Where the demo's mock provider is: core makes the demo's project for it, and the gateways may reach it. */
  readonly demoProvider?: string;
  /** Aborted when the process is asked to end, be the role started or not. */
  readonly stopping?: AbortSignal;
}

/** How a part is, for `/ready`: its status and what explains it. */
export interface PartState {
  readonly status: "ok" | "starting" | "degraded" | "unavailable";
  readonly [detail: string]: string | number | boolean | undefined;
}

/** A role that works. Disposing it ends what is under way in good order. */
export interface Role extends AsyncDisposable {
  /** The parts that this process answers for, by the names of `/ready`. */
  state(): Promise<Record<string, PartState>>;
  /** Told to the supervisor once the role is ready, and printed by it. */
  readonly announcement?: Readonly<Record<string, string>>;
}

export type StartRole = (options: RoleOptions) => Promise<Role>;
