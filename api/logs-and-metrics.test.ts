import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultProjectId, newLogRow, newMetricPointRow, noSpanId } from "@weir/model";
import { decodeLogs, decodeTraces, requestFromJson } from "@weir/otlp";
import { logRow, normalizeSpans } from "@weir/pipeline";
import { insertRows, insertSpans } from "@weir/storage/testing";
import { logPage, metricAnswer, metricDetail, metricList } from "./contract/index.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
const nowNano = BigInt(Date.now()) * 1_000_000n;
const secondsAgo = (seconds: number) => nowNano - BigInt(seconds) * 1_000_000_000n;

before(async () => {
  api = await startTestApi();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await insertRows(api.store, "logs", [
    { ...newLogRow(defaultProjectId, secondsAgo(5)), body: "plain", severity_number: 9, sequence: 1 },
    {
      ...newLogRow(defaultProjectId, secondsAgo(4)),
      body: "failed",
      severity_number: 17,
      sequence: 2,
      trace_id: traceId,
      attributes: { k: "v" },
    },
    { ...newLogRow(defaultProjectId, secondsAgo(90_000)), body: "old", trace_id: traceId },
    { ...newLogRow(api.other, secondsAgo(4)), body: "their secret" },
  ]);
  const counter = (seconds: number, value: number) => ({
    ...newMetricPointRow(defaultProjectId, "shop.calls", "sum", secondsAgo(seconds)),
    temporality: "delta",
    is_monotonic: 1,
    unit: "{call}",
    value,
    attributes: { route: "/r" },
  });
  await insertRows(api.store, "metric_points", [
    counter(100, 2),
    counter(50, 3),
    { ...newMetricPointRow(api.other, "their.secret", "gauge", secondsAgo(4)), value: 1 },
    { ...newMetricPointRow(defaultProjectId, "summary", "gauge", secondsAgo(4)), value: 1 },
  ]);
});
after(() => api[Symbol.asyncDispose]());

const post = (url: string, payload: object) => api.ask(url, { method: "POST", payload });

describe("logs", () => {
  for (const [url, bodies] of [
    ["/api/v1/logs", ["failed", "plain"]],
    ["/api/logs?severity=error", ["failed"]],
    ["/api/v1/logs?severity=9&q=PLAIN", ["plain"]],
    ["/api/v1/logs?trace_id=0AF7651916CD43DD8448EB211C80319C", ["failed", "old"]],
    ["/api/v1/logs?service_name=none", []],
    ["/api/v1/logs?filter=attributes.k:v", ["failed"]],
    ["/api/v1/logs?filter=plain+-attributes.k:v", ["plain"]],
    ["/api/v1/logs?filter=trace_id:0af7651916cd43dd8448eb211c80319c+OR+plain", ["failed", "plain"]],
  ] as const) {
    test(url, async () => {
      const { status, body } = await api.ask(url);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(
        logPage.parse(body).data.map((record) => record.body),
        bodies,
      );
    });
  }

  test("a field that only spans have, or a text that cannot be read, is said", async () => {
    for (const [filter, said] of [
      ["cost>1", /log records have no field/],
      ["service:(", /filter/],
    ] as const) {
      const { status, body } = await api.ask(`/api/v1/logs?filter=${encodeURIComponent(filter)}`);
      assert.deepEqual([status, body.error.code], [400, "FILTER_INVALID"]);
      assert.match(body.error.message, said);
    }
  });

  test("are queried by attributes, and paged", async () => {
    const found = await post("/api/v1/logs/query", { attributes: { k: ["v", "w"] } });
    assert.deepEqual([found.status, found.body.data.length], [200, 1]);
    const byTree = await post("/api/v1/logs/query", { filter: { field: "attributes.k", op: "eq", value: "v" } });
    assert.deepEqual(byTree.body.data, found.body.data);
    const first = await post("/api/v1/logs/query", { limit: 1 });
    const next = await post("/api/v1/logs/query", { limit: 1, cursor: first.body.next_cursor });
    assert.deepEqual([first.body.data[0].body, next.body.data[0].body], ["failed", "plain"]);
  });
});

