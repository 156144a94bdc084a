import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, silentTelemetry } from "@weir/model";
import { type Engine, startEngine } from "./engine.ts";
import { koffiLauncher } from "./launcher.ts";
import { freeLoopbackPort } from "./port.ts";

const root = await mkdtemp(join(tmpdir(), "weir-engine-"));
after(() => rm(root, { recursive: true, force: true }));

async function optionsFor(name: string) {
  return {
    directory: join(root, name, "engine"),
    runDirectory: join(root, name, "run"),
    port: await freeLoopbackPort(),
    password: `secret <&> ${name}`,
    memoryLimitBytes: 1024 ** 3,
    telemetry: silentTelemetry,
  };
}

async function ask(engine: Engine, sql: string, user = engine.username, password = engine.password) {
  const response = await fetch(engine.url, {
    method: "POST",
    body: sql,
    headers: { "X-ClickHouse-User": user, "X-ClickHouse-Key": password },
  });
  return { status: response.status, text: (await response.text()).trim() };
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("answers with the password alone, within its limits", async () => {
  await using engine = await startEngine(await optionsFor("limits"));
  const limit = "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'";
  assert.deepEqual(await ask(engine, limit), { status: 200, text: String(1024 ** 3) });
  const refused: [sql: string, user: string, password: string, code: RegExp][] = [
    ["SELECT 1", "weir", "wrong", /AUTHENTICATION_FAILED/],
    ["SELECT * FROM system.tables", "default", "", /ACCESS_DENIED|QUOTA_EXCEEDED/],
    ["SYSTEM STOP LISTEN HTTP", "default", "", /QUOTA_EXCEEDED/],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')", "weir", engine.password, /ACCESS_DENIED/],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "weir", engine.password, /ACCESS_DENIED/],
    ["CREATE USER other", "weir", engine.password, /ACCESS_DENIED/],
  ];
  // The session's own statement uses up the quota of `default` just after the listener is up.
  await sleep(100);
  await ask(engine, "SELECT 1", "default", "");
  for (const [sql, user, password, code] of refused) {
    const answer = await ask(engine, sql, user, password);
    assert.notEqual(answer.status, 200, sql);
    assert.match(answer.text, code, sql);
  }
});

test("keeps its configuration to the user, and the password out of it", async () => {
  const options = await optionsFor("config");
  await using _engine = await startEngine(options);
  const file = join(options.runDirectory, "engine.xml");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(!(await readFile(file, "utf8")).includes("secret"));
});

test("a second engine on a directory is refused, the first goes on", async () => {
  const options = await optionsFor("twice");
  await using first = await startEngine(options);
  const second = {
    ...options,
    port: await freeLoopbackPort(),
    runDirectory: join(root, "twice", "run2"),
    directoryWaitMs: 0,
  };
  await assert.rejects(
    () => startEngine(second),
    (error) => error instanceof CodedError && error.code === "ENGINE_FAILED" && /has the data in/.test(error.message),
  );
  assert.equal((await ask(first, "SELECT 1")).text, "1");
});

test("a port in use is told", async () => {
  const options = await optionsFor("port");
  const server = createServer((_, response) => response.end("Ok.\n")).listen(options.port, "127.0.0.1");
  await once(server, "listening");
  await assert.rejects(
    () => startEngine(options),
    (error) => error instanceof CodedError && /port is in use/.test(error.message),
  );
  server.close();
});

test("data outlives a kill, and the next start waits for the one before", async () => {
  const options = await optionsFor("kill");
  const first = await startEngine(options);
  await ask(first, "CREATE DATABASE d ENGINE = Atomic");
  await ask(first, "CREATE TABLE d.t (a UInt8) ENGINE = MergeTree ORDER BY a");
  await ask(first, "INSERT INTO d.t VALUES (7)");
  process.kill(first.pid, "SIGKILL");
  await using second = await startEngine(options);
  assert.equal((await ask(second, "SELECT a FROM d.t")).text, "7");
  assert.deepEqual(await first.exited, { code: null, signal: "SIGKILL", asked: false });
});

test("dies with the process that started it", async () => {
  const options = await optionsFor("parent");
  const script = join(root, "parent.ts");
  const modulePath = JSON.stringify(join(import.meta.dirname, "engine.ts"));
  await writeFile(
    script,
    `import { startEngine } from ${modulePath};
     const engine = await startEngine({ ...${JSON.stringify(options)}, telemetry: { emit() {} } });
     console.log(engine.pid);
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  assert.ok(isAlive(pid));
  parent.kill("SIGKILL");
  for (let waited = 0; isAlive(pid) && waited < 60_000; waited += 20) await sleep(20);
  assert.ok(!isAlive(pid));
});

test("runs without the launcher program, by koffi", { skip: process.platform !== "linux" }, async () => {
  await using engine = await startEngine({ ...(await optionsFor("koffi")), launcher: koffiLauncher() });
  assert.equal((await ask(engine, "SELECT 6 * 7")).text, "42");
});

test("an engine that cannot start says why", async () => {
  const file = join(root, "broken");
  await writeFile(file, "#!/bin/sh\necho 'no such luck' >&2\nexit 4\n");
  await chmod(file, 0o755);
  const options = { ...(await optionsFor("broken-launcher")), launcher: { file, leadingArguments: [] } };
  await assert.rejects(() => startEngine(options), /ended at its start \(code 4\): no such luck/);
});
