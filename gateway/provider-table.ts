import { CodedError } from "@weir/model";
import type { GatewayConfig } from "./config.ts";
import { type AuthStyle, type ProviderRow, providerRows, type ShapeId } from "./providers/index.ts";

/** Where requests go: an origin, and what stands before the path. */
export interface Target {
  readonly origin: string;
  readonly pathPrefix: string;
  /** A user gave the address, not the configuration: it may not lead into private networks. */
  readonly isUserGiven: boolean;
}

/** A provider as this gateway is configured. */
export interface Provider {
  readonly id: string;
  readonly shape: ShapeId;
  readonly auth: AuthStyle;
  /** `gen_ai.provider.name`. */
  readonly otelName: string;
  /** With `{region}` where the address has one; "" when only a connection or the configuration can tell it. */
  readonly baseUrl: string;
  readonly region: ProviderRow["region"];
  readonly streamUsageOnRequest: boolean;
  /** Asked for usage in a stream, it says `"usage":null` in every frame but the one with the usage. */
  readonly addsNullUsage: boolean;
  readonly keepGatewayHeaders: boolean;
  /** It gets a `traceparent` that names the gateway's span, instead of the caller's. */
  readonly takesChildContext: boolean;
  /** Where OpenAI's API begins. */
  readonly openaiPath: string;
  /** As the provider of `/v1`, it gets every model's name as it is. */
  readonly slashedModels: boolean;
}

export function targetOf(baseUrl: string, isUserGiven = false): Target {
  const url = new URL(baseUrl);
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, ""), isUserGiven };
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
    table.set(id, providerOf({ id, shape, auth: usualAuth[shape], baseUrl: own.baseUrl }, own));
  }
  return table;
}

const usualAuth: Readonly<Record<ShapeId, AuthStyle>> = {
  openai: "bearer",
  anthropic: "x-api-key",
  gemini: "as_sent",
  cohere: "bearer",
  bedrock: "sigv4",
  ollama: "bearer",
};

/** The address with its region filled in: Google's global endpoint has none before its name. */
export function regionalUrl(baseUrl: string, region: string): string {
  const isGoogle = baseUrl.includes("{region}aiplatform");
  return baseUrl.replace("{region}", isGoogle ? (region === "global" ? "" : `${region}-`) : region);
}

/** A name of a region, which becomes part of a host: nothing else may. */
const regionName = /^[a-z]{2,12}(?:-[a-z0-9]{1,12}){0,4}$/;

const ownTargets = new Map<string, Target>();
const userTargets = new Map<string, Target>();
const targetsLimit = 1000;

/**
 * Where a request goes: to the address of the project's connection, or to the provider's own in the region that the
 * request names. Throws when neither is known.
 */
export function upstreamTarget(
  provider: Provider,
  connectionUrl: string | undefined,
  path: string,
  region: string,
): Target {
  let url = connectionUrl ?? provider.baseUrl;
  if (url === "") {
    throw new CodedError(
      "PROVIDER_CONNECTION_MISSING",
      `${provider.id} has no address that is everybody's. Set WEIR_${provider.id.replaceAll("-", "_").toUpperCase()}_BASE_URL, or use a Weir key whose project has a connection with an address.`,
    );
  }
  if (provider.region !== undefined && url.includes("{region}")) {
    const named = provider.region.from === "path" ? (/\/locations\/([^/]+)\//.exec(path)?.[1] ?? "") : region;
    url = regionalUrl(url, regionName.test(named) ? named : provider.region.usual);
  }
  const isUserGiven = connectionUrl !== undefined;
  const targets = isUserGiven ? userTargets : ownTargets;
  let target = targets.get(url);
  if (target === undefined) {
    target = targetOf(url, isUserGiven);
    if (targets.size >= targetsLimit) targets.clear();
    targets.set(url, target);
  }
  return target;
}

function providerOf(row: ProviderRow, config: GatewayConfig["providers"][string] | undefined): Provider {
  return {
    id: row.id,
    shape: config?.shape ?? row.shape,
    auth: config?.auth ?? row.auth,
    otelName: row.otelName ?? row.id,
    baseUrl: config?.baseUrl ?? row.baseUrl,
    region: row.region,
    streamUsageOnRequest: config?.streamUsageOnRequest ?? row.streamUsageOnRequest ?? false,
    addsNullUsage: row.addsNullUsage ?? false,
    openaiPath: row.openaiPath ?? "/v1",
    slashedModels: row.slashedModels ?? false,
    keepGatewayHeaders: config?.keepGatewayHeaders ?? false,
    takesChildContext: config?.traceContext === "child",
  };
}
