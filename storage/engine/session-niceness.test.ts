import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { test } from "node:test";
import { extendNicenessToSession } from "./session-niceness.ts";

const hasGroups = existsSync("/proc/self/autogroup");
const niceness = 7;

function startSleep(detached: boolean): ChildProcess & { readonly pid: number } {
  const child = spawn("sleep", ["60"], { detached, stdio: "ignore" });
  assert.ok(child.pid !== undefined);
  setPriority(child.pid, niceness);
  return child as ChildProcess & { readonly pid: number };
}

const nicenessOfSession = (pid: number) => Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "utf8"))?.[1]);

test("a session is as nice as the process that leads it", { skip: !hasGroups }, async () => {
  const child = startSleep(true);
  try {
    await extendNicenessToSession(child.pid);
    assert.equal(nicenessOfSession(child.pid), niceness);
  } finally {
    child.kill();
  }
});

test("the session of others stays as it is", { skip: !hasGroups }, async () => {
  const before = nicenessOfSession(process.pid);
  const child = startSleep(false);
  try {
    await extendNicenessToSession(child.pid);
    assert.equal(nicenessOfSession(child.pid), before);
    assert.equal(nicenessOfSession(process.pid), before);
  } finally {
    child.kill();
  }
});

test("a process that is gone is none of its business", async () => {
  const child = startSleep(true);
  const ended = new Promise((done) => child.once("exit", done));
  child.kill();
  await ended;
  await extendNicenessToSession(child.pid);
});
