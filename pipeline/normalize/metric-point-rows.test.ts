import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProjectId } from "@weir/model";
import type { Metric, MetricData } from "@weir/otlp";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { metricPointRows } from "./metric-point-rows.ts";

const point = { attributes: { a: 1 }, startTimeUnixNano: 1n, timeUnixNano: 2n, flags: 0 };
const statistics = { ...point, count: 3n, sum: 4.5, min: 1, max: 2, exemplars: [] };
const exemplar = {
  filteredAttributes: {},
  timeUnixNano: 9n,
  value: 0.5,
  spanId: "00f067aa0ba902b7",
  traceId: "0af7651916cd43dd8448eb211c80319c",
};

function metricOf(data: MetricData, name = "m"): Metric {
  const scope = { name: "lib", version: "", attributes: {} };
  const resource = { "service.name": "shop", "deployment.environment": "prod" };
  return { name, description: "d", unit: "s", metadata: {}, data, scope, resource };
}

const rowsOf = (metric: Metric) => metricPointRows(metric, { projectId: defaultProjectId }, 77n);

for (const [name, data, wanted] of [
  [
    "a gauge",
    { type: "gauge", points: [{ ...point, value: 1.5, exemplars: [exemplar] }] },
    {
      type: "gauge",
      value: 1.5,
      temporality: "",
      unit: "s",
      service_name: "shop",
      environment: "prod",
      attributes: { a: "1" },
      exemplar_times: [9n],
      exemplar_values: [0.5],
      exemplar_trace_ids: [exemplar.traceId],
      exemplar_span_ids: [exemplar.spanId],
    },
  ],
  [
    "an integer beyond 2^53",
    { type: "gauge", points: [{ ...point, value: 2n ** 60n, exemplars: [] }] },
    { value: 2 ** 60 },
  ],
  [
    "infinity",
    { type: "gauge", points: [{ ...point, value: Infinity, exemplars: [] }] },
    { value: Infinity, flags: 0 },
  ],
  [
    "a point without a value",
    { type: "gauge", points: [{ ...point, value: null, exemplars: [] }] },
    { value: null, flags: 1 },
  ],
  [
    "a point without a time",
    { type: "gauge", points: [{ ...point, timeUnixNano: 0n, value: 1, exemplars: [] }] },
    { time: 77n },
  ],
  [
    "a delta sum",
    { type: "sum", points: [{ ...point, value: 2, exemplars: [] }], temporality: 1, isMonotonic: true },
    { type: "sum", temporality: "delta", is_monotonic: 1, start_time: 1n, time: 2n },
  ],
  [
    "a histogram",
    { type: "histogram", points: [{ ...statistics, bucketCounts: [1n, 2n], explicitBounds: [0.5] }], temporality: 2 },
    { count: 3, sum: 4.5, min: 1, max: 2, bucket_counts: [1, 2], bucket_bounds: [0.5], temporality: "cumulative" },
  ],
  [
    "an exponential histogram",
    {
      type: "exponentialHistogram",
      temporality: 1,
      points: [
        {
          ...statistics,
          scale: 3,
          zeroCount: 1n,
          zeroThreshold: 0.1,
          positive: { offset: -4, bucketCounts: [1n] },
          negative: { offset: 2, bucketCounts: [1n, 0n] },
        },
      ],
    },
    {
      type: "exponential_histogram",
      scale: 3,
      zero_count: 1,
      zero_threshold: 0.1,
      positive_offset: -4,
      positive_counts: [1],
      negative_offset: 2,
      negative_counts: [1, 0],
    },
  ],
  [
    "a summary",
    { type: "summary", points: [{ ...point, count: 3n, sum: 4, quantileValues: [{ quantile: 0.5, value: 7 }] }] },
    { count: 3, sum: 4, quantiles: [0.5], quantile_values: [7], temporality: "cumulative" },
  ],
] as const satisfies [string, MetricData, object][]) {
  test(`${name} becomes a row`, () => {
    const { rows, rejectedCount } = rowsOf(metricOf(data));
    assert.equal(rejectedCount, 0);
    const [row] = rows;
    assert.ok(row);
    assert.deepEqual({ ...row, ...wanted }, row);
    createBlockWriter("metric_points").append(row);
  });
}

for (const [name, metric, reason] of [
  ["no name", metricOf({ type: "gauge", points: [{ ...point, value: 1, exemplars: [] }] }, ""), /needs a name/],
  [
    "no temporality",
    metricOf({ type: "sum", points: [{ ...point, value: 1, exemplars: [] }], temporality: 0, isMonotonic: true }),
    /delta or cumulative/,
  ],
  [
    "buckets that do not fit",
    metricOf({
      type: "histogram",
      points: [{ ...statistics, bucketCounts: [1n], explicitBounds: [1] }],
      temporality: 1,
    }),
    /one more bucket count/,
  ],
] as const) {
  test(`a metric with ${name} is rejected with the reason`, () => {
    const made = rowsOf(metric);
    assert.deepEqual([made.rows.length, made.rejectedCount], [0, 1]);
    assert.match(made.reason, reason);
  });
}
