import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freeLoopbackPort, startEngine } from "@weir/storage";
import { askForMasterKeyOnce } from "./ask-for-master-key.ts";
import { banner } from "./banner.ts";
import type { WeirConfig } from "./config-schema.ts";
import { type DataPaths, openDataPaths } from "./data-paths.ts";
import { type DemoProject, startDemoProvider, startDemoTraffic } from "./demo.ts";
import { newEnginePassword, writeEngineAccess } from "./engine-access.ts";
import { previousTakenOver } from "./events.ts";
import { claimPort } from "./listener-check.ts";
import { isLoopbackHost } from "./loopback.ts";
import { ownAddress } from "./own-address.ts";
import { lockDataDirectory } from "./processes/data-lock.ts";
import { startInternalServer } from "./processes/internal-server.ts";
import { keepEngine } from "./processes/kept-engine.ts";
import { type KeptProcess, keepProcess } from "./processes/kept-process.ts";
import { endProcess, signalProcess } from "./processes/previous-processes.ts";
import { type ProcessRecord, runningProcesses } from "./processes/process-record.ts";
import { setSessionNiceness } from "./processes/session-niceness.ts";
import { gatewayFlags, v8Flags } from "./processes/v8-flags.ts";
import type { RoleName } from "./role.ts";
import type { ProcessTelemetry } from "./telemetry.ts";

export interface SupervisorOptions {
  readonly config: WeirConfig;
  readonly telemetry: ProcessTelemetry;
  /** Also run the mock provider and its traffic. */
  readonly withDemo: boolean;
  /** Shows a child's log line, which is JSON. */
  readonly onLine: (line: string) => void;
  readonly print: (text: string) => void;
  /** What plays the roles, other than this program; for tests. */
  readonly program?: string;
  /** Aborted to stop in good order. */
  readonly stop: AbortSignal;
  /** Aborted to stop at once. */
  readonly kill: AbortSignal;
}

const mainFile = join(import.meta.dirname, "main.ts");
/** Where children keep their compiled code: they start faster, and smaller by the compiler that they do not load. */
const compileCache = join(import.meta.dirname, "..", "node_modules", ".cache", "weir-compile");
const engineUsername = "weir";
/** Of the sessions of all parts but the gateway, which is in line with other people's calls: it weighs three times them. */
const nicenessBehindGateway = 5;

/**
 * Starts and keeps the engine, core, ingest and the gateways, until `stop`. Throws a CodedError for whatever keeps
 * Weir from starting at all: a port in use, another supervisor, an open door.
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const paths = openDataPaths(options.config.dataDir);
  using _lock = lockDataDirectory(paths.data, paths.run);
  const previous = runningProcesses(paths.run);
  await askForMasterKeyOnce(options.config);
  const config = await readyConfig(options, paths, previous);
  for (const record of previous) {
    if (record.role === "core" || record.role === "demo") await endProcess(record, 3000);
  }
  const family = new Family({ ...options, config }, paths);
  try {
    await family.start(previous.filter(({ role }) => role === "gateway" || role === "ingest"));
    await aborted(options.stop);
  } finally {
    await family.stop();
  }
}

/** The configuration with the port that is really used; written where the children read it. */
async function readyConfig(
  { config, telemetry }: SupervisorOptions,
  paths: DataPaths,
  previous: readonly ProcessRecord[],
): Promise<WeirConfig> {
  if (!isLoopbackHost(config.host)) {
    // Loaded only here: the supervisor needs no catalog otherwise, and stays small.
    const { refuseOpenDoor } = await import("./exposure-check.ts");
    await refuseOpenDoor(config, paths, telemetry);
  }
  // A gateway that an earlier supervisor left behind holds the port, and shares it with its successor.
  const isOurs = previous.some(({ role }) => role === "gateway");
  const { host } = config;
  const port = isOurs && config.port !== 0 ? config.port : await claimPort({ host, port: config.port });
  const ingestIsOurs = previous.some(({ role }) => role === "ingest");
  const claimed = (own: number, variable: string) =>
    ingestIsOurs && own !== 0 ? own : claimPort({ host, port: own, variable });
  const otlp = {
    grpcPort: await claimed(config.otlp.grpcPort, "WEIR_OTLP_GRPC_PORT"),
    httpPort: await claimed(config.otlp.httpPort, "WEIR_OTLP_HTTP_PORT"),
  };
  const resolved = { ...config, port, otlp };
  writeFileSync(paths.configFile, JSON.stringify(resolved), { mode: 0o600 });
  return resolved;
}

/** The processes of one Weir. */
class Family {
  readonly #options: SupervisorOptions;
  readonly #paths: DataPaths;
  readonly #open = new AsyncDisposableStack();
  readonly #kept: KeptProcess[] = [];
  #drainingPredecessors: readonly ProcessRecord[] = [];

