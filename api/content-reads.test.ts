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

for (const [filter, isRead] of [
  ["model:gpt-4o", false],
  [`"${planted}"`, true],
  ["@note:planted*", true],
  ["-(model:gpt-4o or input:planted)", true],
] as const) {
  test(`figures of ${filter} are ${isRead ? "a read" : "none"} of content`, async () => {
    const before = (await reads()).length;
    const query = new URLSearchParams({ filter });
    for (const figures of ["summary", "timeseries", "heatmap"])
      assert.equal((await api.ask(`/api/v1/metrics/${figures}?${query}`)).status, 200);
    assert.equal((await api.ask(`/api/v1/metrics/breakdown?by=model&${query}`)).status, 200);
    assert.equal((await reads()).length - before, isRead ? 4 : 0);
  });
}

test("a read that could not be recorded is not answered, and is recorded when it is asked again", async () => {
  const { catalog } = api;
  const ask = () => api.ask("/api/v1/logs?filter=service:unheard-of");
  const before = (await reads()).length;
  const actingAs = catalog.actingAs.bind(catalog);
  catalog.actingAs = (actor) => {
    const real = actingAs(actor);
    const record = () => Promise.reject(new CodedError("CATALOG_UNAVAILABLE", "The catalog is away."));
    return Object.create(real, { auditLog: { value: { ...real.auditLog, record } } });
  };
  assert.equal((await ask()).status, 503);
  catalog.actingAs = actingAs;
  assert.equal((await ask()).status, 200);
  assert.equal((await reads()).length, before + 1);
});

test("each question is an entry with what was asked, without time and page, and without a secret", async () => {
  const key = `sk-ant-api03-${"a1B2".repeat(23)}-aQ7xYzAA`;
  const ask = (query: string) => api.ask(`/api/v1/traces?${query}`);
  for (const query of ["filter=user_id:ana", "filter=user_id:ana&limit=5&from=2026-01-01T00:00:00Z", "q=refund"])
    assert.equal((await ask(query)).status, 200);
  assert.equal((await ask(new URLSearchParams({ q: key }).toString())).status, 200);
  const search = { filter: { field: "user_id", op: "eq", value: "eva" }, limit: 3 };
  await api.ask("/api/v1/traces/search", {
    method: "POST",
    headers: { authorization: `Bearer ${api.keys.default}`, "content-type": "application/json" },
    payload: JSON.stringify(search),
  });
  const entries = await api.catalog.auditLog.list({ organizationId: "all", action: "content.read", limit: 4 });
  const questions = entries.map(({ after }) => (after as { question?: string } | null)?.question);
  assert.deepEqual(questions[0], JSON.stringify({ filter: search.filter, of: "traces" }));
  assert.match(questions[1] ?? "", /^\{"q":"\[redacted:[a-z_]+\]"\}$/);
  assert.deepEqual(questions.slice(2), ['{"q":"refund"}', '{"filter":"user_id:ana"}']);
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
