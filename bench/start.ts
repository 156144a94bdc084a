/**
 * From a clean clone to the first call that can be seen.
 *
 *   node bench/start.ts [--runs 1] [--cold]
 *
 * Clones the checkout's last commit, runs `npm start` in it with the system's own Node, makes one call through the
 * gateway as soon as it answers, and looks for it in the API. With `--cold` npm's cache is empty and what is
 * downloaded is counted. Then the same again in the installed clone, over new data: our own start.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "@weir/e2e/free-port.ts";
import { processesMarked } from "@weir/e2e/process-table.ts";
import { checkout, Program } from "@weir/e2e/weir-process.ts";
import { folderBytes } from "./folder-size.ts";
import { median } from "./quantiles.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "1" }, cold: { type: "boolean", default: false } },
});
const apiKey = "bench-start-key-0123";
const giveUpMs = 600_000;

await using upstream = await Program.start("bench/instant-upstream.ts");
const folder = mkdtempSync(join(tmpdir(), "weir-bench-start-"));
try {
  const clone = join(folder, "weir");
  const cache = join(folder, "npm-cache");
  execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${checkout}`, clone]);
  const first = await timeStart(clone, values.cold ? { npm_config_cache: cache } : {});
  console.log(
    `clean clone, ${values.cold ? "empty" : "warm"} npm cache: ${seconds(first.visibleMs)} from npm start to the first call visible`,
  );
  if (values.cold) console.log(`npm's cache afterwards: ${(folderBytes(cache) / 1e6).toFixed(0)} MB`);
  console.log(`node_modules: ${(folderBytes(join(clone, "node_modules")) / 1e6).toFixed(0)} MB`);
  const again: { readyMs: number; visibleMs: number }[] = [];
  for (let run = 0; run < Number(values.runs) + 2; run++) again.push(await timeStart(clone, {}));
  console.log(
    `installed, new data: ready after ${seconds(median(again.map(({ readyMs }) => readyMs)))}, first call visible after ${seconds(median(again.map(({ visibleMs }) => visibleMs)))} (median of ${again.length})`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Runs `npm start` until the first call can be seen, then stops it. */
async function timeStart(clone: string, more: Record<string, string>): Promise<{ readyMs: number; visibleMs: number }> {
  const [port, grpcPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const data = mkdtempSync(join(folder, "data-"));
  const environment = {
    ...outerEnvironment(),
    WEIR_PORT: String(port),
    WEIR_OTLP_GRPC_PORT: String(grpcPort),
    WEIR_OTLP_HTTP_PORT: String(httpPort),
    WEIR_DATA_DIR: data,
    WEIR_INIT_API_KEY: apiKey,
    WEIR_OPENAI_BASE_URL: upstream.url,
    ...more,
  };
  const startedMs = performance.now();
  const child = spawn("npm", ["start"], { cwd: clone, env: environment, stdio: ["ignore", "ignore", "inherit"] });
  try {
    const url = `http://127.0.0.1:${port}`;
    const readyMs = (await firstTrue(() => hasAnswered(url))) - startedMs;
    const visibleMs = (await firstTrue(() => isVisible(url))) - startedMs;
    return { readyMs, visibleMs };
  } finally {
    child.kill("SIGTERM");
    for (let tries = 0; tries < 300; tries++) {
      const left = processesMarked("WEIR_DATA_DIR", data, data);
      if (left.length === 0) break;
      if (tries === 20) for (const { pid } of left) process.kill(pid, "SIGTERM");
      await sleep(100);
    }
  }
}

/** The environment as outside of this checkout: its own Node and npm settings do not count. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const { PATH = "" } = process.env;
  const kept = Object.entries(process.env).filter(([name]) => !/^(WEIR_|npm_)/i.test(name));
  const folders = PATH.split(delimiter).filter((entry) => !entry.includes("node_modules"));
  return { ...Object.fromEntries(kept), PATH: folders.join(delimiter) };
}

async function firstTrue(isTrue: () => Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < giveUpMs) {
    if (await isTrue().catch(() => false)) return performance.now();
    await sleep(20);
  }
  throw new Error(`Nothing came within ${giveUpMs / 1000} s.`);
}

async function hasAnswered(url: string): Promise<boolean> {
  const response = await fetch(`${url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-start" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }),
  });
  await response.arrayBuffer();
  return response.ok;
}

async function isVisible(url: string): Promise<boolean> {
  const response = await fetch(`${url}/api/v1/calls`, { headers: { authorization: `Bearer ${apiKey}` } });
  const page = (await response.json()) as { data: unknown[] };
  return page.data.length > 0;
}
