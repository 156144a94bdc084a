/**
 * What Weir costs while nothing happens: bytes written, growth of the data folder, CPU and memory of all processes.
 *
 *   node bench/idle.ts [--minutes 10] [--calls 200]
 *
 * A few calls come first, so that what idles is an install in use.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figuresOf } from "@weir/e2e/process-table.ts";
import { checkout, Program, Weir } from "@weir/e2e/weir-process.ts";
import { folderBytes } from "./folder-size.ts";
import { markdownTable } from "./tables.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, calls: { type: "string", default: "200" } },
});
const minutes = Number(values.minutes);
/** Merges and caches of the work before end within this. */
const settleMs = 60_000;

await using upstream = await Program.start("bench/instant-upstream.ts");
// As `npm start` does: what is compiled ahead need not be compiled, nor the compiler loaded, by any process.
const { ensureCompiled } = await import(join(checkout, "tools", "compile-cache.mjs"));
ensureCompiled();
const { compileCacheFolder } = await import(join(checkout, "tools", "paths.mjs"));
await using weir = await Weir.start({
  upstream: upstream.url,
  environment: { NODE_COMPILE_CACHE: compileCacheFolder },
});
for (let sent = 0; sent < Number(values.calls); sent++) await call();
console.log(`${values.calls} calls were made; settling for ${settleMs / 1000} s, then ${minutes} idle minutes.`);
await sleep(settleMs);

const processes = weir.processes();
const before = new Map(processes.map(({ pid }) => [pid, figuresOf([pid])]));
const bytesBefore = folderBytes(weir.dataDirectory);
await sleep(minutes * 60_000);

const rows = processes.map(({ pid, role }) => {
  const first = before.get(pid) ?? figuresOf([]);
  const last = figuresOf([pid]);
  return {
    role,
    writtenKb: (last.writtenBytes - first.writtenBytes) / 1024,
    cpuSeconds: last.cpuSeconds - first.cpuSeconds,
    residentMb: last.residentBytes / 2 ** 20,
    proportionalMb: last.proportionalBytes / 2 ** 20,
  };
});
const sum = (value: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + value(row), 0);
const all = {
  role: "all",
  writtenKb: sum((row) => row.writtenKb),
  cpuSeconds: sum((row) => row.cpuSeconds),
  residentMb: sum((row) => row.residentMb),
  proportionalMb: sum((row) => row.proportionalMb),
};
const cells = [...rows, all].map((row) => [
  row.role,
  row.writtenKb.toFixed(0),
  row.cpuSeconds.toFixed(2),
  ((row.cpuSeconds / (minutes * 60)) * 100).toFixed(2),
  row.residentMb.toFixed(0),
  row.proportionalMb.toFixed(0),
]);
const columns = ["KB written", "CPU s", "% of a core", "resident MB", "MB, shared pages counted once"];
console.log(markdownTable([`${minutes} idle minutes`, ...columns], cells));
const grownKb = (folderBytes(weir.dataDirectory) - bytesBefore) / 1024;
console.log(`The data folder grew by ${grownKb.toFixed(0)} KB, from ${(bytesBefore / 1024).toFixed(0)} KB.`);

async function call(): Promise<void> {
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-idle" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }),
  });
  await response.arrayBuffer();
}
