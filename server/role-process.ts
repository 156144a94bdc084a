import { asCodedError } from "@weir/model";
import { processStarted, processStopped, uncaughtFault } from "./events.ts";
import { startInternalServer } from "./processes/internal-server.ts";
import { recordProcess } from "./processes/process-record.ts";
import { tellSupervisor } from "./processes/readiness.ts";
import type { Role, RoleName, RoleOptions, StartRole } from "./role.ts";

export interface RoleProcessOptions extends RoleOptions {
  readonly role: RoleName;
  readonly start: StartRole;
  /** A supervisor started this process, and hears of its readiness. */
  readonly isSupervised: boolean;
}

/** Core ends with its supervisor; gateway and ingest go on without one. */
const endsWithSupervisor: ReadonlySet<RoleName> = new Set(["core"]);

/** The life of a process that plays one role: from its start until a signal ends it. */
export async function runRoleProcess(options: RoleProcessOptions): Promise<void> {
  const { role, index, paths, telemetry, isSupervised } = options;
  // A supervisor that is gone took the other ends of these pipes with it.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  process.on("uncaughtException", (error) => {
    telemetry.emit(uncaughtFault, { error: error.stack ?? String(error) });
    process.exit(1);
  });
  using _record = recordProcess(paths.run, role, index);
  const stop = stopSignal(isSupervised && endsWithSupervisor.has(role));
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  await using open = new AsyncDisposableStack();
  const working = await startOrTell({ ...options, stopping: stopping.signal });
  open.use(working);
  open.use(
    await startInternalServer({
      socketPath: paths.internalSocket(role, index),
      metrics: telemetry.metrics,
      state: () => working.state(),
    }),
  );
  if (isSupervised) tellSupervisor({ ready: true, announcement: working.announcement ?? {} });
  telemetry.emit(processStarted, { pid: process.pid, node: process.version });
  await stop;
  await open.disposeAsync();
  telemetry.emit(processStopped);
}

async function startOrTell(options: RoleProcessOptions): Promise<Role> {
  try {
    return await options.start(options);
  } catch (thrown) {
    const { code, message } = explained(thrown, options);
    if (options.isSupervised) tellSupervisor({ ready: false, code, message });
    throw thrown;
  }
}

function explained(thrown: unknown, { config }: RoleProcessOptions) {
  const { code: failure, port } = thrown as NodeJS.ErrnoException & { readonly port?: number };
  if (failure === "EADDRINUSE") {
    const { grpcPort, httpPort } = config.otlp;
    const variable =
      port === grpcPort ? "WEIR_OTLP_GRPC_PORT" : port === httpPort ? "WEIR_OTLP_HTTP_PORT" : "WEIR_PORT";
    return { code: "CONFLICT", message: portInUse(config.host, port ?? config.port, variable) } as const;
  }
  const error = asCodedError(thrown);
  return error.code === "INTERNAL" ? { code: error.code, message: `${(thrown as Error).message}` } : error;
}

export function portInUse(host: string, port: number, variable = "WEIR_PORT"): string {
  return `Port ${port} on ${host} is in use by another program. Stop that one, or set ${variable} to another port.`;
}

/** Resolves when this process is asked to end; a second ask ends it at once. */
function stopSignal(endsWithStdin: boolean): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs = 0;
    const ask = () => {
      if (askedAtMs !== 0 && performance.now() - askedAtMs > 500) process.exit(1);
      askedAtMs ||= performance.now();
      resolve();
    };
    process.on("SIGTERM", ask);
    process.on("SIGINT", ask);
    if (endsWithStdin) process.stdin.on("end", ask).on("error", ask).resume();
  });
}
