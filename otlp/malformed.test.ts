import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLogs } from "./decode-logs.ts";
import { decodeMetrics } from "./decode-metrics.ts";
import { encodeRequest } from "./encode.ts";
import { requestFromJson } from "./from-json.ts";
import { MalformedOtlpError } from "./malformed.ts";
import { anyRequest, seeded } from "./random-message.ts";
import type { Signal } from "./schema.ts";
import { decodeTraces, SpanCursor } from "./span-cursor.ts";
import { WireWriter } from "./wire-writer.ts";

const decoders: Record<Signal, (bytes: Uint8Array) => unknown[]> = {
  traces: decodeTraces,
  logs: decodeLogs,
  metrics: decodeMetrics,
};
const signals = ["traces", "logs", "metrics"] as const;

/** Whether it could be read; anything thrown but the one typed error fails the test. */
function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    assert.ok(error instanceof MalformedOtlpError, String(error));
    return false;
  }
}

test("every cut of a message is read as far as it goes or refused", () => {
  for (const signal of signals) {
    for (const tree of fc.sample(anyRequest(signal), { numRuns: 8, seed: 7 })) {
      const bytes = encodeRequest(signal, tree).subarray(0, 3000);
      for (let length = 0; length <= bytes.length; length++) isRead(() => decoders[signal](bytes.subarray(0, length)));
    }
  }
});

test("mutated messages are read or refused, and the cursor works on afterwards", () => {
  const random = seeded(3);
  const cursor = new SpanCursor();
  const whole = encodeRequest("traces", {
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "01", name: "whole" }] }] }],
  });
  for (const signal of signals) {
    for (const tree of fc.sample(anyRequest(signal), { numRuns: 40, seed: 11 })) {
      const bytes = encodeRequest(signal, tree);
      for (let round = 0; round < 15; round++) {
        const mutated = Buffer.from(bytes);
        for (let change = 0; change <= round % 4; change++) {
          mutated[Math.floor(random() * mutated.length)] = Math.floor(random() * 256);
        }
        isRead(() => decoders[signal](mutated));
        isRead(() => {
          cursor.open(mutated);
          while (cursor.next()) cursor.span();
        });
      }
      cursor.open(whole);
      assert.ok(cursor.next());
      assert.equal(cursor.span().name, "whole");
    }
  }
});

test("random bytes are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...signals), (bytes, signal) => {
      isRead(() => decoders[signal](bytes));
      isRead(() => requestFromJson(signal, bytes));
    }),
    { numRuns: 2000 },
  );
});

function nested(depth: number, number: number): Buffer {
  const writer = new WireWriter();
  const into = (level: number) => {
    if (level === 0) return;
    writer.tag(number, 2);
    writer.nested(() => {
      writer.tag(1, 2);
      writer.nested(() => {
        if (number === 5) return into(level - 1);
        writer.tag(2, 2);
        writer.nested(() => into(level - 1));
      });
    });
  };
  const path = [1, 2, 2, 9, 2];
  const down = (index: number) => {
    if (index === path.length) return into(depth);
    writer.tag(path[index] as number, 2);
    writer.nested(() => down(index + 1));
  };
  down(0);
  return writer.finish();
}

const inSpan = (...bytes: number[]) => requestOf(Uint8Array.from(bytes));

/** A request whose one span is these bytes. */
function requestOf(bytes: Uint8Array): Buffer {
  const writer = new WireWriter();
  const down = (level: number) => {
    writer.tag(level === 0 ? 1 : 2, 2);
    if (level === 2) writer.data(bytes);
    else writer.nested(() => down(level + 1));
  };
  down(0);
  return writer.finish();
}

