import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanId, newSpanRow, newTraceId, projectId, type SpanRow } from "@weir/model";
import fc from "fast-check";
import { BlockColumns } from "../../blocks/block-columns.ts";
import { createBlockWriter } from "../../blocks/block-writer.ts";
import { readBlocks } from "../../testing.ts";
import { RepeatedCalls } from "./repeated-calls.ts";

const shop = projectId("shop");
const start = 1_790_000_000_000_000_000n;
const trace = newTraceId();
const sdkSpan = newSpanId();

function call(source: "gateway" | "rest" | "otlp", changes: Partial<SpanRow> = {}): SpanRow {
  const row = newSpanRow(projectId(changes.project_id ?? shop), source, start, trace);
  return {
    ...row,
    ...{ kind: "llm", duration_ns: 1e9, request_model: "gpt-4o", response_id: "chatcmpl-1" },
    ...{ input_tokens: 10, output_tokens: 5, usage_source: "provider", cost_nano_usd: 100, price_version: "v1" },
    ...{ input: "é asked", tags: ["a", "b"], attributes: { kept: "yes" } },
    ...changes,
  };
}

function blockOf(...rows: readonly SpanRow[]): Uint8Array {
  const writer = createBlockWriter("spans");
  for (const row of rows) writer.append(row);
  return writer.finish().block;
}

const columnsOf = (...rows: readonly SpanRow[]) => new BlockColumns(blockOf(...rows), "spans", "response_id");

/** The rows as they are stored, each in a block of its own. */
function stored(rows: readonly SpanRow[], repeated = new RepeatedCalls(1000)): SpanRow[] {
  return rows.flatMap((row) => readBlocks(repeated.mark(columnsOf(row)).block, "spans") as unknown as SpanRow[]);
}

const withoutAnswer = { response_id: "" };
const later = { start_time: start + 5_000_000_000n };
const otherTrace = { trace_id: newTraceId() };

const cases: [name: string, one: SpanRow, other: SpanRow, isRepeated: boolean][] = [
  ["one answer in one trace", call("gateway"), call("otlp"), true],
  ["one answer in two exports", call("otlp"), call("otlp"), true],
  ["one answer, posted and passed on", call("gateway"), call("rest"), true],
  ["one answer in traces of their own, at one time", call("gateway"), call("otlp", otherTrace), true],
  [
    "one answer's id used again by a server that counts from 1",
    call("gateway"),
    call("otlp", { ...otherTrace, ...later }),
    false,
  ],
  ["one answer's id in two traces of one sender", call("otlp"), call("otlp", otherTrace), false],
  ["the gateway's answers from its cache", call("gateway"), call("gateway"), false],
  ["one answer of another project", call("gateway"), call("otlp", { project_id: "bank" }), false],
  ["one answer of another kind", call("gateway"), call("otlp", { kind: "embedding" }), false],
  ["another answer", call("gateway"), call("otlp", { response_id: "chatcmpl-2" }), false],
  [
    "one span in two exports",
    call("otlp", { span_id: sdkSpan, ...withoutAnswer }),
    call("otlp", { span_id: sdkSpan, ...withoutAnswer }),
    true,
  ],
  [
    "a call within a call",
    call("otlp", { span_id: sdkSpan, ...withoutAnswer }),
    call("otlp", { parent_span_id: sdkSpan, ...withoutAnswer }),
    true,
  ],
  [
    "a call within a posted call",
    call("rest", { span_id: sdkSpan, ...withoutAnswer }),
    call("rest", { parent_span_id: sdkSpan, ...withoutAnswer }),
    false,
  ],
  ["no answer's id, passed on at that time", call("gateway", withoutAnswer), call("otlp"), true],
  ["no answer's id, of another model", call("gateway", withoutAnswer), call("otlp", { request_model: "o3" }), false],
  ["no answer's id, at another time", call("gateway", withoutAnswer), call("otlp", later), false],
  [
    "no answer's id, an attempt that failed",
    call("gateway", { ...withoutAnswer, status: "error" }),
    call("otlp"),
    false,
  ],
  ["a tool's span", call("gateway"), call("otlp", { kind: "tool" }), false],
];
for (const [name, one, other, isRepeated] of cases) {
  for (const [order, rows] of [
    ["", [one, other]],
    [", the other way round", [other, one]],
  ] as const) {
    test(`${name}${order}: ${isRepeated ? "counted once" : "both stay"}`, () => {
      const [first, second] = stored(rows);
      const [given] = rows;
      assert.deepEqual(first, readBlocks(blockOf(given), "spans")[0]);
      assert.equal(second?.attributes["weir.duplicate_of"], isRepeated ? given.span_id : undefined);
      if (!isRepeated) return assert.deepEqual(second, readBlocks(blockOf(rows[1]), "spans")[0]);
      assert.deepEqual(
        [second?.kind, second?.input_tokens, second?.cost_nano_usd, second?.usage_source, second?.price_version],
        ["chain", null, null, "none", ""],
      );
      assert.deepEqual([second?.input, second?.tags, second?.attributes["kept"]], ["é asked", ["a", "b"], "yes"]);
    });
  }
}

test("usage that the first record does not know is not given up", () => {
  const [, second] = stored([call("gateway", { input_tokens: null, output_tokens: null }), call("otlp")]);
  assert.deepEqual([second?.kind, second?.input_tokens], ["llm", 10]);
});

test("calls side by side without answers' ids are paired one to one", () => {
  const rows = [
    call("gateway", withoutAnswer),
    call("gateway", withoutAnswer),
    ...[1, 2, 3].map(() => call("otlp", withoutAnswer)),
  ];
  assert.deepEqual(
    stored(rows).map(({ kind }) => kind),
    ["llm", "llm", "chain", "chain", "llm"],
  );
});

test("calls of before this process are known", () => {
  const gateway = call("gateway");
  const repeated = new RepeatedCalls(1000);
  repeated.remember([{ ...gateway, start_ms: Number(start / 1_000_000n), end_ms: Number(start / 1_000_000n) + 1000 }]);
  assert.equal(stored([call("otlp", otherTrace)], repeated)[0]?.attributes["weir.duplicate_of"], gateway.span_id);
  // What a batch repeats after a crash is the call itself.
  assert.equal(stored([gateway], repeated)[0]?.kind, "llm");
});

test("those beyond the limit are forgotten, and no other is taken for them", () => {
  const repeated = new RepeatedCalls(16);
  const rows = Array.from({ length: 100 }, (_, index) =>
    call("gateway", { response_id: `r${index}`, trace_id: newTraceId() }),
  );
  assert.ok(stored(rows, repeated).every(({ kind }) => kind === "llm"));
  const again = stored(rows.map((row) => ({ ...row, source: "otlp", span_id: newSpanId() })).reverse(), repeated);
  assert.deepEqual(again.filter(({ kind }) => kind === "chain").length, 16);
});

test("a block without repeated calls is the very block", () => {
  const columns = columnsOf(call("gateway"), call("otlp", { kind: "chain" }));
  assert.equal(new RepeatedCalls(10).mark(columns).block, columns.bytes);
  assert.deepEqual(new RepeatedCalls(10).mark(columnsOf()).count, 0);
});

test("bytes that are no block are an error, not a crash", () => {
  const block = blockOf(call("gateway"), call("otlp"));
  fc.assert(
    fc.property(fc.nat(block.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
      const changed = isCut
        ? block.subarray(0, at)
        : Uint8Array.from(block, (old, index) => (index === at ? byte : old));
      try {
        new BlockColumns(changed, "spans", "response_id").textsOf("response_id");
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
  );
});
