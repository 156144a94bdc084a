import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLogs } from "./decode-logs.ts";
import { decodeMetrics } from "./decode-metrics.ts";
import { encodeLogs, encodeMetrics, encodeRequest, encodeTraces, logsTree, metricsTree, tracesTree } from "./encode.ts";
import { requestFromJson } from "./from-json.ts";
import { anyRequest, scrambled, seeded } from "./random-message.ts";
import { type Message, requests, type Signal } from "./schema.ts";
import type { Span } from "./span.ts";
import { decodeTraces, SpanCursor, valueKinds } from "./span-cursor.ts";
import { oracleType } from "./testing.ts";
import { WireWriter } from "./wire-writer.ts";

const signals = ["traces", "logs", "metrics"] as const;
const oracles = { traces: oracleType("traces"), logs: oracleType("logs"), metrics: oracleType("metrics") };
const decoders: Record<Signal, (bytes: Uint8Array) => unknown[]> = {
  traces: decodeTraces,
  logs: decodeLogs,
  metrics: decodeMetrics,
};
const numRuns = 200;

type Tree = Record<string, unknown>;

/** The tree as protobufjs wants it: bytes as bytes, doubles as numbers. */
function oracleTree({ fields }: Message, tree: Tree): Tree {
  const out: Tree = {};
  for (const { name, type, isRepeated } of fields) {
    const value = tree[name];
    if (value === undefined) continue;
    const convert = (it: unknown): unknown => {
      if (typeof type !== "string") return oracleTree(type, it as Tree);
      if (type === "id") return Buffer.from(it as string, "hex");
      return type === "bytes" ? Buffer.from(it as string, "base64") : it;
    };
    out[name] = isRepeated ? (value as unknown[]).map(convert) : convert(value);
  }
  return out;
}

function oracleEncode(signal: Signal, tree: Tree): Buffer {
  const type = oracles[signal];
  return Buffer.from(type.encode(type.fromObject(oracleTree(requests[signal], tree))).finish());
}

function oracleObject(signal: Signal, bytes: Uint8Array): unknown {
  const type = oracles[signal];
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, enums: Number });
}

/** What the decoder must make of the oracle's reading: written apart from the decoder, over protobufjs's objects. */
const plain: Record<Signal, (bytes: Uint8Array) => unknown[]> = {
  traces: (bytes) => items("traces", bytes, ["resourceSpans", "scopeSpans", "spans"], plainSpan),
  logs: (bytes) => items("logs", bytes, ["resourceLogs", "scopeLogs", "logRecords"], plainLog),
  metrics: (bytes) => items("metrics", bytes, ["resourceMetrics", "scopeMetrics", "metrics"], plainMetric),
};

// biome-ignore lint/suspicious/noExplicitAny: protobufjs's objects have no types of their own.
type Loose = any;

function items(signal: Signal, bytes: Uint8Array, names: readonly string[], read: (item: Loose) => object): unknown[] {
  const type = oracles[signal];
  const object: Loose = type.toObject(type.decode(bytes), { longs: String, enums: Number });
  const [resources = "", scopes = "", list = ""] = names;
  return (object[resources] ?? []).flatMap((held: Loose) =>
    (held[scopes] ?? []).flatMap((scoped: Loose) =>
      (scoped[list] ?? []).map((item: Loose) => ({
        ...read(item),
        scope: {
          name: scoped.scope?.name ?? "",
          version: scoped.scope?.version ?? "",
          attributes: plainAttributes(scoped.scope?.attributes),
        },
        resource: plainAttributes(held.resource?.attributes),
      })),
    ),
  );
}

const hexOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
const big = (text: string | undefined) => BigInt(text ?? 0);
const whole = (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));

