import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WeirConfig } from "./config-schema.ts";
import { openDataPaths, unusableFolder } from "./data-paths.ts";
import { failureText } from "./failure-text.ts";
import { readableLine } from "./logging/log-lines.ts";
import { returnMemoryOfTheStart } from "./processes/memory-of-the-start.ts";
import { v8Flags } from "./processes/v8-flags.ts";
import { supervise } from "./supervisor.ts";
import { createTelemetry } from "./telemetry.ts";

/**
 * Becomes the supervisor: this process starts its program anew with the checked configuration, so that what was
 * needed to read and check it does not stay in memory for as long as Weir runs.
 */
export function becomeSupervisor(config: WeirConfig, withDemo: boolean): Promise<void> {
  const file = handOverFile(config.dataDir);
  openDataPaths(config.dataDir);
  try {
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  } catch (cause) {
    throw unusableFolder(config.dataDir, cause);
  }
  const args = ["supervise", config.dataDir, ...(withDemo ? ["--demo"] : [])];
  if (process.execve !== undefined) {
    const main = join(import.meta.dirname, "main.ts");
    process.execve(process.execPath, [process.execPath, ...v8Flags, main, ...args], { ...process.env });
  }
  return runSupervisor(args.slice(1));
}

/** `supervise <data directory> [--demo]` */
export async function runSupervisor([dataDirectory = "", demo]: readonly string[]): Promise<void> {
  const file = handOverFile(dataDirectory);
  const config = JSON.parse(readFileSync(file, "utf8")) as WeirConfig;
  rmSync(file);
  const telemetry = createTelemetry({ processName: "supervisor", log: config.log });
  const isText = config.log.format === "text" || (config.log.format === "auto" && process.stdout.isTTY);
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  process.stdout.on("error", () => undefined);
  const { stop, kill } = stopSignals();
  returnMemoryOfTheStart();
  try {
    await supervise({
      config,
      telemetry,
      withDemo: demo === "--demo",
      onLine: (line) => print(isText ? readableLine(line, process.stdout.isTTY) : line),
      print,
      stop,
      kill,
    });
  } catch (thrown) {
    process.stderr.write(`${failureText(thrown)}\n`);
    process.exitCode = 1;
  }
}

/** Named by the pid, which stays the same. */
function handOverFile(dataDirectory: string): string {
  return join(dataDirectory, "run", `start.${process.pid}.json`);
}

/** The first signal stops in good order; one that comes later than half a second after it stops at once. */
function stopSignals(): { stop: AbortSignal; kill: AbortSignal } {
  const stop = new AbortController();
  const kill = new AbortController();
  let askedAtMs = 0;
  const ask = () => {
    // A terminal and npm both hand one Ctrl-C on.
    if (askedAtMs !== 0 && performance.now() - askedAtMs > 500) kill.abort();
    askedAtMs ||= performance.now();
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  return { stop: stop.signal, kill: kill.signal };
}
