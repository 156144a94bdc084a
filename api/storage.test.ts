import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { defaultProjectId, newSpanRow } from "@weir/model";
import { insertSpans } from "@weir/storage/testing";
import { storageReport } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

test("a session reads what each table takes; a key may not, and nobody else either", async () => {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  await insertSpans(api.store, [
    { ...newSpanRow(defaultProjectId, "rest", BigInt(startMs) * 1_000_000n), kind: "llm" },
  ]);
  const { status, body } = await api.ask("/api/v1/storage", { headers: { cookie: await api.signIn() } });
  assert.equal(status, 200, JSON.stringify(body));
  const { data, total_disk_bytes } = storageReport.parse(body);
  const spans = data.find(({ table }) => table === "spans");
  assert.deepEqual([spans?.rows, spans?.oldest], [1, new Date(startMs).toISOString().replace(".000", "")]);
  assert.equal(
    total_disk_bytes,
    data.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0),
  );
  assert.equal((await api.ask("/api/v1/storage")).status, 403);
  assert.equal((await api.ask("/api/v1/storage", { headers: {} })).status, 401);
});