for (const [name, bytes, offset] of [
  ["a length beyond the end", Buffer.from([0x0a, 0x05, 0x01]), 2],
  ["a length of 2^63", Buffer.from([0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 127]), 10],
  ["a number without end", inSpan(0x30, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255), 7],
  ["a number that runs over the span's end", Buffer.concat([inSpan(0x30, 0x80), Buffer.from([0, 0])]), 8],
  ["a field of number 0", inSpan(0x00, 0x01), 6],
  ["wire type 7", inSpan(0x0f), 7],
  ["a group without end", inSpan(0x1b, 0x08, 0x01), 9],
  ["the end of a group that did not begin", inSpan(0x1c), 7],
  ["groups a hundred deep", inSpan(...Array(100).fill(0x1b)), 71],
  ["a time that is cut off", inSpan(0x39, 1, 2, 3), 10],
  ["lists a hundred deep", nested(100, 5), undefined],
  ["maps a hundred deep", nested(100, 6), undefined],
] as const) {
  test(`${name} is refused, with its place`, () => {
    assert.throws(
      () => decodeTraces(bytes),
      (error) => {
        assert.ok(error instanceof MalformedOtlpError);
        assert.equal(error.code, "BAD_REQUEST");
        if (offset !== undefined) assert.equal(error.offset, offset);
        assert.match(error.message, /^The protobuf message is malformed at byte \d+: /);
        return true;
      },
    );
  });
}

test("lists as deep as is allowed are read", () => {
  assert.equal(decodeTraces(nested(60, 5)).length, 1);
});

test("a span with hundreds of thousands of attributes is refused, and its memory given back", () => {
  const cursor = new SpanCursor();
  cursor.open(requestOf(Uint8Array.from(Array(200_000).fill([0x4a, 0x00]).flat())));
  assert.throws(() => cursor.next(), MalformedOtlpError);
  cursor.open(inSpan(0x2a, 0x00));
  assert.ok(cursor.keyIds.length <= 1024);
});

const span = (fields: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`;
const at = "resourceSpans[0].scopeSpans[0].spans[0]";

for (const [json, path] of [
  ["[]", ""],
  ["3", ""],
  ["{", ""],
  ['{"resourceSpans":{}}', "resourceSpans"],
  ['{"resourceSpans":[null]}', "resourceSpans[0]"],
  [span('"kind":"SPAN_KIND_SERVER"'), `${at}.kind`],
  [span('"traceId":"xyz"'), `${at}.traceId`],
  [span('"traceId":"abc"'), `${at}.traceId`],
  [span('"name":5'), `${at}.name`],
  [span('"startTimeUnixNano":"now"'), `${at}.startTimeUnixNano`],
  [span('"startTimeUnixNano":-1'), `${at}.startTimeUnixNano`],
  [span('"flags":4294967296'), `${at}.flags`],
  [span('"status":{"code":1.5}'), `${at}.status.code`],
  [span('"attributes":[{"key":"a","value":{"boolValue":"true"}}]'), `${at}.attributes[0].value.boolValue`],
  [span('"attributes":[{"key":"a","value":{"bytesValue":"***"}}]'), `${at}.attributes[0].value.bytesValue`],
  [span('"attributes":[{"key":"a","value":{"doubleValue":"big"}}]'), `${at}.attributes[0].value.doubleValue`],
] as const) {
  test(`JSON ${json.slice(0, 90)} is refused at ${path || "the body"}`, () => {
    assert.throws(
      () => requestFromJson("traces", Buffer.from(json)),
      (error) => error instanceof MalformedOtlpError && error.path === path,
    );
  });
}

test("JSON: times as numbers are exact, null is nothing, unknown fields are ignored, ids of any case are read", () => {
  const json = span(
    `"traceId":"0AF7651916CD43DD8448EB211C80319C","startTimeUnixNano":1767323045123456789,"name":null,"other":{"a":[1]},
     "attributes":[{"key":"n","value":{"intValue":9007199254740993}},{"key":"d","value":{"doubleValue":"NaN"}}]`,
  );
  const [read] = decodeTraces(requestFromJson("traces", Buffer.from(json)));
  assert.equal(read?.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(read?.startTimeUnixNano, 1767323045123456789n);
  assert.deepEqual(read?.attributes, { n: 9007199254740993n, d: Number.NaN });
});

test("JSON nested a hundred thousand deep is refused", () => {
  const deep = `${'{"arrayValue":{"values":['.repeat(100_000)}{}${"]}}".repeat(100_000)}`;
  const json = span(`"attributes":[{"key":"a","value":${deep}}]`);
  assert.throws(() => requestFromJson("traces", Buffer.from(json)), MalformedOtlpError);
});
