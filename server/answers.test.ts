import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAnswers } from "./answers.ts";
import { MetricStore } from "./metrics/metric-store.ts";
import { startInternalServer } from "./processes/internal-server.ts";
import type { PartState } from "./role.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-answers-"));
const answer = createAnswers(folder, ["gateway", "core"], { isLoopbackListener: true });
const main = createServer(async (req, res) => {
  const { method = "GET", url: target = "/", rawHeaders } = req;
  const answered = await answer({ method, target, rawHeaders });
  if (answered === undefined) res.writeHead(404).end();
  else res.writeHead(answered.status, { "content-type": answered.type }).end(answered.text);
});
const opened = new AsyncDisposableStack();
let url = "";
let core: PartState = { status: "ok" };

async function addProcess(name: string, calls: number, state: () => Record<string, PartState>): Promise<void> {
  const metrics = new MetricStore();
  metrics.counter({ name: "calls_total", help: "Calls." }).series().add(calls);
  const socketPath = join(folder, `${name}.internal.sock`);
  opened.use(await startInternalServer({ socketPath, metrics, state: async () => state() }));
}

before(async () => {
  await addProcess("gateway-0", 3, () => ({ gateway: { status: "ok" } }));
  await addProcess("gateway-1", 4, () => ({ gateway: { status: "ok" } }));
  await addProcess("core-0", 5, () => ({ core }));
  main.listen(0, "127.0.0.1");
  await once(main, "listening");
  url = `http://127.0.0.1:${(main.address() as AddressInfo).port}`;
});
after(async () => {
  main.close();
  await opened.disposeAsync();
  rmSync(folder, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { headers });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

test("/health answers without asking anybody", async () => {
  assert.deepEqual(await get("/health"), { status: 200, type: "application/json", text: '{"status":"ok"}\n' });
});

test("/metrics sums the processes, as text and as OpenMetrics", async () => {
  const text = await get("/metrics");
  assert.equal(text.type, "text/plain; version=0.0.4; charset=utf-8");
  assert.match(text.text, /^calls_total 12$/m);
  const open = await get("/metrics", { accept: "application/openmetrics-text;version=1.0.0,*/*;q=0.1" });
  assert.equal(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.match(open.text, /^calls_total 12\n# EOF\n$/m);
});

test("/metrics is refused to who may not read it", async () => {
  const guarded = createAnswers(folder, [], { isLoopbackListener: false });
  const answered = await guarded({ method: "GET", target: "/metrics", rawHeaders: [] });
  assert.equal(answered?.status, 401);
  assert.match(answered?.text ?? "", /set metrics\.token/);
});

test("/ready names each part and is 503 when one is not in order", async () => {
  core = { status: "ok" };
  assert.equal((await get("/ready")).status, 200);
  core = { status: "degraded", message: "Storage does not answer." };
  const { status, text } = await get("/ready");
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(text), {
    status: "not_ready",
    parts: { gateway: { status: "ok" }, core },
  });
  assert.equal((await get("/ready?part=gateway")).status, 200);
  assert.equal((await get("/ready?part=core")).status, 503);
});

test("other paths are left to others", async () => {
  assert.equal((await get("/healthy")).status, 404);
});
