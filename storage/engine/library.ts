import { createRequire } from "node:module";
import { CodedError } from "@weir/model";

/** What the engine's libraries are built for. */
const supportedTargets = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] as const;
export type EngineTarget = (typeof supportedTargets)[number];

/** What must be known of a machine to say whether the engine runs there. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Whether Linux has glibc; the library does not run with musl (Alpine). */
  readonly hasGlibc: boolean;
}

/** This machine's target. Throws ENGINE_UNSUPPORTED, in one sentence, where no library exists. */
export function engineTarget(machine: Machine = thisMachine()): EngineTarget {
  const target = `${machine.platform}-${machine.arch}` as EngineTarget;
  if (!supportedTargets.includes(target)) throw unsupported(`on ${target}`);
  if (machine.platform === "linux" && !machine.hasGlibc) throw unsupported("on Linux without glibc (Alpine, musl)");
  return target;
}

/**
 * The path of libchdb, looked up as Node would for the package `chdb`, which depends on it. Throws
 * ENGINE_UNSUPPORTED when the optional package was not installed.
 */
export function findEngineLibrary(machine: Machine = thisMachine()): string {
  const target = engineTarget(machine);
  const packageName = `@chdb/lib-${target}${machine.platform === "linux" ? "-gnu" : ""}`;
  const fromHere = createRequire(import.meta.url);
  try {
    return createRequire(fromHere.resolve("chdb")).resolve(`${packageName}/libchdb.so`);
  } catch (error) {
    throw new CodedError(
      "ENGINE_UNSUPPORTED",
      `The embedded engine's package ${packageName} is not installed; install with optional dependencies, or set WEIR_CLICKHOUSE_URL.`,
      { cause: error },
    );
  }
}

function unsupported(where: string): CodedError {
  return new CodedError(
    "ENGINE_UNSUPPORTED",
    `The embedded engine does not run ${where}; set WEIR_CLICKHOUSE_URL to a ClickHouse server.`,
  );
}

function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, hasGlibc: process.platform !== "linux" || hasGlibc() };
}

function hasGlibc(): boolean {
  // Else the report looks up the names of every open connection.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