describe("metrics", () => {
  test("are listed and queried by a filter", async () => {
    const { body } = await api.ask("/api/v1/metrics?filter=name:shop.*");
    assert.deepEqual(
      metricList.parse(body).data.map(({ name }) => name),
      ["shop.calls"],
    );
    const asked = { name: "shop.calls", aggregation: "sum", filter: "service:nobody" };
    const { status, body: answer } = await post("/api/v1/metrics/query", asked);
    assert.deepEqual([status, answer.series], [200, []]);
    assert.equal((await api.ask("/api/v1/metrics?filter=model:m")).body.error.code, "FILTER_INVALID");
  });
  test("are listed with their type and unit", async () => {
    const { status, body } = await api.ask("/api/v1/metrics");
    assert.equal(status, 200);
    assert.deepEqual(
      metricList.parse(body).data.map(({ name, type, unit }) => [name, type, unit]),
      [
        ["shop.calls", "sum", "{call}"],
        ["summary", "gauge", ""],
      ],
    );
  });

  test("are described; Weir's own paths win over names", async () => {
    const detail = metricDetail.parse((await api.ask("/api/v1/metrics/shop.calls")).body);
    assert.deepEqual(detail.labels, [{ name: "route", values: ["/r"], value_count: 1 }]);
    assert.equal((await api.ask("/api/v1/metrics/their.secret")).status, 404);
    assert.equal((await api.ask("/api/v1/metrics/summary")).body.total.calls, 0);
  });

  test("are queried", async () => {
    const { status, body } = await post("/api/v1/metrics/query", {
      name: "shop.calls",
      aggregation: "increase",
      group_by: ["route"],
      labels: { route: "/r" },
      step_seconds: 3600,
    });
    assert.equal(status, 200, JSON.stringify(body));
    const [series] = metricAnswer.parse(body).series;
    assert.deepEqual(series?.labels, { route: "/r" });
    assert.equal(
      series?.values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
      5,
    );
  });
});

describe("a wrong request is refused with the path of each wrong field", () => {
  for (const [url, payload, paths] of [
    ["/api/v1/metrics/query", { name: "shop.calls", aggregation: "median" }, ["aggregation"]],
    ["/api/v1/metrics/query", { name: "shop.calls", aggregation: "p95" }, ["aggregation"]],
    ["/api/v1/metrics/query", { name: "shop.calls", aggregation: "sum", step_seconds: 1 }, ["step_seconds"]],
    ["/api/v1/logs/query", { severity: "loud" }, ["severity"]],
    ["/api/v1/logs/query", { cursor: "x" }, ["cursor"]],
  ] as const) {
    test(`${url} ${JSON.stringify(payload)}`, async () => {
      const { status, body } = await post(url, payload);
      assert.equal(status, 400, JSON.stringify(body));
      assert.deepEqual(
        body.error.details.map(({ path }: { path: string }) => path),
        paths,
      );
    });
  }
});

const captures = resolve(import.meta.dirname, "../testdata/otel");
const withLogs = globSync("*/*.json", { cwd: captures })
  .filter((file) => !file.endsWith(".expected.json") && !file.startsWith("generate"))
  .map((file) => ({ file, capture: JSON.parse(readFileSync(join(captures, file), "utf8")) }))
  .filter(({ capture }) => capture.logs?.resourceLogs?.length > 0);

test("there are captures with logs", () => assert.ok(withLogs.length > 2, String(withLogs.length)));

for (const { file, capture } of withLogs) {
  test(`content in log records is shown with its span: ${file}`, async () => {
    const encoded = (signal: "traces" | "logs") =>
      requestFromJson(signal, Buffer.from(JSON.stringify(capture[signal])));
    const context = { projectId: defaultProjectId };
    // Captures are older than what is kept.
    const spans = normalizeSpans(decodeTraces(encoded("traces")), context).map((row) => ({
      ...row,
      start_time: secondsAgo(60),
    }));
    const logs = decodeLogs(encoded("logs")).map((record, index) => ({
      ...logRow(record, context, { timeUnixNano: nowNano, sequence: index }),
      time: secondsAgo(60),
    }));
    await insertSpans(api.store, spans);
    await insertRows(api.store, "logs", logs);
    const told = new Set(
      logs.filter(({ event_name }) => event_name.startsWith("gen_ai.")).map(({ span_id }) => span_id),
    );
    const silent = spans.filter(({ span_id, input, output }) => input === "" && output === "" && told.has(span_id));
    for (const { span_id, trace_id } of silent) {
      assert.notEqual(span_id, noSpanId);
      const call = (await api.ask(`/api/v1/calls/${span_id}`)).body;
      assert.notEqual(call.input, "", file);
      assert.equal(call.content_format, "weir.messages");
      const trace = (await api.ask(`/api/v1/traces/${trace_id}?include=content`)).body;
      const inTrace = trace.spans.find((span: { span_id: string }) => span.span_id === span_id);
      assert.deepEqual([inTrace.input, inTrace.output], [call.input, call.output]);
    }
    assert.ok(silent.length > 0 || spans.some(({ input }) => input !== ""), `${file} shows no content`);
  });
}