function plainAttributes(list: Loose): object {
  const attributes = {};
  for (const { key = "", value = {} } of list ?? []) {
    Object.defineProperty(attributes, key, {
      value: plainValue(value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return attributes;
}

function plainValue(value: Loose): unknown {
  if ("stringValue" in value) return value.stringValue;
  if ("boolValue" in value) return value.boolValue;
  if ("intValue" in value) return whole(value.intValue);
  if ("doubleValue" in value) return value.doubleValue;
  if ("bytesValue" in value) return Uint8Array.from(value.bytesValue);
  if ("arrayValue" in value) return (value.arrayValue.values ?? []).map(plainValue);
  return "kvlistValue" in value ? plainAttributes(value.kvlistValue.values) : null;
}

function plainSpan(span: Loose) {
  const parent = hexOf(span.parentSpanId);
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: /^0*$/.test(parent) ? "" : parent,
    traceState: span.traceState ?? "",
    flags: span.flags ?? 0,
    name: span.name ?? "",
    kind: span.kind ?? 0,
    startTimeUnixNano: big(span.startTimeUnixNano),
    endTimeUnixNano: big(span.endTimeUnixNano),
    attributes: plainAttributes(span.attributes),
    events: (span.events ?? []).map((event: Loose) => ({
      timeUnixNano: big(event.timeUnixNano),
      name: event.name ?? "",
      attributes: plainAttributes(event.attributes),
    })),
    links: (span.links ?? []).map((link: Loose) => ({
      traceId: hexOf(link.traceId),
      spanId: hexOf(link.spanId),
      attributes: plainAttributes(link.attributes),
    })),
    statusCode: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? "",
  };
}

function plainLog(record: Loose) {
  return {
    timeUnixNano: big(record.timeUnixNano),
    observedTimeUnixNano: big(record.observedTimeUnixNano),
    severityNumber: record.severityNumber ?? 0,
    severityText: record.severityText ?? "",
    body: plainValue(record.body ?? {}),
    attributes: plainAttributes(record.attributes),
    flags: record.flags ?? 0,
    traceId: hexOf(record.traceId),
    spanId: hexOf(record.spanId),
    eventName: record.eventName ?? "",
  };
}

function plainMetric(metric: Loose) {
  const type = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"].find((name) => name in metric);
  const data = type === undefined ? {} : metric[type];
  return {
    name: metric.name ?? "",
    description: metric.description ?? "",
    unit: metric.unit ?? "",
    metadata: plainAttributes(metric.metadata),
    data:
      type === undefined
        ? { type: "none" }
        : {
            type,
            points: (data.dataPoints ?? []).map((point: Loose) => plainPoint(type, point)),
            ...(/sum$|histogram/i.test(type) && { temporality: data.aggregationTemporality ?? 0 }),
            ...(type === "sum" && { isMonotonic: data.isMonotonic ?? false }),
          },
  };
}

const plainNumber = (it: Loose) => ("asDouble" in it ? it.asDouble : "asInt" in it ? whole(it.asInt) : null);
const plainBuckets = (it: Loose) => ({ offset: it?.offset ?? 0, bucketCounts: (it?.bucketCounts ?? []).map(big) });

function plainPoint(type: string, point: Loose) {
  const common = {
    attributes: plainAttributes(point.attributes),
    startTimeUnixNano: big(point.startTimeUnixNano),
    timeUnixNano: big(point.timeUnixNano),
    flags: point.flags ?? 0,
  };
  const exemplars = (point.exemplars ?? []).map((exemplar: Loose) => ({
    filteredAttributes: plainAttributes(exemplar.filteredAttributes),
    timeUnixNano: big(exemplar.timeUnixNano),
    value: plainNumber(exemplar),
    spanId: hexOf(exemplar.spanId),
    traceId: hexOf(exemplar.traceId),
  }));
  const count = big(point.count);
  const statistics = { count, sum: point.sum ?? null, min: point.min ?? null, max: point.max ?? null };
  switch (type) {
    case "histogram":
      return {
        ...common,
        ...statistics,
        bucketCounts: (point.bucketCounts ?? []).map(big),
        explicitBounds: point.explicitBounds ?? [],
        exemplars,
      };
    case "exponentialHistogram":
      return {
        ...common,
        ...statistics,
        scale: point.scale ?? 0,
        zeroCount: big(point.zeroCount),
        zeroThreshold: point.zeroThreshold ?? 0,
        positive: plainBuckets(point.positive),
        negative: plainBuckets(point.negative),
        exemplars,
      };
    case "summary":
      return {
        ...common,
        count,
        sum: point.sum ?? 0,
        quantileValues: (point.quantileValues ?? []).map(({ quantile = 0, value = 0 }) => ({ quantile, value })),
      };
    default:
      return { ...common, value: plainNumber(point), exemplars };
  }
}

for (const signal of signals) {
  test(`${signal}: random messages of the oracle's encoder are read as the oracle reads them`, () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const bytes = oracleEncode(signal, tree);
        assert.deepEqual(decoders[signal](bytes), plain[signal](bytes));
      }),
      { numRuns },
    );
  });

  test(`${signal}: what our encoder writes, from the JSON form, the oracle reads as its own`, () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const ours = requestFromJson(signal, Buffer.from(jsonOf(tree)));
        assert.deepEqual(oracleObject(signal, ours), oracleObject(signal, oracleEncode(signal, tree)));
      }),
      { numRuns },
    );
  });

  test(`${signal}: order, unknown fields, groups and messages in parts change nothing`, () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), (tree, seed) => {
        const bytes = oracleEncode(signal, tree);
        const other = scrambled(bytes, requests[signal], seeded(seed));
        assert.deepEqual(decoders[signal](other), decoders[signal](bytes));
      }),
      { numRuns },
    );
  });
}

