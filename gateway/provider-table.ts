import type { GatewayConfig } from "./config.ts";
import { type AuthStyle, type ProviderRow, providerRows, type ShapeId } from "./providers/index.ts";

/** Where requests go: an origin, and what stands before the path. */
export interface Target {
  readonly origin: string;
  readonly pathPrefix: string;
}

/** A provider as this gateway is configured. */
export interface Provider {
  readonly id: string;
  readonly shape: ShapeId;
  readonly auth: AuthStyle;
  /** `gen_ai.provider.name`. */
  readonly otelName: string;
  readonly target: Target;
  readonly streamUsageOnRequest: boolean;
  /** Asked for usage in a stream, it says `"usage":null` in every frame but the one with the usage. */
  readonly addsNullUsage: boolean;
  readonly keepGatewayHeaders: boolean;
}

export function targetOf(baseUrl: string): Target {
  const url = new URL(baseUrl);
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, "") };
}

/** The path on the provider. One that already begins with the base URL's own path does not get it twice. */
export function upstreamPath(target: Target, path: string): string {
  const { pathPrefix } = target;
  if (pathPrefix === "" || path.startsWith(`${pathPrefix}/`)) return path;
  return pathPrefix + path;
}

/** All providers by id: the known vendors, as moved by the configuration, and the user's own. */
export function providerTable(config: GatewayConfig): ReadonlyMap<string, Provider> {
  const table = new Map<string, Provider>();
  for (const row of providerRows) table.set(row.id, providerOf(row, config.providers[row.id]));
  for (const [id, own] of Object.entries(config.providers)) {
    if (table.has(id) || own.baseUrl === undefined) continue;
    const shape = own.shape ?? "openai";
    const auth = shape === "anthropic" ? "x-api-key" : "bearer";
    table.set(id, providerOf({ id, shape, auth, baseUrl: own.baseUrl }, own));
  }
  return table;
}

function providerOf(row: ProviderRow, config: GatewayConfig["providers"][string] | undefined): Provider {
  return {
    id: row.id,
    shape: config?.shape ?? row.shape,
    auth: config?.auth ?? row.auth,
    otelName: row.otelName ?? row.id,
    target: targetOf(config?.baseUrl ?? row.baseUrl),
    streamUsageOnRequest: config?.streamUsageOnRequest ?? row.streamUsageOnRequest ?? false,
    addsNullUsage: row.addsNullUsage ?? false,
    keepGatewayHeaders: config?.keepGatewayHeaders ?? false,
  };
}
