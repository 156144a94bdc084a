import { execFile } from "node:child_process";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CodedError } from "@weir/model";
import { engineTarget } from "./library.ts";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const sourceFile = join(here, "launcher.c");

/** The program that loads the engine's library, and the arguments that come before the library's path. */
export interface LauncherCommand {
  readonly file: string;
  readonly leadingArguments: readonly string[];
}

/** Where the committed launcher for this machine is: the Linux ones are built ahead by `compileLauncher`. */
export function committedLauncher(target: string): string {
  return join(here, "bin", `launcher-${target}`);
}

const sharedFlags = ["-Os", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fno-ident"];
const linuxFlags = ["-fPIE", "-pie", "-nostartfiles", "-fno-stack-protector", "-fno-asynchronous-unwind-tables"];
/** libdl is named although new glibc has it inside libc: an old one finds dlopen nowhere else. */
const linuxLinkerFlags = ["-s", "-Wl,--build-id=none,-z,norelro,-z,now,-z,noexecstack,--no-as-needed", "-l:libdl.so.2"];

/** The compilers to try: those of this machine, or the named cross compiler. */
export const hostCompilers = ["cc", "gcc", "clang"] as const;

/**
 * Compiles the launcher from its source into `output`. Rejects with ENGINE_UNSUPPORTED when no compiler works; the
 * message names the last compiler's complaint. The same compiler gives the same bytes each time.
 */
export async function compileLauncher(output: string, compilers: readonly string[] = hostCompilers): Promise<void> {
  await mkdir(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}`;
  const isLinux = process.platform === "linux";
  const flags = isLinux ? [...sharedFlags, ...linuxFlags] : sharedFlags;
  const linking = isLinux ? linuxLinkerFlags : [];
  let complaint: unknown;
  for (const compiler of compilers) {
    try {
      await run(compiler, [...flags, sourceFile, "-o", temporary, ...linking]);
      return await rename(temporary, output);
    } catch (error) {
      complaint = error;
      await rm(temporary, { force: true });
    }
  }
  throw new CodedError(
    "ENGINE_UNSUPPORTED",
    "The embedded engine needs a C compiler on this platform (macOS: xcode-select --install); or set WEIR_CLICKHOUSE_URL.",
    { cause: complaint },
  );
}

/**
 * How to launch the engine here: the committed program, else one compiled into `buildDirectory` once, else (Linux
 * alone) Node itself with koffi, which is slower to start and heavier.
 */
export async function findLauncher(buildDirectory: string): Promise<LauncherCommand> {
  const target = engineTarget();
  const built = join(buildDirectory, `launcher-${target}`);
  for (const file of [committedLauncher(target), built]) if (await canRun(file)) return direct(file);
  try {
    await compileLauncher(built);
    if (await canRun(built)) return direct(built);
  } catch (error) {
    if (process.platform !== "linux") throw error;
  }
  return koffiLauncher();
}

/** Node as the launcher, for a Linux without our binary, or with one on a disk that forbids to run it. */
export function koffiLauncher(): LauncherCommand {
  return { file: process.execPath, leadingArguments: [join(here, "koffi-launcher.ts")] };
}

const direct = (file: string): LauncherCommand => ({ file, leadingArguments: [] });

/** Runs it without arguments: a launcher says how to call it, and exits with 2. Refused on a noexec disk. */
async function canRun(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    await run(file, []);
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === 2;
  }
}
