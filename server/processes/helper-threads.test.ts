import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const script = `
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { letHelperThreadsYield } from ${JSON.stringify(new URL("./helper-threads.ts", import.meta.url).href)};
await readFile("/proc/self/stat");
const nicenessOf = (id) => {
  try {
    return [[id, getPriority(Number(id))]];
  } catch {
    return []; // It has ended meanwhile.
  }
};
const niceness = () => Object.fromEntries(readdirSync("/proc/self/task").flatMap(nicenessOf));
const before = niceness();
letHelperThreadsYield();
console.log(JSON.stringify({ pid: process.pid, before, after: niceness() }));
`;

test("every thread but the main one becomes nice", { skip: process.platform !== "linux" }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  const { pid, before, after } = JSON.parse(stdout) as Record<"before" | "after", Record<string, number>> & {
    pid: number;
  };
  const helpers = Object.keys(before).filter((thread) => thread !== String(pid) && thread in after);
  assert.ok(helpers.length > 0, "threads of libuv and V8");
  assert.equal(after[pid], before[pid]);
  for (const thread of helpers) assert.equal(after[thread], Math.max(2, before[thread] ?? 0));
});
