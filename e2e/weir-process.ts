import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { isAlive, type ProcessEntry, processesMarked } from "./process-table.ts";

export const checkout = resolve(import.meta.dirname, "..");

export interface WeirOptions {
  /** More environment, or other values than the harness's own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  /** Where providers' calls go: every one of them moves there. */
  readonly upstream?: string;
  /** Kept at the end when given; else a temporary folder, removed at the end. */
  readonly dataDirectory?: string;
  /** Another checkout than this one. */
  readonly checkout?: string;
  readonly readyWithinMs?: number;
}

/** What a process of Weir is for. */
export type Role = "supervisor" | "gateway" | "ingest" | "core" | "engine" | "other";

const roles: readonly Role[] = ["gateway", "ingest", "core"];

export interface WeirProcess extends ProcessEntry {
  readonly role: Role;
}

const movedProviders = ["openai", "anthropic", "groq", "mistral", "deepseek"];
const marker = "WEIR_E2E_RUN";

/**
 * A Weir of real processes on free ports, started as a user starts it. Disposing stops it and fails when a process of
 * it is left.
 */
export class Weir implements AsyncDisposable {
  readonly url: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly apiKey = "e2e-init-key-0123456789";
  readonly dataDirectory: string;
  readonly #options: WeirOptions;
  readonly #run = randomUUID();
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(options: WeirOptions, ports: readonly [number, number, number]) {
    this.#options = options;
    const scheme = options.environment?.["WEIR_TLS_CERT_FILE"] === undefined ? "http" : "https";
    this.url = `${scheme}://127.0.0.1:${ports[0]}`;
    this.otlpGrpcUrl = `${scheme}://127.0.0.1:${ports[1]}`;
    this.otlpHttpUrl = `${scheme}://127.0.0.1:${ports[2]}`;
    this.dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), "weir-e2e-"));
    const upstreams = movedProviders.map((id) => [`WEIR_${id.toUpperCase()}_BASE_URL`, options.upstream ?? ""]);
    this.#environment = {
      ...cleanEnvironment(),
      WEIR_PORT: String(ports[0]),
      WEIR_OTLP_GRPC_PORT: String(ports[1]),
      WEIR_OTLP_HTTP_PORT: String(ports[2]),
      WEIR_DATA_DIR: this.dataDirectory,
      WEIR_INIT_API_KEY: this.apiKey,
      ...(options.upstream === undefined ? {} : Object.fromEntries(upstreams)),
      [marker]: this.#run,
      ...options.environment,
    };
  }

  /** Starts Weir and waits until every part is ready. */
  static async start(options: WeirOptions = {}): Promise<Weir> {
    const weir = await Weir.launch(options);
    try {
      await weir.ready();
    } catch (error) {
      await weir.killAll();
      throw error;
    }
    return weir;
  }

  /** Starts Weir and does not wait. */
  static async launch(options: WeirOptions = {}): Promise<Weir> {
    const weir = new Weir(options, [await freePort(), await freePort(), await freePort()]);
    weir.startAgain();
    return weir;
  }

  /** Starts the supervisor, over the same data and ports as before. */
  startAgain(): void {
    const script = join(this.#options.checkout ?? checkout, "tools", "start.mjs");
    const child = spawn(process.execPath, [script, ...(this.#options.arguments ?? [])], {
      cwd: this.#options.checkout ?? checkout,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-2_000_000);
      });
    }
    this.#child = child;
  }

  /** What it printed. */
  get output(): string {
    return this.#output;
  }

  /** The supervisor's. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("Weir is not started.");
    return pid;
  }

  /** The code it ended with; undefined while it runs. */
  get exitCode(): number | null | undefined {
    return this.#child?.signalCode === null ? (this.#child.exitCode ?? undefined) : null;
  }

  async ready(): Promise<void> {
    const withinMs = this.#options.readyWithinMs ?? 180_000;
    await this.until("ready", withinMs, async () => {
      if (this.exitCode !== undefined) throw new Error(`Weir ended with ${this.exitCode}:\n${this.#output}`);
      const response = await fetch(`${this.url}/ready`, { signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      return response.ok;
    });
  }

  /** Asks again and again until `isTrue` says so; failing requests count as "not yet". */
  async until(what: string, withinMs: number, isTrue: () => Promise<boolean> | boolean, everyMs = 25): Promise<number> {
    const startedMs = performance.now();
    let last: unknown;
    while (performance.now() - startedMs < withinMs) {
      try {
        if (await isTrue()) return performance.now() - startedMs;
      } catch (error) {
        last = error;
        if (this.exitCode !== undefined) break;
      }
      await sleep(everyMs);
    }
    const cause = last instanceof Error ? `${last.message} ` : "";
    throw new Error(`Not ${what} within ${withinMs} ms. ${cause}Weir's output:\n${this.#output.slice(-6000)}`);
  }

  /** What `weir` on this machine uses: the key of the machine's owner. */
  ownerKey(): string {
    return readFileSync(join(this.dataDirectory, "run", "cli.key"), "utf8");
  }

  /** A request to the API with the first key. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${this.apiKey}`);
    return fetch(`${this.url}${path}`, { ...init, headers });
  }

  /** The JSON of an answer of the API; throws with the answer's text when it is not a success. */
  async json<Body>(path: string, init: RequestInit = {}): Promise<Body> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method ?? "GET"} ${path} answered ${response.status}: ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as Body;
  }

  post<Body>(path: string, body: unknown): Promise<Body> {
    return this.json<Body>(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** Every process of this Weir, orphans included. */
  processes(): WeirProcess[] {
    const supervisor = this.#child?.pid;
    return processesMarked(marker, this.#run, this.dataDirectory).map((entry) => ({
      ...entry,
      role: this.#roleOf(entry, supervisor),
    }));
  }

  pidsOf(role: Role): number[] {
    return this.processes()
      .filter((entry) => entry.role === role)
      .map((entry) => entry.pid);
  }

  #roleOf(entry: ProcessEntry, supervisor: number | undefined): Role {
    if (entry.pid === supervisor) return "supervisor";
    const command = entry.commandLine.join(" ");
    if (command.includes("server/main.ts")) {
      return roles.find((role) => entry.commandLine.includes(role)) ?? "other";
    }
    return /engine|chdb|clickhouse/.test(command) ? "engine" : "other";
  }

  /** Ends it as `kill` does, and waits. The exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM", withinMs = 60_000): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && this.exitCode === undefined) {
      child.kill(signal);
      await this.until("stopped", withinMs, () => child.exitCode !== null || child.signalCode !== null);
    }
    return child?.exitCode ?? null;
  }

  /** Kills every process of it at once. */
  async killAll(): Promise<void> {
    for (const { pid } of this.processes()) kill(pid);
    await this.until("gone", 60_000, () => this.processes().every(({ pid }) => !isAlive(pid)));
  }

  /** Processes that outlived the supervisor, after a moment to end. */
  async leftOver(withinMs = 60_000): Promise<WeirProcess[]> {
    const startedMs = performance.now();
    while (performance.now() - startedMs < withinMs && this.processes().length > 0) await sleep(50);
    return this.processes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      const left = await this.leftOver();
      for (const { pid } of left) kill(pid);
      if (this.#options.dataDirectory === undefined) rmSync(this.dataDirectory, { recursive: true, force: true });
      if (left.length > 0) {
        const names = left.map(({ pid, commandLine }) => `${pid} ${commandLine.join(" ")}`);
        // biome-ignore lint/correctness/noUnsafeFinally: a process that is left is a failure of its own.
        throw new Error(`Weir left processes behind:\n${names.join("\n")}\n${this.#output.slice(-4000)}`);
      }
    }
  }
}

export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** Our environment without anybody's Weir settings and without the test runner's own. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^WEIR_|^OTEL_|^NODE_TEST_CONTEXT$/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** A program of this checkout that prints its address when it listens, such as the demo's mock provider. */
export class Program implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(script: string, ...args: readonly string[]): Promise<Program> {
    const file = join(checkout, script);
    if (!existsSync(file)) throw new Error(`There is no ${file}.`);
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const url = await new Promise<string>((found, fail) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const url = /http:\/\/\S+/.exec(text)?.[0];
        if (url !== undefined) found(url);
      });
      child.once("exit", (code) => fail(new Error(`${script} ended with ${code}.`)));
    });
    return new Program(child, url);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill("SIGTERM");
    await ended;
  }
}
