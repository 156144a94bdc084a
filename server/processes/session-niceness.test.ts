import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setSessionNiceness } from "./session-niceness.ts";

const hasGroups = existsSync("/proc/self/autogroup");
const niceness = 7;

function startSleep(detached: boolean): ChildProcess & { readonly pid: number } {
  const child = spawn("sleep", ["60"], { detached, stdio: "ignore" });
  assert.ok(child.pid !== undefined);
  return child as ChildProcess & { readonly pid: number };
}

const nicenessOf = (pid: number) => Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "utf8"))?.[1]);

test("a session is as nice as was asked", { skip: !hasGroups }, async () => {
  const child = startSleep(true);
  try {
    await setSessionNiceness(child.pid, niceness);
    assert.equal(nicenessOf(child.pid), niceness);
  } finally {
    child.kill();
  }
});

test("the session of others stays as it is", { skip: !hasGroups }, async () => {
  const before = nicenessOf(process.pid);
  const child = startSleep(false);
  try {
    await setSessionNiceness(child.pid, before === niceness ? niceness + 1 : niceness);
    assert.equal(nicenessOf(process.pid), before);
  } finally {
    child.kill();
  }
});

test("a process that is gone is nobody's", async () => {
  const child = startSleep(true);
  const ended = once(child, "exit");
  child.kill();
  await ended;
  await setSessionNiceness(child.pid, niceness);
});
