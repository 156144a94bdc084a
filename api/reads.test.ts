import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultProjectId, newSpanRow, type ProjectId, type SpanRow } from "@weir/model";
import { childOf, insertSpans } from "@weir/storage/testing";
import { callDetail, callPage, metricsSummary, timeseries, traceDetail, tracePage } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
let call: SpanRow;
let unpriced: SpanRow;
let step: SpanRow;
let theirs: SpanRow;

const nowNano = () => BigInt(Date.now()) * 1_000_000n;

function callOf(project: ProjectId, changes: Partial<SpanRow>): SpanRow {
  return { ...newSpanRow(project, "gateway", nowNano() - 5_000_000_000n), kind: "llm", provider: "openai", ...changes };
}

before(async () => {
  api = await startTestApi();
  call = callOf(defaultProjectId, {
    name: "chat gpt-4o",
    request_model: "gpt-4o",
    input_tokens: 1000,
    output_tokens: 10,
    cost_nano_usd: 2_600_000,
    duration_ns: 3_000_000,
    content_format: "text",
    input: "the secret recipe",
    output: "is water",
  });
  step = childOf(call, callOf(defaultProjectId, { kind: "tool", name: "look up" }));
  unpriced = callOf(defaultProjectId, { request_model: "llama-at-home", input_tokens: 5, output_tokens: 5 });
  theirs = callOf(api.other, { request_model: "gpt-4o", input: "their secret", user_id: "their-user" });
  await insertSpans(api.store, [call, step, unpriced, theirs]);
});
after(() => api[Symbol.asyncDispose]());

describe("calls", () => {
  test("are listed, of the key's project alone", async () => {
    const { status, body } = await api.ask("/api/v1/calls");
    assert.equal(status, 200);
    const page = callPage.parse(body);
    assert.deepEqual(page.data.map(({ span_id }) => span_id).toSorted(), [call.span_id, unpriced.span_id].toSorted());
    assert.equal(page.next_cursor, null);
  });

  test("keep an unknown cost null", async () => {
    const { body } = await api.ask("/api/v1/calls?model=llama-at-home");
    assert.deepEqual([body.data[0].cost_nano_usd, body.data[0].cost_usd], [null, null]);
  });

  test("are found by their text", async () => {
    assert.equal((await api.ask("/api/v1/calls?q=SECRET")).body.data.length, 1);
    assert.equal((await api.ask("/api/v1/calls?q=their%20secret")).body.data.length, 0);
  });

  test("take a field several times", async () => {
    const { body } = await api.ask("/api/v1/calls?model=gpt-4o&model=llama-at-home&limit=1");
    assert.equal(body.data.length, 1);
    const next = await api.ask(`/api/v1/calls?model=gpt-4o&model=llama-at-home&limit=1&cursor=${body.next_cursor}`);
    assert.notEqual(next.body.data[0].span_id, body.data[0].span_id);
    assert.equal(next.body.next_cursor, null);
  });

  test("are read whole", async () => {
    const { status, body } = await api.ask(`/api/v1/calls/${call.span_id.toUpperCase()}`);
    assert.equal(status, 200);
    const detail = callDetail.parse(body);
    assert.deepEqual([detail.input, detail.output, detail.cost_usd], [call.input, call.output, 0.0026]);
    const hinted = `/api/v1/calls/${call.span_id}?trace_id=${call.trace_id}&start_time=${detail.start_time}`;
    assert.deepEqual((await api.ask(hinted)).body, body);
  });
});

test("traces are listed and read with their spans", async () => {
  const page = tracePage.parse((await api.ask("/api/v1/traces")).body);
  const trace = page.data.find(({ trace_id }) => trace_id === call.trace_id);
  assert.deepEqual([trace?.span_count, trace?.cost_nano_usd, trace?.models], [2, 2_600_000, ["gpt-4o"]]);
  const detail = traceDetail.parse((await api.ask(`/api/v1/traces/${call.trace_id}`)).body);
  assert.deepEqual(
    detail.spans.map(({ span_id, parent_span_id, input }) => [span_id, parent_span_id, input]).toSorted(),
    [
      [call.span_id, null, undefined],
      [step.span_id, call.span_id, undefined],
    ].toSorted(),
  );
  const whole = await api.ask(`/api/v1/traces/${call.trace_id}?include=content`);
  assert.ok(whole.body.spans.some(({ input }: { input: string }) => input === call.input));
});

