import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metric } from "@weir/otlp";
import fc from "fast-check";
import { snappyBlock } from "./snappy-block.ts";
import { encodeWriteRequest, samplesOf } from "./write-request.ts";

/** Snappy's format read back, as far as literals go. */
function unpacked(block: Buffer): Buffer {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = block[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const length = varint();
  const parts: Buffer[] = [];
  while (at < block.length) {
    const tag = block[at++] as number;
    assert.equal(tag & 3, 0, "a literal");
    let size = tag >> 2;
    if (size >= 60) {
      const bytes = size - 59;
      size = block.readUIntLE(at, bytes);
      at += bytes;
    }
    parts.push(block.subarray(at, at + size + 1));
    at += size + 1;
  }
  const whole = Buffer.concat(parts);
  assert.equal(whole.length, length);
  return whole;
}

test("a Snappy block holds the bytes that were put into it", () => {
  for (const length of [0, 1, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 200_000]) {
    const bytes = Buffer.alloc(length, "abc");
    assert.ok(unpacked(snappyBlock(bytes)).equals(bytes), String(length));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => unpacked(snappyBlock(Buffer.from(bytes))).equals(bytes)),
  );
});

const resource = { "service.name": "weir", "host.name": "h", "weir.process": "gateway-0", "host.cpu": 4 };
const time = { startTimeUnixNano: 0n, timeUnixNano: 1_700_000_000_123_456_789n };
const point = { ...time, flags: 0, exemplars: [] };
const described = { description: "", metadata: {}, resource, scope: { name: "weir", version: "", attributes: {} } };
const metricOf = (name: string, unit: string, data: Metric["data"]): Metric => ({ ...described, name, unit, data });
const counted = { temporality: 2, isMonotonic: true } as const;

test("metrics get Prometheus's names, labels and cumulative buckets", () => {
  const samples = samplesOf([
    metricOf("gen_ai.client.operation.duration", "s", {
      type: "histogram",
      temporality: 2,
      points: [
        {
          ...point,
          attributes: { "gen_ai.request.model": "gpt-4o" },
          count: 6n,
          sum: 3.5,
          min: null,
          max: null,
          bucketCounts: [1n, 2n, 3n],
          explicitBounds: [0.5, 1],
        },
      ],
    }),
    metricOf("weir.calls_seconds", "s", { type: "sum", ...counted, points: [{ ...point, attributes: {}, value: 7 }] }),
    metricOf("tokens_counter", "1", { type: "sum", ...counted, points: [{ ...point, attributes: {}, value: 8 }] }),
    metricOf("weir.open", "{call}", { type: "gauge", points: [{ ...point, attributes: {}, value: 9n }] }),
  ]);
  const own = { instance: "h:gateway-0", job: "weir" };
  const duration = "gen_ai_client_operation_duration_seconds";
  const ofModel = { gen_ai_request_model: "gpt-4o", ...own };
  assert.deepEqual(
    samples.map(({ labels, value }) => [Object.fromEntries(labels), value]),
    [
      [{ __name__: `${duration}_bucket`, ...ofModel, le: "0.5" }, 1],
      [{ __name__: `${duration}_bucket`, ...ofModel, le: "1.0" }, 3],
      [{ __name__: `${duration}_bucket`, ...ofModel, le: "+Inf" }, 6],
      [{ __name__: `${duration}_sum`, ...ofModel }, 3.5],
      [{ __name__: `${duration}_count`, ...ofModel }, 6],
      [{ __name__: "weir_calls_seconds_total", ...own }, 7],
      [{ __name__: "tokens_counter", ...own }, 8],
      [{ __name__: "weir_open", ...own }, 9],
    ],
  );
  for (const { labels, timeUnixMs } of samples) {
    assert.deepEqual(
      labels,
      labels.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    assert.equal(timeUnixMs, 1_700_000_000_123);
  }
});

test("a write request is the protobuf that the specification draws", () => {
  const encoded = encodeWriteRequest([{ labels: [["__name__", "up"]], value: 1, timeUnixMs: 1 }]);
  assert.equal(encoded.toString("hex"), "0a1d0a0e0a085f5f6e616d655f5f12027570120b09000000000000f03f1001");
});
