import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { Catalog } from "@weir/catalog";
import { CodedError, demoProjectId, type Telemetry } from "@weir/model";
import { masterKeyVariable } from "./master-key-variable.ts";
import { type KeptProcess, keepProcess } from "./processes/kept-process.ts";
import { recordProcess } from "./processes/process-record.ts";

const demoFolder = join(import.meta.dirname, "..", "demo");
const trafficKeyName = "The demo's traffic";
/** The providers that the demo's traffic calls. */
const demoProviders = ["openai", "anthropic", "groq", "mistral", "deepseek", "gemini", "cohere"];

export interface DemoProject {
  /** The secret of the traffic's key. */
  readonly key: string;
  /** False when an earlier run made it: then it has a history. */
  readonly isNew: boolean;
}

/**
 * The project `demo`, its provider connections leading to the mock, and a new key for the traffic. Keys of earlier
 * runs are revoked.
 */
export async function ensureDemoProject(catalog: Catalog, mockUrl: string): Promise<DemoProject> {
  const isNew = catalog.current().project(demoProjectId) === undefined;
  await catalog.createProject({ id: demoProjectId, name: "Demo" }).catch(ignoreConflict);
  for (const connection of await catalog.listConnections(demoProjectId)) {
    await catalog.deleteConnection(demoProjectId, connection.id);
  }
  for (const provider of demoProviders) {
    await catalog.createConnection({
      projectId: demoProjectId,
      provider,
      baseUrl: mockUrl,
      secret: "sk-demo-not-a-real-key",
    });
  }
  for (const key of await catalog.listApiKeys(demoProjectId)) {
    if (key.name === trafficKeyName && key.revokedAt === null) await catalog.revokeApiKey(demoProjectId, key.id);
  }
  const { secret } = await catalog.createApiKey({ projectId: demoProjectId, name: trafficKeyName });
  return { key: secret, isNew };
}

function ignoreConflict(thrown: unknown): void {
  if (!(thrown instanceof CodedError && thrown.code === "CONFLICT")) throw thrown;
}

export interface DemoOptions {
  readonly runDirectory: string;
  readonly telemetry: Telemetry;
  readonly onLine: (line: string) => void;
}

/** The mock provider, on a port of its own. */
export function startDemoProvider(port: number, options: DemoOptions): KeptProcess {
  return demoProcess("mock-provider", ["--port", String(port)], {}, 0, options);
}

/** The stream of calls, through the gateway at `address`; other ones with every start, and a history once. */
export function startDemoTraffic(address: string, { key, isNew }: DemoProject, options: DemoOptions): KeptProcess {
  const args = ["--gateway", address, "--seed", String(randomInt(2 ** 31)), ...(isNew ? [] : ["--history-hours", "0"])];
  return demoProcess("traffic", args, { WEIR_DEMO_KEY: key, ...trustOf(address) }, 1, options);
}

/** The certificate names a host that others know, not this machine's own address; the traffic stays on it. */
function trustOf(address: string): Readonly<Record<string, string>> {
  if (!address.startsWith("https:")) return {};
  return { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
}

function demoProcess(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  index: number,
  { runDirectory, telemetry, onLine }: DemoOptions,
): KeptProcess {
  return keepProcess({
    name: `demo ${name}`,
    file: process.execPath,
    args: [join(demoFolder, `${name}.ts`), ...args],
    environment: { ...process.env, [masterKeyVariable]: undefined, ...environment },
    telemetry,
    onLine,
    // It does not end with its supervisor by itself: the record lets the next one end it.
    onStart: (pid) => void recordProcess(runDirectory, "demo", index, pid),
  });
}
