import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceSpan } from "@weir/api/contract";
import { ancestorsOf, barOf, flattenTree, nanosBetween, spanTree } from "./span-tree.ts";

/** `a`, `b<a`: b is below a. */
function spansOf(...shapes: readonly string[]): TraceSpan[] {
  return shapes.map((shape) => {
    const [span_id = "", parent] = shape.split("<");
    return { span_id, parent_span_id: parent ?? null } as TraceSpan;
  });
}

function outline(spans: readonly TraceSpan[], collapsed: readonly string[] = []): string {
  return flattenTree(spanTree(spans), new Set(collapsed))
    .map(({ span, depth, isOrphan }) => `${"-".repeat(depth)}${span.span_id}${isOrphan ? "?" : ""}`)
    .join(" ");
}

for (const [name, spans, want] of [
  ["children in order below their parent", spansOf("a", "b<a", "c<b", "d<a"), "a -b --c -d"],
  ["a child that comes before its parent", spansOf("b<a", "a"), "a -b"],
  ["a missing parent", spansOf("a", "b<gone"), "a b?"],
  ["a circle", spansOf("a<b", "b<a"), "a -b"],
  ["its own parent", spansOf("a<a"), "a"],
  ["nothing", [], ""],
] as const) {
  test(`tree: ${name}`, () => assert.equal(outline(spans), want));
}

test("what is below a collapsed span is left out, and counted", () => {
  const spans = spansOf("a", "b<a", "c<b", "d<b", "e<a");
  assert.equal(outline(spans, ["b"]), "a -b -e");
  const nodes = flattenTree(spanTree(spans), new Set());
  assert.deepEqual(
    nodes.map(({ descendantCount }) => descendantCount),
    [4, 2, 0, 0, 0],
  );
});

test("ten thousand spans in a chain", () => {
  const spans = Array.from(
    { length: 10_000 },
    (_, index) => spansOf(index === 0 ? "s0" : `s${index}<s${index - 1}`)[0] as TraceSpan,
  );
  assert.equal(flattenTree(spanTree(spans), new Set()).at(-1)?.depth, 9999);
});

test("the way up", () => {
  assert.deepEqual(ancestorsOf(spansOf("a", "b<a", "c<b"), "c"), ["b", "a"]);
  assert.deepEqual(ancestorsOf(spansOf("a<b", "b<a"), "a"), ["b", "a"]);
});

test("time to the nanosecond", () => {
  assert.equal(nanosBetween("2026-11-21T04:00:00.000000100Z", "2026-11-21T04:00:00.001000300Z"), 1_000_200);
  assert.equal(nanosBetween("2026-11-21T04:00:00Z", "2026-11-21T04:00:01.5Z"), 1_500_000_000);
});

test("bars stay inside the trace", () => {
  const trace = { start_time: "2026-11-21T04:00:00Z", duration_ns: 1e9 };
  assert.deepEqual(barOf(trace, { start_time: "2026-11-21T04:00:00.250Z", duration_ns: 5e8 }), {
    left: 0.25,
    width: 0.5,
  });
  assert.deepEqual(barOf(trace, { start_time: "2026-11-21T04:00:00.900Z", duration_ns: 5e8 }).left, 0.9);
  assert.ok(barOf(trace, { start_time: "2026-11-21T04:00:00.900Z", duration_ns: 5e8 }).width <= 0.1 + 1e-9);
  assert.equal(barOf(trace, { start_time: "2026-11-21T03:59:59Z", duration_ns: 5e8 }).left, 0);
});