describe("metrics", () => {
  test("sum up the range, in total and by model", async () => {
    const summary = metricsSummary.parse((await api.ask("/api/v1/metrics/summary")).body);
    assert.deepEqual([summary.total.calls, summary.total.errors, summary.total.calls_without_cost], [2, 0, 1]);
    assert.equal(summary.total.cost_nano_usd, 2_600_000);
    assert.deepEqual(
      summary.by_model.map(({ model, cost_nano_usd }) => [model, cost_nano_usd]),
      [
        ["gpt-4o", 2_600_000],
        ["llama-at-home", null],
      ],
    );
    assert.equal(summary.previous.calls, 0);
  });

  test("answer to the other names of their fields", async () => {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const to = new Date(Date.now() + 60_000).toISOString();
    const aliases = `organization_id=default&project_id=default&start_time=${from}&end_time=${to}`;
    const { body } = await api.ask(`/api/metrics/summary?${aliases}`);
    assert.deepEqual(body, (await api.ask(`/api/v1/metrics/summary?from=${from}&to=${to}`)).body);
    assert.equal(body.total.calls, 2);
  });

  test("give every bucket of a range", async () => {
    const { body } = await api.ask("/api/v1/metrics/timeseries?bucket_seconds=3600");
    const series = timeseries.parse(body);
    assert.ok(series.buckets.length >= 24 && series.buckets.length <= 26);
    assert.equal(
      series.buckets.reduce((sum, { calls }) => sum + calls, 0),
      2,
    );
  });

  test("give a heat map and a breakdown", async () => {
    const map = await api.ask("/api/v1/metrics/heatmap?of=duration_ns");
    assert.equal(
      map.body.counts.flat().reduce((sum: number, calls: number) => sum + calls, 0),
      2,
    );
    const models = await api.ask("/api/v1/metrics/breakdown?by=model&limit=1");
    assert.deepEqual([models.status, models.body.by, models.body.data.length], [200, "model", 1]);
    const found = await api.ask("/api/v1/metrics/breakdown?by=model&q=recipe");
    assert.deepEqual(
      found.body.data.map(({ value }: { value: string }) => value),
      ["gpt-4o"],
    );
  });
});

describe("a project", () => {
  const reads = () => [
    "/api/v1/calls",
    `/api/v1/calls/${theirs.span_id}`,
    "/api/v1/traces",
    `/api/v1/traces/${theirs.trace_id}`,
    `/api/v1/traces/${theirs.trace_id}?include=content`,
    "/api/v1/metrics/summary",
    "/api/v1/metrics/timeseries",
    "/api/v1/metrics/heatmap",
    "/api/v1/metrics/breakdown?by=user_id",
    "/api/v1/projects",
    "/api/v1/keys",
    "/api/v1/connections",
    "/api/v1/auth/me",
  ];

  test("never sees another's rows, whatever it asks", async () => {
    for (const url of reads()) {
      const { status, text } = await api.ask(url);
      assert.ok(status === 200 || status === 404, `${url}: ${status}`);
      for (const word of [theirs.span_id, "their secret", "their-user", '"other"']) {
        assert.ok(!text.includes(word), `${url} tells ${word}`);
      }
    }
  });

  test("of another key is refused by name", async () => {
    for (const url of reads().filter((path) => !/projects|\/me$/.test(path))) {
      const { status, body } = await api.ask(`${url}${url.includes("?") ? "&" : "?"}project_id=other`);
      assert.deepEqual([status, body.error.code], [403, "FORBIDDEN"], url);
    }
  });

  test("is chosen by a session, and must exist", async () => {
    const headers = { cookie: await api.signIn() };
    const other = await api.ask("/api/v1/calls?project_id=other", { headers });
    assert.deepEqual(
      other.body.data.map(({ span_id }: { span_id: string }) => span_id),
      [theirs.span_id],
    );
    assert.equal((await api.ask("/api/v1/calls", { headers })).body.data.length, 2);
    assert.equal((await api.ask("/api/v1/calls?project_id=nowhere", { headers })).status, 404);
    assert.equal((await api.ask("/api/v1/calls?organization_id=nowhere", { headers })).status, 404);
  });
});

