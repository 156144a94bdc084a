import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { createBlockWriter } from "@weir/pipeline";
import { CountStep } from "./custom-metrics.ts";
import { customMetrics } from "./custom-metrics-config.ts";
import { exposition } from "./exposition.ts";
import { MetricStore } from "./metric-store.ts";

function call(fields: Partial<SpanRow> = {}): SpanRow {
  return Object.assign(newSpanRow(projectId("shop"), "gateway", 5n), {
    kind: "llm",
    request_model: "gpt-4o",
    duration_ns: 2_000_000_000,
    input_tokens: 1000,
    output_tokens: 50,
    cost_nano_usd: 3_000_000,
    attributes: { "metadata.team": "blue", size: "12" },
    ...fields,
  });
}

function scrape(metrics: unknown, rows: readonly SpanRow[], labelValueLimit = 20): string[] {
  const store = new MetricStore();
  const step = new CountStep({ store, metrics: customMetrics.parse(metrics), labelValueLimit });
  const writer = createBlockWriter("spans");
  for (const row of rows) writer.append(row);
  step.onBatch(writer.finish());
  return exposition(store.snapshot(), "text")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

for (const [metric, lines] of [
  [{ name: "calls_total", kind: "counter" }, ["calls_total 2"]],
  [
    { name: "calls_total", kind: "counter", labels: { team: "@metadata.team", model: "model", project: "project" } },
    ['calls_total{team="blue",model="gpt-4o",project="shop"} 2'],
  ],
  [{ name: "spent_total", kind: "counter", value: "cost * 100", when: "model:gpt-4o" }, ["spent_total 0.6"]],
  [{ name: "slow_total", kind: "counter", when: "duration>3s" }, []],
  [{ name: "odd_total", kind: "counter", value: "tokens / (output_tokens - 50)" }, []],
  [{ name: "size", kind: "gauge", value: "-@size + 2 * 3" }, ["size -6"]],
  [{ name: "unknown", kind: "gauge", value: "ttft" }, []],
  [{ name: "http_calls_total", kind: "counter", when: "kind:http" }, "refused"],
  [
    { name: "passed_total", kind: "counter", when: "kind:http", labels: { status: "http_status" } },
    ['passed_total{status="404"} 1'],
  ],
  [
    { name: "rate", kind: "histogram", value: "output_tokens / duration", buckets: [10, 25.5] },
    ['rate_bucket{le="10"} 0', 'rate_bucket{le="25.5"} 2', 'rate_bucket{le="+Inf"} 2', "rate_sum 50", "rate_count 2"],
  ],
  [{ name: "bad", kind: "histogram" }, "refused"],
  [{ name: "bad_total", kind: "counter", buckets: [1] }, "refused"],
  [{ name: "bad", kind: "histogram", buckets: [2, 1] }, "refused"],
  [{ name: "bad_total", kind: "counter", value: "model + 1" }, "refused"],
  [{ name: "bad_total", kind: "counter", labels: { le: "model" } }, "refused"],
  [{ name: "bad_total", kind: "counter", labels: { text: "input" } }, "refused"],
] as const) {
  test(`${JSON.stringify(metric)} gives ${JSON.stringify(lines)}`, () => {
    const rows = [call(), call(), call({ kind: "http", http_status: 404 })];
    if (lines === "refused") assert.throws(() => scrape([metric], rows));
    else assert.deepEqual(scrape([metric], rows), lines);
  });
}

test("a label has a bounded number of values", () => {
  const rows = Array.from({ length: 30 }, (_, index) => call({ user_id: `u${index}` }));
  const lines = scrape([{ name: "calls_total", kind: "counter", labels: { user: "user" } }], rows, 10);
  assert.equal(lines.length, 11);
  assert.ok(lines.includes('calls_total{user="_OTHER"} 20'));
});

test("a name may be declared once", () => {
  const metric = { name: "a_total", kind: "counter" };
  assert.throws(() => customMetrics.parse([metric, metric]), /declared twice/);
});