/** NaN and the infinities as OTLP's JSON spells them, and -0, which JSON.stringify makes 0 of. */
function jsonOf(tree: unknown): string {
  return JSON.stringify(tree, (_key, value) => {
    if (Object.is(value, -0)) return "-0";
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  });
}

test("decoding what was encoded gives the same again, in both spellings", () => {
  const bytes = { traces: encodeTraces, logs: encodeLogs, metrics: encodeMetrics };
  const trees = { traces: tracesTree, logs: logsTree, metrics: metricsTree };
  for (const signal of signals) {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const first = decoders[signal](oracleEncode(signal, tree)) as never[];
        const again = decoders[signal](bytes[signal](first));
        const json = decoders[signal](requestFromJson(signal, Buffer.from(jsonOf(trees[signal](first)))));
        assert.deepEqual(json, again);
        // A whole double becomes an int, and -0 stays what it is.
        assert.deepEqual(again, first);
      }),
      { numRuns: 30 },
    );
  }
});

const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

function oneSpan(fields: (writer: WireWriter) => void): Span {
  const writer = new WireWriter();
  const inside = (number: number, write: () => void) => {
    writer.tag(number, 2);
    writer.nested(write);
  };
  inside(1, () => inside(2, () => inside(2, () => fields(writer))));
  return decodeTraces(writer.finish())[0] as Span;
}

function attribute(writer: WireWriter, key: string, ...values: ((writer: WireWriter) => void)[]): void {
  writer.tag(9, 2);
  writer.nested(() => {
    writer.tag(1, 2);
    writer.text(key);
    for (const value of values) {
      writer.tag(2, 2);
      writer.nested(() => value(writer));
    }
  });
}

const stringValue = (text: string) => (writer: WireWriter) => {
  writer.tag(1, 2);
  writer.text(text);
};
const listOf = (text: string) => (writer: WireWriter) => {
  writer.tag(5, 2);
  writer.nested(() => {
    writer.tag(1, 2);
    writer.nested(() => stringValue(text)(writer));
  });
};

test("of several scalars the last holds, of several values of one attribute too", () => {
  const span = oneSpan((writer) => {
    for (const name of ["first", "second"]) {
      writer.tag(5, 2);
      writer.text(name);
    }
    attribute(writer, "a", stringValue("one"), stringValue("two"));
    attribute(writer, "a", stringValue("three"));
    attribute(writer, "empty");
  });
  assert.equal(span.name, "second");
  assert.deepEqual(span.attributes, { a: "three", empty: null });
});

test("a list in parts is one list, and one of another kind takes its place", () => {
  const span = oneSpan((writer) => {
    attribute(writer, "list", listOf("a"), listOf("b"));
    attribute(writer, "replaced", listOf("a"), stringValue("x"), listOf("b"));
  });
  assert.deepEqual(span.attributes, { list: ["a", "b"], replaced: ["b"] });
});