describe("a wrong request is refused with the path of each wrong field", () => {
  for (const [url, paths] of [
    ["/api/v1/calls?limit=0", ["limit"]],
    ["/api/v1/calls?limit=x&from=yesterday", ["from", "limit"]],
    ["/api/v1/calls?limit=9999", ["limit"]],
    ["/api/v1/calls?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", ["from"]],
    ["/api/v1/calls?start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z", ["start_time"]],
    ["/api/v1/calls?from=2026-01-01T00:00:00Z&start_time=2026-01-02T00:00:00Z", ["start_time"]],
    ["/api/v1/calls?from=2026-01-01", ["from"]],
    ["/api/v1/calls?cursor=nonsense", ["cursor"]],
    ["/api/v1/calls?trace_id=12", ["trace_id"]],
    ["/api/v1/calls?project_id=UPPER", ["project_id"]],
    ["/api/v1/calls/xyz", ["span_id"]],
    ["/api/v1/traces?q=", ["q"]],
    ["/api/v1/traces/1", ["trace_id"]],
    [`/api/v1/traces/${"0".repeat(32)}?include=everything`, ["include"]],
    ["/api/v1/metrics/timeseries?bucket_seconds=61", ["bucket_seconds"]],
    ["/api/v1/metrics/heatmap?of=cost", ["of"]],
    ["/api/v1/metrics/breakdown", ["by"]],
    ["/api/v1/metrics/breakdown?by=input", ["by"]],
  ] as const) {
    test(url, async () => {
      const { status, body } = await api.ask(url);
      assert.equal(status, 400);
      assert.equal(body.error.code, "BAD_REQUEST");
      assert.deepEqual(
        body.error.details.map(({ path }: { path: string }) => path),
        paths,
      );
      assert.ok(paths.every((path) => body.error.message.includes(path)));
    });
  }
});

test("what is not there is NOT_FOUND", async () => {
  for (const url of [
    "/api/v1/calls/00000000000000ff",
    `/api/v1/traces/${"f".repeat(32)}`,
    "/api/v1/nothing",
    "/api/v2/calls",
    "/nowhere",
  ]) {
    const { status, body } = await api.ask(url);
    assert.deepEqual([status, body?.error.code], [404, "NOT_FOUND"], url);
  }
});

test("text in fields is data, never SQL", async () => {
  for (const word of ["'", "' OR 1=1 --", "\\", "\\'; DROP TABLE spans", "{p0:String}", "%", "\u0000", "é"]) {
    const url = `/api/v1/calls?user_id=${encodeURIComponent(word)}&q=${encodeURIComponent(word)}`;
    const { status, body } = await api.ask(url);
    assert.deepEqual([status, body.data], [200, []], word);
  }
});

test("a fault shows neither stack nor SQL, in the answer or in the log", async () => {
  const broken = await startTestApi();
  try {
    await broken.store.command("DROP TABLE spans");
    const { status, body, text } = await broken.ask("/api/v1/calls?q=private-words");
    assert.ok(status >= 500);
    assert.ok(["STORAGE_REJECTED", "STORAGE_UNAVAILABLE"].includes(body.error.code));
    assert.match(body.error.request_id, /^[0-9a-f-]{36}$/);
    assert.doesNotMatch(text, /SELECT|spans|private-words|\.ts:/);
    const logged = broken.events.filter(({ event }) => event.counter === "api_unavailable");
    assert.equal(logged.length, 1);
    assert.doesNotMatch(JSON.stringify(logged), /SELECT|private-words/);
  } finally {
    await broken[Symbol.asyncDispose]();
  }
});