  constructor(options: SupervisorOptions, paths: DataPaths) {
    this.#options = options;
    this.#paths = paths;
    options.kill.addEventListener("abort", () => this.#killAll());
  }

  /** Resolves when everything is ready, and `predecessors` have been told to go. */
  async start(predecessors: readonly ProcessRecord[]): Promise<void> {
    const { config, telemetry, withDemo, print } = this.#options;
    this.#drainingPredecessors = predecessors;
    await this.#startOwnServer();
    // Opened first, closed last.
    if (config.clickhouse.url === undefined) await this.#startEngine();
    const mockPort = withDemo ? await freeLoopbackPort() : undefined;
    const demo = mockPort === undefined ? [] : ["--demo-provider", `http://127.0.0.1:${mockPort}`];
    const core = this.#role("core", 0, demo);
    const ingest = this.#role("ingest", 0);
    const gateways = Array.from({ length: config.workers }, (_, index) => this.#role("gateway", index, demo));
    const { streamsMs, drainMs } = config.shutdown;
    this.#open.defer(() => core.stop(drainMs + 5000));
    this.#open.defer(() => ingest.stop(5000));
    this.#open.defer(async () => void (await Promise.all(gateways.map((gateway) => gateway.stop(streamsMs)))));
    const [announced] = await Promise.all([core, ingest, ...gateways].map(({ firstReady }) => firstReady));
    for (const record of predecessors) signalProcess(record, "SIGTERM");
    if (predecessors.length > 0) telemetry.emit(previousTakenOver, { processes: predecessors.length });
    const demoKey = announced?.["demoKey"];
    if (mockPort !== undefined && demoKey !== undefined)
      this.#startDemo(mockPort, { key: demoKey, isNew: announced?.["demoIsNew"] === "true" });
    print(
      banner({
        address: ownAddress(config, config.port),
        otlpHttp: ownAddress(config, config.otlp.httpPort),
        otlpGrpc: new URL(ownAddress(config, config.otlp.grpcPort)).host,
        signInPath: announced?.["signInPath"],
        isLoopback: isLoopbackHost(config.host),
        dataDirectory: this.#paths.data,
        hasDemo: withDemo,
        withColour: process.stdout.isTTY,
      }),
    );
  }

  /** In the order of the flow: no more calls, then no more telemetry, then the journals into storage, then the engine. */
  async stop(): Promise<void> {
    await this.#open.disposeAsync();
    await Promise.all(this.#drainingPredecessors.map((record) => endProcess(record, 1000)));
  }

  #killAll(): void {
    for (const kept of this.#kept) kept.kill();
    for (const record of this.#drainingPredecessors) signalProcess(record, "SIGKILL");
  }

  async #startOwnServer(): Promise<void> {
    const { telemetry } = this.#options;
    const socketPath = this.#paths.internalSocket("supervisor", 0);
    this.#open.use(await startInternalServer({ socketPath, metrics: telemetry.metrics, state: async () => ({}) }));
  }

  async #startEngine(): Promise<void> {
    const { config, telemetry } = this.#options;
    const access = {
      url: `http://127.0.0.1:${await freeLoopbackPort()}`,
      username: engineUsername,
      password: newEnginePassword(),
    };
    writeEngineAccess(this.#paths.engineFile, access);
    const start = async () => {
      const engine = await startEngine({
        directory: this.#paths.engine,
        runDirectory: this.#paths.run,
        port: Number(new URL(access.url).port),
        password: access.password,
        memoryLimitBytes: config.engine.memoryLimitBytes,
        telemetry,
      });
      void setSessionNiceness(engine.pid, nicenessBehindGateway);
      return engine;
    };
    const engine = this.#open.use(keepEngine(start, telemetry, this.#options.stop));
    void engine.firstStart.then((error) => {
      if (error?.code === "ENGINE_UNSUPPORTED") this.#options.print(error.message);
    });
  }

  #role(role: RoleName, index: number, extra: readonly string[] = []): KeptProcess {
    const { telemetry, onLine } = this.#options;
    const kept = keepProcess({
      name: `${role}-${index}`,
      file: process.execPath,
      args: [
        ...v8Flags,
        ...(role === "gateway" ? gatewayFlags : []),
        this.#options.program ?? mainFile,
        "role",
        role,
        "--index",
        String(index),
        "--data-dir",
        this.#paths.data,
        ...extra,
      ],
      // Two arenas of malloc instead of eight a core: threads of these processes allocate little.
      environment: { NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: "2", ...process.env },
      telemetry,
      onLine,
      tellsReadiness: true,
      onStart: (pid) => {
        if (role !== "gateway") void setSessionNiceness(pid, nicenessBehindGateway);
      },
    });
    this.#kept.push(kept);
    return kept;
  }

  #startDemo(mockPort: number, demo: DemoProject): void {
    const { config, telemetry, onLine } = this.#options;
    const options = { runDirectory: this.#paths.run, telemetry, onLine };
    const address = ownAddress(config, config.port);
    for (const kept of [startDemoProvider(mockPort, options), startDemoTraffic(address, demo, options)]) {
      this.#kept.push(kept);
      this.#open.defer(() => kept.stop(2000));
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
