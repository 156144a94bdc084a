import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type Telemetry } from "@weir/model";
import { storageEvents } from "../events.ts";
import { engineConfigXml } from "./config.ts";
import { forgetUnfinishedInserts } from "./deduplication-log.ts";
import { directoryOwner } from "./directory-owner.ts";
import { findLauncher, type LauncherCommand } from "./launcher.ts";
import { findEngineLibrary } from "./library.ts";
import { answersAs } from "./ready.ts";

export interface EngineOptions {
  /** Where the data is; made when missing. One engine at a time. */
  readonly directory: string;
  /** For the configuration file, and a launcher compiled on platforms that have none. */
  readonly runDirectory: string;
  /** The loopback port to answer on: see `freeLoopbackPort`. The same over restarts, so that clients keep theirs. */
  readonly port: number;
  readonly password: string;
  readonly memoryLimitBytes: number;
  readonly telemetry: Telemetry;
  /** How long a start may take before it is given up; reading many parts from a cold disk takes its time. */
  readonly readyTimeoutMs?: number;
  /** How long a killed predecessor may take to let go of the directory. */
  readonly directoryWaitMs?: number;
  /** Instead of the one found for this platform. */
  readonly launcher?: LauncherCommand;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it ended because it was disposed of. */
  readonly asked: boolean;
}

/**
 * A ClickHouse of our own, in a child process that ends with this one however that ends. Disposing ends it: SIGTERM,
 * and SIGKILL five seconds later; both are safe for the data.
 */
export interface Engine extends AsyncDisposable {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly pid: number;
  /** From the spawn to the first answer. */
  readonly readyMs: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<EngineExit>;
  /** Calls back once, when the process ends. */
  onExit(listener: (exit: EngineExit) => void): void;
}

const username = "weir";
const stopGraceMs = 5000;
const pollMs = 10;
const directoryPollMs = 50;

/**
 * Starts the engine and resolves once it answers. Rejects with ENGINE_UNSUPPORTED where it cannot run at all, and with
 * ENGINE_FAILED when it ended or stayed silent: its own words are the cause.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const library = findEngineLibrary();
  const launcher = options.launcher ?? (await findLauncher(options.runDirectory));
  if (launcher.leadingArguments.length > 0) options.telemetry.emit(storageEvents.engineWithoutLauncher);
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const giveUpOnDirectoryAt = performance.now() + (options.directoryWaitMs ?? 5000);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await repair(directory, options.telemetry);
      return await startOnce({ ...options, directory }, launcher, library);
    } catch (error) {
      if (!(error instanceof DirectoryBusy)) throw error;
      if (performance.now() > giveUpOnDirectoryAt) throw busyError(directory, error);
      if (attempt === 0) options.telemetry.emit(storageEvents.engineDirectoryBusy, { directory });
      await sleep(directoryPollMs);
    }
  }
}

async function repair(directory: string, telemetry: Telemetry): Promise<void> {
  const owner = await directoryOwner(directory);
  if (owner !== undefined) throw new DirectoryBusy(`process ${owner} runs on it`);
  const inserts = await forgetUnfinishedInserts(directory);
  if (inserts > 0) telemetry.emit(storageEvents.unfinishedInsertsForgotten, { inserts });
}

async function startOnce(options: EngineOptions, launcher: LauncherCommand, library: string): Promise<Engine> {
  const startId = randomUUID();
  const configFile = await writeConfig(options, startId);
  const startedAt = performance.now();
  const child = spawn(launcher.file, [...launcher.leadingArguments, ...engineArguments(library, configFile, options)], {
    cwd: options.directory,
    env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" },
    stdio: ["ignore", "ignore", "pipe"],
    // Ctrl-C in the terminal is for the supervisor: the engine goes last, when the journals are drained.
    detached: true,
  });
  const process_ = new EngineProcess(child, options, startedAt);
  await process_.waitUntilReady(startId, options.readyTimeoutMs ?? 60_000);
  return process_;
}

/** The last statement never ends: the process lives as long as it runs. */
const foreverSql = `SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0 FORMAT Null`;

