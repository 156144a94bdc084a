import { join } from "node:path";
import type { Catalog } from "@weir/catalog";
import { CodedError, demoProjectId, type Telemetry } from "@weir/model";
import { type KeptProcess, keepProcess } from "./processes/kept-process.ts";
import { recordProcess } from "./processes/process-record.ts";

const demoFolder = join(import.meta.dirname, "..", "demo");
const trafficKeyName = "The demo's traffic";
/** The providers that the demo's traffic calls. */
const demoProviders = ["openai", "anthropic", "groq", "mistral", "deepseek"];

/**
 * The project `demo`, its provider connections leading to the mock, and a new key for the traffic. Keys of earlier
 * runs are revoked.
 */
export async function ensureDemoProject(catalog: Catalog, mockUrl: string): Promise<string> {
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
  return (await catalog.createApiKey({ projectId: demoProjectId, name: trafficKeyName })).secret;
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

/** The stream of calls, through the gateway at `address`, with the key of the demo's project. */
export function startDemoTraffic(address: string, key: string, options: DemoOptions): KeptProcess {
  return demoProcess("traffic", ["--gateway", address], { WEIR_DEMO_KEY: key }, 1, options);
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
    environment: { ...process.env, ...environment },
    telemetry,
    onLine,
    // It does not end with its supervisor by itself: the record lets the next one end it.
    onStart: (pid) => void recordProcess(runDirectory, "demo", index, pid),
  });
}
