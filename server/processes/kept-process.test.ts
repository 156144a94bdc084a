import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentTelemetry } from "@weir/model";
import { type KeptProcessOptions, keepProcess } from "./kept-process.ts";
import { RestartPause } from "./restart-pause.ts";

const pause = { firstMs: 5, lastMs: 20, settledMs: 60_000 };

function options(script: string, more: Partial<KeptProcessOptions> = {}): KeptProcessOptions {
  return {
    name: "fake-0",
    file: process.execPath,
    args: ["-e", script],
    environment: process.env,
    telemetry: silentTelemetry,
    onLine: () => undefined,
    pause,
    ...more,
  };
}

test("pauses grow with short lives and start afresh after a long one", () => {
  const restart = new RestartPause({ firstMs: 100, lastMs: 1000, settledMs: 30_000 });
  assert.deepEqual(
    [10, 10, 10, 10, 10, 60_000, 10].map((livedMs) => restart.next(livedMs)),
    [100, 200, 400, 800, 1000, 100, 200],
  );
});

test("is ready with what it announces, and hands its lines on", async () => {
  const lines: string[] = [];
  const script = `console.log("one\\ntwo"); console.error("three");
    require("fs").writeSync(3, JSON.stringify({ ready: true, announcement: { key: "v" } }) + "\\n");
    setInterval(() => {}, 1000)`;
  await using kept = keepProcess(options(script, { tellsReadiness: true, onLine: (line) => void lines.push(line) }));
  assert.deepEqual(await kept.firstReady, { key: "v" });
  while (lines.length < 3) await sleep(5);
  assert.deepEqual(lines.sort(), ["one", "three", "two"]);
});

for (const [what, script, wanted] of [
  [
    "says why it cannot start",
    `require("fs").writeSync(3, JSON.stringify({ ready: false, code: "CONFLICT", message: "The port is taken." }) + "\\n")`,
    /^The port is taken\.$/,
  ],
  ["dies before it is ready", "process.exit(7)", /ended at its start: exit code 7/],
] as const) {
  test(`a process that ${what} fails the start and is not started again`, async () => {
    let starts = 0;
    await using kept = keepProcess(options(script, { tellsReadiness: true, onStart: () => void starts++ }));
    await assert.rejects(kept.firstReady, { message: wanted });
    await sleep(60);
    assert.equal(starts, 1);
  });
}

test("is started again when it ends, until it is stopped", async () => {
  const pids: number[] = [];
  const kept = keepProcess(options("setInterval(() => {}, 1000)", { onStart: (pid) => void pids.push(pid) }));
  await kept.firstReady;
  process.kill(pids[0]!, "SIGKILL");
  while (pids.length < 2) await sleep(5);
  assert.equal(kept.restarts, 1);
  await kept.stop(5000);
  await sleep(50);
  assert.equal(pids.length, 2);
  assert.throws(() => process.kill(pids[1]!, 0));
});

test("one that does not end when asked is killed at the deadline", async () => {
  const script = `process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)`;
  const { promise: up, resolve } = Promise.withResolvers<void>();
  const kept = keepProcess(options(script, { onLine: () => resolve() }));
  await up;
  await kept.stop(100);
  assert.equal(kept.pid, undefined);
});