function engineArguments(library: string, configFile: string, options: EngineOptions): string[] {
  const path = ["--config-file", configFile, "--path", options.directory];
  return [library, String(process.pid), "clickhouse", ...path, "--query", foreverSql];
}

async function writeConfig(options: EngineOptions, startId: string): Promise<string> {
  const { port, password, memoryLimitBytes, directory } = options;
  await mkdir(options.runDirectory, { recursive: true, mode: 0o700 });
  const file = join(resolve(options.runDirectory), "engine.xml");
  const text = engineConfigXml({ directory, file, port, username, password, memoryLimitBytes, startId });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return file;
}

class EngineProcess implements Engine {
  readonly url: string;
  readonly username = username;
  readonly password: string;
  readonly exited: Promise<EngineExit>;
  readyMs = 0;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #startedAt: number;
  readonly #telemetry: Telemetry;
  #words = "";
  #asked = false;

  constructor(child: ChildProcess, options: EngineOptions, startedAt: number) {
    this.url = `http://127.0.0.1:${options.port}`;
    this.password = options.password;
    this.#child = child;
    this.#directory = options.directory;
    this.#startedAt = startedAt;
    this.#telemetry = options.telemetry;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-4096);
    });
    this.exited = new Promise((done) => {
      child.once("error", (error) => {
        this.#words += error.message;
        if (child.pid === undefined) done({ code: null, signal: null, asked: this.#asked });
      });
      child.once("close", (code, signal) => done({ code, signal, asked: this.#asked }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  onExit(listener: (exit: EngineExit) => void): void {
    void this.exited.then(listener);
  }

  async waitUntilReady(startId: string, timeoutMs: number): Promise<void> {
    await this.#preferToKill();
    let exit: EngineExit | undefined;
    this.onExit((ended) => {
      exit = ended;
    });
    while (!(await answersAs(this, startId))) {
      if (exit) throw this.#failure(exit);
      if (performance.now() - this.#startedAt > timeoutMs) {
        await this[Symbol.asyncDispose]();
        throw new CodedError("ENGINE_FAILED", `The embedded engine did not answer within ${timeoutMs / 1000} s.`);
      }
      await sleep(pollMs);
    }
    this.readyMs = performance.now() - this.#startedAt;
    this.#telemetry.emit(storageEvents.engineReady, { pid: this.pid, ready_ms: Math.round(this.readyMs) });
    this.onExit((ended) => this.#report(ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asked = true;
    this.#child.kill("SIGTERM");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), stopGraceMs);
    await this.exited;
    clearTimeout(kill);
  }

  #report(exit: EngineExit): void {
    if (exit.asked) return;
    const { code, signal } = exit;
    const error = firstLine(this.#words);
    this.#telemetry.emit(storageEvents.engineExited, { code: code ?? undefined, signal: signal ?? undefined, error });
  }

  /** When the machine is out of memory, the kernel should end the engine before the gateway: it loses nothing. */
  async #preferToKill(): Promise<void> {
    if (process.platform !== "linux") return;
    await writeFile(`/proc/${this.pid}/oom_score_adj`, "500").catch(() => {});
  }

  #failure(exit: EngineExit): Error {
    const words = this.#words.trim();
    if (/Another server instance in same directory|Code: 76\b/.test(words)) return new DirectoryBusy(words);
    const ended = exit.signal === null ? `code ${exit.code}` : exit.signal;
    return new CodedError("ENGINE_FAILED", `The embedded engine ended at its start (${ended}): ${explain(words)}`, {
      cause: new Error(`${words}\nin ${this.#directory}`),
    });
  }
}

function explain(words: string): string {
  if (/Address already in use|Code: 210\b/.test(words)) return "its port is in use by another process.";
  return firstLine(words) || "it gave no reason.";
}

const firstLine = (text: string) => text.trim().split("\n", 1)[0]?.slice(0, 400) ?? "";

class DirectoryBusy extends Error {}

function busyError(directory: string, cause: unknown): CodedError {
  return new CodedError(
    "ENGINE_FAILED",
    `Another process has the data in ${directory} open; stop it, or choose another WEIR_DATA_DIR.`,
    { cause },
  );
}
