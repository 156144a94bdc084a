import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { decodeTraces, encodeTraces, type Metric, requestFromJson, type Span } from "@weir/otlp";
import { createSampler } from "../sampler.ts";
import { DeltaMetrics } from "./delta-metrics.ts";
import { encodeBatch } from "./encode-batch.ts";
import { genAiContent } from "./gen-ai-messages.ts";
import { type Sender, spanOfRow } from "./span-of-row.ts";

const sender: Sender = {
  resource: { "service.name": "weir" },
  scope: { name: "weir", version: "1", attributes: {} },
};

function rowOf(fields: Partial<SpanRow> = {}): SpanRow {
  return Object.assign(newSpanRow(projectId("shop"), "gateway", 1_700_000_000_000_000_123n), {
    kind: "llm",
    name: "chat gpt-4o",
    operation: "chat",
    provider: "openai",
    request_model: "gpt-4o",
    response_model: "gpt-4o-2024-08-06",
    http_route: "POST /v1/chat/completions",
    http_status: 200,
    duration_ns: 2_000_000_456,
    ttft_ns: 300_000_000,
    is_stream: 1,
    input_tokens: 1000,
    output_tokens: 35,
    finish_reason: "stop",
    cost_nano_usd: 2_500_000,
    content_format: "openai.chat",
    input: '{"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}',
    output: Buffer.from('{"choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}'),
    ...fields,
  });
}

test("a row becomes a span by the GenAI conventions; unknown values are left out", () => {
  const row = rowOf();
  const span = spanOfRow(row, sender, undefined);
  assert.equal(span.traceId, row.trace_id);
  assert.equal(span.spanId, row.span_id);
  assert.equal(span.parentSpanId, "");
  assert.equal(span.kind, 3);
  assert.equal(span.endTimeUnixNano - span.startTimeUnixNano, 2_000_000_456n);
  assert.deepEqual(span.attributes, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.time_to_first_chunk": 0.3,
    "gen_ai.request.stream": true,
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 35,
    "http.request.method": "POST",
    "http.route": "/v1/chat/completions",
    "http.response.status_code": 200,
    "weir.project.id": "shop",
    "weir.call.id": row.span_id,
    "weir.status": "ok",
    "weir.cost_usd": 0.0025,
  });
});

for (const [status, code] of [
  ["ok", 0],
  ["cancelled", 0],
  ["error", 2],
  ["cut", 2],
] as const) {
  test(`status ${status} has code ${code}`, () => {
    const { statusCode, statusMessage } = spanOfRow(rowOf({ status, error_message: "why" }), sender, undefined);
    assert.deepEqual([statusCode, statusMessage], [code, code === 2 ? "why" : ""]);
  });
}

test("content is spelled as the conventions say, and only when asked for", () => {
  const row = rowOf();
  const plain = JSON.stringify(spanOfRow(row, sender, undefined).attributes);
  assert.doesNotMatch(plain, /Hello|brief/);
  const { attributes } = spanOfRow(row, sender, genAiContent(row));
  const read = (key: string) => JSON.parse(String(attributes[key]));
  assert.deepEqual(read("gen_ai.input.messages"), [{ role: "user", parts: [{ type: "text", content: "Hi" }] }]);
  assert.deepEqual(read("gen_ai.output.messages"), [
    { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
  ]);
  assert.deepEqual(read("gen_ai.system_instructions"), [{ type: "text", content: "Be brief." }]);
});

test("slices add up to one request, in both spellings", async () => {
  const spans = Array.from({ length: 50 }, (_, index) =>
    spanOfRow(rowOf({ name: `span ${index}` }), sender, undefined),
  );
  const names = (bytes: Buffer) => decodeTraces(bytes).map((span: Span) => span.name);
  const wanted = spans.map(({ name }) => name);
  assert.deepEqual(names(await encodeBatch("traces", spans, "protobuf")), wanted);
  const json = await encodeBatch("traces", spans, "json");
  assert.deepEqual(names(requestFromJson("traces", json)), wanted);
  assert.deepEqual(decodeTraces(await encodeBatch("traces", spans, "protobuf")), decodeTraces(encodeTraces(spans)));
});

test("a batch of nothing is an empty request", async () => {
  assert.equal((await encodeBatch("logs", [], "protobuf")).length, 0);
});

const everyFourth = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, "0").repeat(16));
for (const [sampler, ratio, parent, share] of [
  ["always_on", 1, undefined, 1],
  ["always_off", 1, undefined, 0],
  ["always_on", 1, false, 1],
  ["parentbased_always_on", 1, false, 0],
  ["parentbased_always_off", 1, true, 1],
  ["parentbased_always_off", 1, undefined, 0],
  ["traceidratio", 0.25, undefined, 0.25],
  ["traceidratio", 0, undefined, 0],
  ["traceidratio", 1, undefined, 1],
  ["parentbased_traceidratio", 0.5, undefined, 0.5],
  ["parentbased_traceidratio", 0, true, 1],
] as const) {
  test(`${sampler} ${ratio}, parent ${parent}: a share of ${share}`, () => {
    const isSampled = createSampler({ sampler, samplerRatio: ratio });
    assert.equal(everyFourth.filter((id) => isSampled(id, parent)).length / everyFourth.length, share);
  });
}

test("deltas are what was counted since the last time", () => {
  const deltas = new DeltaMetrics();
  const at = (timeUnixNano: bigint, value: number, buckets: readonly bigint[]): Metric[] => {
    const base = { attributes: { a: "b" }, startTimeUnixNano: 1n, timeUnixNano, flags: 0, exemplars: [] };
    const described = { description: "", unit: "1", metadata: {}, ...sender };
    const count = buckets.reduce((sum, it) => sum + it, 0n);
    const histogram = { ...base, count, sum: value, min: null, max: null, bucketCounts: buckets, explicitBounds: [1] };
    return [
      {
        ...described,
        name: "sum",
        data: { type: "sum", points: [{ ...base, value }], temporality: 2, isMonotonic: true },
      },
      { ...described, name: "hist", data: { type: "histogram", points: [histogram], temporality: 2 } },
      { ...described, name: "gauge", data: { type: "gauge", points: [{ ...base, value }] } },
    ];
  };
  deltas.since(at(10n, 5, [1n, 1n]));
  const [sum, histogram, gauge] = deltas.since(at(20n, 8, [1n, 3n]));
  assert.ok(sum?.data.type === "sum" && histogram?.data.type === "histogram" && gauge?.data.type === "gauge");
  assert.equal(sum.data.temporality, 1);
  assert.deepEqual([sum.data.points[0]?.value, sum.data.points[0]?.startTimeUnixNano], [3, 10n]);
  assert.deepEqual([histogram.data.points[0]?.count, histogram.data.points[0]?.bucketCounts], [2n, [0n, 2n]]);
  assert.equal(gauge.data.points[0]?.value, 8);
});
