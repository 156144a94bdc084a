import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isRunning } from "./processes/process-identity.ts";
import { runningProcesses } from "./processes/process-record.ts";

const folders: string[] = [];
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
  for (const folder of folders) {
    for (const { pid } of runningProcesses(join(folder, "run"))) process.kill(pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

function dataDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-supervisor-"));
  folders.push(folder);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function start(data: string, port: number): Started {
  const script = join(import.meta.dirname, "testdata", "fake-supervisor.ts");
  const child = spawn(process.execPath, [script, data, String(port)], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

async function until<Value>(what: string, look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (const startedMs = performance.now(); performance.now() - startedMs < 60_000; await sleep(20)) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
  }
  return assert.fail(`not ${what} in time`);
}

/** The pid of the gateway that answers. */
async function answering(port: number): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    return Number(await response.text());
  } catch {
    return undefined;
  }
}

const ready = ({ output }: Started) => until("ready", () => output().includes("Ctrl-C stops Weir") || undefined);

async function ended({ child }: Started): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

test("starts the roles, starts them again when they die, and stops them all", async () => {
  const data = dataDirectory();
  const port = await freePort();
  const supervisor = start(data, port);
  await ready(supervisor);
  assert.match(supervisor.output(), new RegExp(`http://127.0.0.1:${port}/ui/sign-in\\?token=t`));
  const roles = runningProcesses(join(data, "run")).map(({ role }) => role);
  assert.deepEqual(roles.sort(), ["core", "gateway", "ingest"]);
  const first = await until("answering", () => answering(port));
  process.kill(first, "SIGKILL");
  const second = await until("answered by another", async () => {
    const pid = await answering(port);
    return pid === first ? undefined : pid;
  });
  assert.ok(isRunning(identify(second)));
  supervisor.child.kill("SIGTERM");
  assert.equal(await ended(supervisor), 0);
  assert.deepEqual(runningProcesses(join(data, "run")), []);
});

test("a killed supervisor leaves the gateway at work, and the next one takes over from it", async () => {
  const data = dataDirectory();
  const port = await freePort();
  const first = start(data, port);
  await ready(first);
  const oldGateway = await until("answering", () => answering(port));
  first.child.kill("SIGKILL");
  await ended(first);
  await until(
    "without core",
    () => runningProcesses(join(data, "run")).every(({ role }) => role !== "core") || undefined,
  );
  assert.equal(await answering(port), oldGateway);

  const second = start(data, port);
  await ready(second);
  const newGateway = await until("taken over", async () => {
    const pid = await answering(port);
    return isRunning(identify(oldGateway)) || pid === oldGateway ? undefined : pid;
  });
  assert.notEqual(newGateway, oldGateway);
  assert.deepEqual(
    runningProcesses(join(data, "run"))
      .map(({ role }) => role)
      .sort(),
    ["core", "gateway", "ingest"],
  );
  second.child.kill("SIGTERM");
  assert.equal(await ended(second), 0);
});

test("a second one on the same data is refused, and the first goes on", async () => {
  const data = dataDirectory();
  const port = await freePort();
  const first = start(data, port);
  await ready(first);
  const second = start(data, await freePort());
  assert.equal(await ended(second), 1);
  assert.match(second.output(), new RegExp(`already runs on .* \\(process ${first.child.pid}\\)`));
  assert.ok((await answering(port)) !== undefined);
  first.child.kill("SIGTERM");
  assert.equal(await ended(first), 0);
});

test("a port that another program has is told in one sentence", async () => {
  const data = dataDirectory();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const supervisor = start(data, port);
  assert.equal(await ended(supervisor), 1);
  assert.match(supervisor.output(), new RegExp(`^Port ${port} on 127.0.0.1 is in use by another program`));
  other.close();
});

test("a record of a pid that is another's by now is no process of ours", async () => {
  const data = dataDirectory();
  const port = await freePort();
  const supervisor = start(data, port);
  await ready(supervisor);
  supervisor.child.kill("SIGTERM");
  await ended(supervisor);
  const record = { role: "gateway", index: 0, pid: process.pid, startTime: "1" };
  writeFileSync(join(data, "run", `gateway-0.${process.pid}.json`), JSON.stringify(record));
  assert.deepEqual(runningProcesses(join(data, "run")), []);
  assert.throws(() => readFileSync(join(data, "run", `gateway-0.${process.pid}.json`)));
});
