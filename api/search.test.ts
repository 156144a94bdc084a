import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultProjectId, newSpanRow, type SpanRow } from "@weir/model";
import { childOf, insertSpans } from "@weir/storage/testing";
import { queryResult, searchResult } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
let agent: SpanRow;
let call: SpanRow;
let single: SpanRow;
let theirs: SpanRow;

const hourNano = 3_600_000_000_000n;

function rowAt(hoursAgo: bigint, changes: Partial<SpanRow>, project = defaultProjectId): SpanRow {
  const now = BigInt(Date.now()) * 1_000_000n;
  return { ...newSpanRow(project, "rest", now - hoursAgo * hourNano - 60_000_000_000n), ...changes };
}

before(async () => {
  api = await startTestApi();
  agent = rowAt(20n, { kind: "agent", name: "support", user_id: "ada" });
  call = childOf(agent, {
    ...rowAt(20n, { kind: "llm", request_model: "gpt-4o", cost_nano_usd: 20_000_000, attributes: { tier: "gold" } }),
    start_time: agent.start_time + 5_000_000n,
    status: "error",
    input: "What is the refund policy?",
  });
  single = rowAt(1n, { kind: "llm", request_model: "claude-3", cost_nano_usd: 1000, duration_ns: 3_000_000_000 });
  theirs = rowAt(1n, { kind: "llm", request_model: "gpt-4o", input: "refund policy" }, api.other);
  await insertSpans(api.store, [agent, call, single, theirs]);
});
after(() => api[Symbol.asyncDispose]());

const post = (url: string, body: unknown) =>
  api.ask(url, {
    method: "POST",
    payload: JSON.stringify(body),
    headers: { authorization: `Bearer ${api.keys.default}`, "content-type": "application/json" },
  });

describe("search", () => {
  for (const [filter, expected] of [
    [undefined, ["single", "agent"]],
    ["", ["single", "agent"]],
    ["model:gpt-4o status:error", ["agent"]],
    ["model:gpt-4o kind:agent", []],
    ['"refund policy"', ["agent"]],
    ["@tier:gold", ["agent"]],
    ["entry:true user:ada", ["agent"]],
    ["duration>2s", ["single"]],
    [{ field: "cost", op: "gt", value: 0.01 }, ["agent"]],
    [{ or: [{ field: "model", value: "claude-3" }, "refund"] }, ["single", "agent"]],
  ] as const) {
    test(`of traces by ${JSON.stringify(filter)}`, async () => {
      const { status, body } = await post("/api/v1/traces/search", { filter });
      assert.equal(status, 200, JSON.stringify(body));
      const page = searchResult.parse(body);
      assert.equal(page.of, "traces");
      const names = new Map([
        [agent.trace_id, "agent"],
        [single.trace_id, "single"],
      ]);
      assert.deepEqual(
        page.data.map(({ trace_id }) => names.get(trace_id)),
        expected,
      );
    });
  }

  test("of spans has steps of every kind, in both orders and by pages", async () => {
    const all = await post("/api/v1/traces/search", { of: "spans" });
    assert.deepEqual(
      all.body.data.map(({ span_id }: SpanRow) => span_id),
      [single.span_id, call.span_id, agent.span_id],
    );
    const oldest = await post("/api/v1/traces/search", { of: "spans", order: "oldest", limit: 2 });
    const rest = await post("/api/v1/traces/search", {
      of: "spans",
      order: "oldest",
      limit: 2,
      cursor: oldest.body.next_cursor,
    });
    assert.deepEqual(
      [...oldest.body.data, ...rest.body.data].map(({ span_id }: SpanRow) => span_id),
      [agent.span_id, call.span_id, single.span_id],
    );
  });

  test("of traces goes on where its page ended", async () => {
    for (const order of ["newest", "oldest"]) {
      const first = await post("/api/v1/traces/search", { filter: "kind:*", order, limit: 1 });
      const second = await post("/api/v1/traces/search", {
        filter: "kind:*",
        order,
        limit: 1,
        cursor: first.body.next_cursor,
      });
      const ids = [first, second].map(({ body }) => body.data[0].trace_id);
      const newest = [single.trace_id, agent.trace_id];
      assert.deepEqual(ids, order === "newest" ? newest : newest.toReversed());
    }
  });

  test("of another project is refused", async () => {
    for (const url of ["/api/v1/traces/search", "/api/v1/query"]) {
      const body = url.endsWith("query") ? { select: ["count()"], project_id: "other" } : { project_id: "other" };
      assert.equal((await post(url, body)).status, 403);
    }
    const { text } = await post("/api/v1/traces/search", { of: "spans", filter: "refund" });
    assert.ok(!text.includes(theirs.span_id));
  });
});

