import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { kill } from "./weir-process.ts";

/** The newest of Debian's installations; undefined when there is none. */
export function postgresBinaries(): string | undefined {
  const version = (folder: string) => Number(/postgresql\/(\d+)/.exec(folder)?.[1] ?? 0);
  const found = globSync("/usr/lib/postgresql/*/bin").filter((folder) => existsSync(join(folder, "initdb")));
  return found.sort((one, other) => version(other) - version(one))[0];
}

/** A PostgreSQL server that can be killed, and started again on what it left. */
export class PostgresServer implements AsyncDisposable {
  readonly #binaries: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "weir-e2e-postgres-"));
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(binaries: string, port: number) {
    this.#binaries = binaries;
    this.#port = port;
  }

  static async start(binaries: string): Promise<PostgresServer> {
    const server = new PostgresServer(binaries, await freePort());
    if (isRoot) execFileSync("chown", ["postgres", server.#folder]);
    server.#run("initdb", "-D", server.#data, "-U", "weir", "--auth=trust", "--no-sync", "-E", "UTF8");
    await server.startAgain();
    return server;
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  /** The address of a new, empty database. */
  newDatabase(name: string): string {
    this.ask("postgres", `CREATE DATABASE ${name}`);
    return `postgres://weir@127.0.0.1:${this.#port}/${name}`;
  }

  /** One value, as psql prints it. */
  ask(database: string, sql: string): string {
    const place = ["-h", "127.0.0.1", "-p", String(this.#port), "-U", "weir", "-d", database];
    return execFileSync(join(this.#binaries, "psql"), [...place, "-X", "-A", "-t", "-c", sql], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  /** kill -9 of the postmaster: its children end when they notice. */
  killServer(): void {
    kill(this.#pid());
  }

  /** kill -9 of a process that serves a connection: the server ends all others, recovers and goes on. */
  killBackend(database: string): void {
    const sql = `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid() LIMIT 1`;
    const pid = Number(this.ask("postgres", sql));
    if (pid > 0) kill(pid);
  }

  /** Resolves when it answers. After a kill it may have to wait for the children of its former life. */
  async startAgain(): Promise<void> {
    const options = ["-D", this.#data, "-k", this.#folder, "-p", String(this.#port)];
    const settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
    const deadline = performance.now() + 60_000;
    while (performance.now() < deadline) {
      if (this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) {
        const [command = "", ...parameters] = this.#asPostgres("postgres", ...options, ...settings);
        this.#process = spawn(command, parameters, { cwd: this.#folder, stdio: "ignore" });
      }
      await sleep(200);
      if (this.#answers()) return;
    }
    throw new Error("PostgreSQL does not start again.");
  }

  #answers(): boolean {
    try {
      return this.ask("postgres", "SELECT 1") === "1";
    } catch {
      return false;
    }
  }

  #pid(): number {
    return Number(readFileSync(join(this.#data, "postmaster.pid"), "utf8").split("\n", 1)[0]);
  }

  #run(program: string, ...parameters: readonly string[]): void {
    const [command = "", ...rest] = this.#asPostgres(program, ...parameters);
    execFileSync(command, rest, { cwd: this.#folder, stdio: "pipe" });
  }

  /** PostgreSQL refuses to run as root. */
  #asPostgres(program: string, ...parameters: readonly string[]): readonly string[] {
    const command = [join(this.#binaries, program), ...parameters];
    return isRoot ? ["runuser", "-u", "postgres", "--", ...command] : command;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#answers()) this.#run("pg_ctl", "-D", this.#data, "-m", "immediate", "stop");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const isRoot = process.getuid?.() === 0;
