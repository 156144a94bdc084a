import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultProjectId, newSpanRow } from "@weir/model";
import { insertSpans } from "@weir/storage/testing";
import { deletion } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

const post = (body: unknown, key = api.keys.default) =>
  api.ask("/api/v1/deletions", {
    method: "POST",
    payload: JSON.stringify(body),
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });

test("a user's data is deleted, in the caller's project alone, and its deletion says when that is done", async () => {
  const start = BigInt(Date.now()) * 1_000_000n - 1_000_000_000n;
  const row = { ...newSpanRow(defaultProjectId, "rest", start), kind: "llm", user_id: "ada" };
  const kept = { ...newSpanRow(defaultProjectId, "rest", start), kind: "llm", user_id: "bob" };
  const theirs = { ...newSpanRow(api.other, "rest", start), kind: "llm", user_id: "ada" };
  await insertSpans(api.store, [row, kept, theirs]);
  const started = await post({ user_id: "ada" });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  const { deletion_id, found_rows } = deletion.parse(started.body);
  const none = { exemplars: 0, logs: 0, metric_1h: 0, metric_1m: 0, metric_points: 0 };
  assert.deepEqual(found_rows, {
    ...none,
    spans: 1,
    trace_index: 1,
    traces: 1,
    usage_user_1d: 1,
    usage_user_total_1d: 1,
  });
  let { body } = started;
  for (let tries = 0; tries < 2400 && body.status !== "done"; tries++) {
    await sleep(50);
    ({ body } = await api.ask(`/api/v1/deletions/${deletion_id}`));
  }
  assert.equal(body.status, "done");
  const { data } = (await api.ask("/api/v1/calls")).body;
  assert.deepEqual(
    data.map(({ span_id }: { span_id: string }) => span_id),
    [kept.span_id],
  );
  const other = { authorization: `Bearer ${api.keys.other}` };
  assert.equal((await api.ask("/api/v1/calls", { headers: other })).body.data.length, 1);
  assert.equal((await api.ask(`/api/v1/deletions/${deletion_id}`, { headers: other })).status, 404);
});

test("what may not be asked for is refused", async () => {
  for (const [body, status] of [
    [{}, 400],
    [{ user_id: "a", trace_id: "0".repeat(32) }, 400],
    [{ trace_id: "12" }, 400],
    [{ user_id: "a", project_id: "other" }, 403],
  ] as const)
    assert.equal((await post(body)).status, status, JSON.stringify(body));
  assert.equal((await post({ user_id: "a" }, api.keys.use)).status, 403);
  assert.equal((await api.ask("/api/v1/deletions/del_0")).status, 400);
});