describe("lists and metrics take a filter", () => {
  const filter = encodeURIComponent('model:gpt-4o "refund policy"');
  for (const [url, count] of [
    [`/api/v1/calls?filter=${filter}`, 1],
    [`/api/v1/calls?filter=${filter}&status=ok`, 0],
    [`/api/v1/calls?filter=kind:agent`, 1],
    [`/api/v1/traces?filter=${filter}`, 1],
    [`/api/v1/traces?filter=${filter}&user_id=ada`, 1],
    [`/api/v1/traces?filter=${filter}&user_id=bob`, 0],
  ] as const) {
    test(url, async () => {
      const { status, body } = await api.ask(url);
      assert.deepEqual([status, body.data?.length], [200, count], JSON.stringify(body));
    });
  }

  test("summary, timeseries, heat map and breakdown count what it finds", async () => {
    const summary = await api.ask(`/api/v1/metrics/summary?filter=${filter}`);
    assert.deepEqual([summary.body.total.calls, summary.body.total.cost_nano_usd], [1, 20_000_000]);
    const series = await api.ask(`/api/v1/metrics/timeseries?filter=${filter}`);
    const calls = series.body.buckets.reduce((sum: number, bucket: { calls: number }) => sum + bucket.calls, 0);
    assert.equal(calls, 1);
    const map = await api.ask(`/api/v1/metrics/heatmap?filter=${filter}`);
    assert.equal(
      map.body.counts.flat().reduce((sum: number, cell: number) => sum + cell, 0),
      1,
    );
    const models = await api.ask(`/api/v1/metrics/breakdown?by=model&filter=${filter}`);
    assert.deepEqual(
      models.body.data.map(({ value }: { value: string }) => value),
      ["gpt-4o"],
    );
  });
});

test("figures by groups and buckets", async () => {
  const { status, body } = await post("/api/v1/query", {
    select: ["count()", "sum(cost)", "p95(duration)"],
    group_by: ["model"],
    order_by: ["-sum(cost)"],
  });
  assert.equal(status, 200, JSON.stringify(body));
  const { data, is_truncated } = queryResult.parse(body);
  assert.deepEqual(
    data.map(({ group, values }) => [group["model"], values["count()"], values["sum(cost_nano_usd)"]]),
    [
      ["gpt-4o", 1, 20_000_000],
      ["claude-3", 1, 1000],
    ],
  );
  assert.equal(is_truncated, false);
});

describe("what is wrong is told with its place", () => {
  const inText = (text: string) => `/api/v1/calls?filter=${encodeURIComponent(text)}`;
  for (const [url, body, detail] of [
    [inText("status:ok mdoel:gpt"), undefined, { path: "filter", position: 10, length: 5, suggestion: "model" }],
    [inText("(a"), undefined, { path: "filter", position: 0, length: 1 }],
    ["/api/v1/traces/search", { filter: { and: [{ field: "x", value: 1 }] } }, { path: "filter.and[0].field" }],
    ["/api/v1/query", { select: ["median(cost)"] }, { path: "select[0]" }],
  ] as const) {
    test(body === undefined ? url : JSON.stringify(body), async () => {
      const answer = body === undefined ? await api.ask(url) : await post(url, body);
      assert.deepEqual([answer.status, answer.body.error.code], [400, "FILTER_INVALID"]);
      const [{ message, ...found }] = answer.body.error.details;
      assert.ok(message.length > 0);
      assert.deepEqual({ ...found, ...detail }, found);
    });
  }

  test("a body with an unknown field", async () => {
    const { status, body } = await post("/api/v1/traces/search", { fitler: "a" });
    assert.deepEqual([status, body.error.code, body.error.details[0].path], [400, "BAD_REQUEST", "fitler"]);
  });
});
