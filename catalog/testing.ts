import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

/** A PostgreSQL server for tests, and empty databases in it. */
export interface TestPostgres extends AsyncDisposable {
  /** The address of a new, empty database. */
  newDatabase(): Promise<string>;
}

/** What to do when `findPostgres` finds nothing. */
export const postgresMissing =
  "no PostgreSQL here: install one (apt-get install postgresql) or set WEIR_TEST_POSTGRES_URL to a server where databases may be created";

export type PostgresPlace = { readonly url: string } | { readonly binaries: string };

/** WEIR_TEST_POSTGRES_URL, or the newest of Debian's installations; undefined when there is neither. */
export function findPostgres(): PostgresPlace | undefined {
  const url = process.env["WEIR_TEST_POSTGRES_URL"];
  if (url !== undefined && url !== "") return { url };
  const found = globSync("/usr/lib/postgresql/*/bin").filter((folder) => existsSync(join(folder, "initdb")));
  const binaries = found.sort((one, other) => majorOf(other) - majorOf(one))[0];
  return binaries === undefined ? undefined : { binaries };
}

function majorOf(folder: string): number {
  return Number(/postgresql\/(\d+)/.exec(folder)?.[1] ?? 0);
}

export async function startTestPostgres(place: PostgresPlace): Promise<TestPostgres> {
  if ("url" in place) return databasesOf(place.url, async () => undefined);
  const folder = mkdtempSync(join(tmpdir(), "weir-postgres-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync("chown", ["postgres", folder]);
  const data = join(folder, "data");
  const initdb = [join(place.binaries, "initdb"), "-D", data, "-U", "weir", "--auth=trust", "--no-sync", "-E", "UTF8"];
  run(asPostgres(isRoot, initdb), folder);
  const port = await freePort();
  const options = ["-D", data, "-k", folder, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
  const [command = "", ...parameters] = asPostgres(isRoot, [join(place.binaries, "postgres"), ...options]);
  const server = spawn(command, parameters, { cwd: folder, stdio: "ignore" });
  const url = `postgres://weir@127.0.0.1:${port}/postgres`;
  const stop = () =>
    stopServer(
      server,
      folder,
      isRoot ? () => run(asPostgres(true, stopCommand(place.binaries, data)), folder) : undefined,
    );
  try {
    await answers(url);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return databasesOf(url, stop);
}

/** PostgreSQL refuses to run as root. */
function asPostgres(isRoot: boolean, command: readonly string[]): readonly string[] {
  return isRoot ? ["runuser", "-u", "postgres", "--", ...command] : command;
}

function stopCommand(binaries: string, data: string): readonly string[] {
  return [join(binaries, "pg_ctl"), "-D", data, "-m", "immediate", "stop"];
}

function run([command = "", ...parameters]: readonly string[], cwd: string): void {
  execFileSync(command, parameters, { cwd, stdio: "pipe" });
}

async function stopServer(
  server: ChildProcess,
  folder: string,
  stopAsPostgres: (() => void) | undefined,
): Promise<void> {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  if (server.exitCode === null) {
    if (stopAsPostgres === undefined) server.kill("SIGQUIT");
    else stopAsPostgres();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port.");
  return address.port;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await withClient(url, async () => undefined);
    } catch (thrown) {
      if (attempt === 100) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function databasesOf(url: string, stop: () => Promise<unknown>): TestPostgres {
  const names: string[] = [];
  return {
    async newDatabase() {
      const name = `weir_test_${randomBytes(6).toString("hex")}`;
      await withClient(url, (client) => client.query(`CREATE DATABASE ${name}`));
      names.push(name);
      const address = new URL(url);
      address.pathname = `/${name}`;
      return address.href;
    },
    async [Symbol.asyncDispose]() {
      await withClient(url, async (client) => {
        for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      });
      await stop();
    },
  };
}