test("invalid UTF-8 is replaced, in keys, names and values", () => {
  const broken = Buffer.from([0x61, 0xff, 0xfe, 0x62]);
  const span = oneSpan((writer) => {
    writer.tag(5, 2);
    writer.data(broken);
    writer.tag(9, 2);
    writer.nested(() => {
      writer.tag(1, 2);
      writer.data(broken);
      writer.tag(2, 2);
      writer.nested(() => {
        writer.tag(1, 2);
        writer.data(broken);
      });
    });
  });
  assert.equal(span.name, "a\ufffd\ufffdb");
  assert.deepEqual(span.attributes, { "a\ufffd\ufffdb": "a\ufffd\ufffdb" });
});

test("the cursor says what a span has without making it", () => {
  const tree = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: [
          {
            spans: [
              {
                ...ids,
                kind: 3,
                startTimeUnixNano: "7",
                attributes: [
                  { key: "known", value: { stringValue: "text" } },
                  { key: "n", value: { intValue: "5" } },
                  { key: "d", value: { doubleValue: 0.5 } },
                  { key: "b", value: { boolValue: true } },
                ],
                status: { code: 2 },
              },
              { traceId: "00", spanId: ids.spanId },
            ],
          },
        ],
      },
    ],
  };
  const cursor = new SpanCursor(["other", "known"]);
  cursor.open(encodeRequest("traces", tree));
  assert.ok(cursor.next());
  assert.ok(cursor.hasIds);
  assert.deepEqual([cursor.kind, cursor.statusCode, cursor.attributeCount, cursor.keyIds[0]], [3, 2, 4, 2]);
  assert.deepEqual(
    [...cursor.kinds.subarray(0, 4)],
    [valueKinds.string, valueKinds.int, valueKinds.double, valueKinds.bool],
  );
  assert.deepEqual([cursor.numbers[1], cursor.numbers[2], cursor.numbers[3]], [5, 0.5, 1]);
  assert.deepEqual(cursor.resource, { "service.name": "shop" });
  assert.ok(cursor.next());
  assert.ok(!cursor.hasIds);
  assert.ok(!cursor.next());
});

test("more keys than the table remembers are read all the same", () => {
  const cursor = new SpanCursor(["known"]);
  for (let round = 0; round < 3; round++) {
    const attributes = Array.from({ length: 3000 }, (_, index) => ({
      key: `key-${round}-${index}`,
      value: { intValue: index },
    }));
    cursor.open(encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, attributes }] }] }] }));
    assert.ok(cursor.next());
    const span = cursor.span();
    assert.equal(Object.keys(span.attributes).length, 3000);
    assert.equal(span.attributes[`key-${round}-2999`], 2999);
  }
});

test("the attributes of a sequence of keys that comes often are the same as those of one that does not", () => {
  const cursor = new SpanCursor();
  const spans = (count: number, extra: object) =>
    Array.from({ length: count }, (_, index) => ({
      ...ids,
      attributes: ["a", "__proto__", "b", "a"]
        .map((key) => ({ key, value: { intValue: index } }))
        .concat(extra as never),
    }));
  for (const extra of [[], [{ key: "c", value: { stringValue: "x" } }]]) {
    cursor.open(encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans: spans(30, extra) }] }] }));
    for (let index = 0; cursor.next(); index++) {
      const { attributes } = cursor.span();
      assert.deepEqual(Object.keys(attributes), ["a", "__proto__", "b", ...extra.map(() => "c")]);
      assert.deepEqual([attributes["a"], Object.getPrototypeOf(attributes)], [index, Object.prototype]);
    }
  }
  const plainKeys = Array.from({ length: 30 }, (_, index) => ({
    ...ids,
    attributes: ["x.y", 'quo"te', "\u2028", "x.y"].map((key) => ({ key, value: { intValue: index } })),
  }));
  cursor.open(encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans: plainKeys }] }] }));
  for (let index = 0; cursor.next(); index++) {
    assert.deepEqual(cursor.span().attributes, { "x.y": index, 'quo"te': index, "\u2028": index });
  }
});
