import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CodedError, defaultProjectId, newLogRow, newMetricPointRow, newSpanRow } from "@weir/model";
import { insertRows, insertSpans } from "@weir/storage/testing";
import { startTestApi, type TestApi } from "./testing.ts";

/** Every route that tells of captured data, and what the audit log says of asking it; by hand, not from the rules. */

const planted = "planted-prompt-of-somebody";
const now = BigInt(Date.now()) * 1_000_000n - 1_000_000_000n;
const span = {
  ...newSpanRow(defaultProjectId, "rest", now),
  ...{ kind: "llm", name: planted, request_model: "gpt-4o", user_id: planted },
  ...{ content_format: "text", input: planted, output: planted, attributes: { note: planted } },
} as const;

interface Asked {
  readonly route: string;
  readonly url: string;
  readonly body?: object;
  /** Kind and id of the entry's target; null: these are figures, and no entry. */
  readonly entry: readonly [kind: string, id: string] | null;
}

const routes: readonly Asked[] = [
  { route: "GET /api/v1/calls", url: "/api/v1/calls", entry: ["calls", ""] },
  { route: "GET /api/v1/calls/{span_id}", url: `/api/v1/calls/${span.span_id}`, entry: ["call", span.span_id] },
  { route: "GET /api/v1/traces", url: "/api/v1/traces", entry: ["traces", ""] },
  { route: "GET /api/v1/traces/{trace_id}", url: `/api/v1/traces/${span.trace_id}`, entry: ["trace", span.trace_id] },
  {
    route: "POST /api/v1/traces/search",
    url: "/api/v1/traces/search",
    body: { filter: "model:gpt-4o" },
    entry: ["traces/search", ""],
  },
  {
    route: "POST /api/v1/query",
    url: "/api/v1/query",
    body: { select: ["count()"], group_by: ["@note"] },
    entry: ["query", ""],
  },
  { route: "GET /api/v1/logs", url: "/api/v1/logs", entry: ["logs", ""] },
  { route: "POST /api/v1/logs/query", url: "/api/v1/logs/query", body: {}, entry: ["logs/query", ""] },
  { route: "GET /api/v1/metrics", url: "/api/v1/metrics", entry: null },
  { route: "GET /api/v1/metrics/{name}", url: "/api/v1/metrics/m", entry: null },
  {
    route: "POST /api/v1/metrics/query",
    url: "/api/v1/metrics/query",
    body: { name: "m", aggregation: "avg" },
    entry: null,
  },
  { route: "GET /api/v1/metrics/summary", url: "/api/v1/metrics/summary", entry: null },
  { route: "GET /api/v1/metrics/timeseries", url: "/api/v1/metrics/timeseries", entry: null },
  { route: "GET /api/v1/metrics/heatmap", url: "/api/v1/metrics/heatmap", entry: null },
  { route: "GET /api/v1/metrics/breakdown", url: "/api/v1/metrics/breakdown?by=model", entry: null },
];

/** Tells that there is something new, and nothing of it. */
const ticks = "GET /api/v1/live";

let api: TestApi;
before(async () => {
  api = await startTestApi();
  await insertSpans(api.store, [span]);
  await insertRows(api.store, "logs", [
    { ...newLogRow(defaultProjectId, now), body: planted, trace_id: span.trace_id },
  ]);
  await insertRows(api.store, "metric_points", [
    { ...newMetricPointRow(defaultProjectId, "m", "gauge", now), value: 1 },
  ]);
});
after(() => api[Symbol.asyncDispose]());

async function reads() {
  const entries = await api.catalog.auditLog.list({ organizationId: "all", action: "content.read", limit: 100 });
  return entries.map(({ target, actor, projectId }) => ({ target, actor: actor.name, projectId }));
}

for (const { route, url, body, entry } of routes) {
  test(`${route}: ${entry === null ? "no entry, and nothing captured" : "an entry before the answer"}`, async () => {
    const before = await reads();
    const headers = { authorization: `Bearer ${api.keys.default}`, "content-type": "application/json" };
    const answer = await api.ask(
      url,
      body === undefined ? {} : { method: "POST", headers, payload: JSON.stringify(body) },
    );
    assert.equal(answer.status, 200, answer.text);
    const added = (await reads()).slice(0, -before.length || undefined);
    if (entry === null) assert.deepEqual([added, answer.text.includes(planted)], [[], false]);
    else {
      const [kind, id] = entry;
      assert.ok(answer.text.includes(planted), "the test asks for what was captured");
      assert.deepEqual(added, [{ target: { kind, id }, actor: "From the configuration", projectId: defaultProjectId }]);
    }
  });
}

test("who opens a call twice is written twice; who lists again, once in a while", async () => {
  const before = (await reads()).length;
  for (let time = 0; time < 2; time++) {
    await api.ask(`/api/v1/calls/${span.span_id}`);
    await api.ask("/api/v1/calls");
  }
  assert.equal((await reads()).length, before + 2);
  await api.ask("/api/v1/calls", { headers: { cookie: await api.signIn() } });
  assert.equal((await reads()).length, before + 3);
});

test("an answer that cannot be recorded is not given, however often it is asked for", async (t) => {
  const headers = { cookie: await api.signIn() };
  const before = (await reads()).length;
  const failing = t.mock.method(api.catalog, "actingAs", () => ({
    auditLog: { record: () => Promise.reject(new CodedError("CATALOG_UNAVAILABLE", "The disk is full.")) },
  }));
  for (let time = 0; time < 2; time++) {
    const refused = await api.ask("/api/v1/calls", { headers });
    assert.deepEqual([refused.status, refused.text.includes(planted)], [503, false]);
  }
  failing.mock.restore();
  assert.equal((await api.ask("/api/v1/calls", { headers })).status, 200);
  assert.equal((await reads()).length, before + 1);
});

test("the live stream tells of no row what is in it", async () => {
  const response = await api.server.inject({
    url: "/api/v1/live",
    headers: { authorization: `Bearer ${api.keys.default}` },
    payloadAsStream: true,
  });
  let text = "";
  for await (const chunk of response.stream()) {
    text += chunk;
    if (text.includes("event: rows")) break;
    if (text.includes("event: hello")) api.live.publish();
  }
  assert.match(text, /^(retry: \d+|event: (hello|rows)|data: \{"time":"[^"]+"\}|\n)+$/m);
  assert.equal(text.includes(planted), false);
});

test("every route for readers of a project is in the table", async () => {
  const { body } = await api.ask("/api/openapi.json");
  const readers = Object.entries(body.paths as Record<string, Record<string, object>>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const mayRead = /\/api\/v1\/(calls|traces|query|logs|metrics|live|exports?)\b/;
  const found = readers.filter((route) => mayRead.test(route)).sort();
  assert.deepEqual([...routes.map(({ route }) => route), ticks].sort(), found);
});
