import assert from "node:assert/strict";
import { test } from "node:test";
import { draggedRange, nameRange, rangeEnds, rangeQuery, readRange, writeRange } from "./range.ts";

const now = Date.parse("2026-11-21T04:00:00Z");

for (const [name, search, want] of [
  ["nothing is the default", {}, { kind: "preset", preset: "24h" }],
  ["a preset", { range: "1h" }, { kind: "preset", preset: "1h" }],
  ["an unknown preset", { range: "5y" }, { kind: "preset", preset: "24h" }],
  [
    "fixed ends win",
    { range: "1h", from: "2026-11-20T00:00:00Z", to: "2026-11-20T01:00:00Z" },
    { kind: "fixed", from: "2026-11-20T00:00:00.000Z", to: "2026-11-20T01:00:00.000Z" },
  ],
  [
    "ends the wrong way round",
    { from: "2026-11-20T01:00:00Z", to: "2026-11-20T00:00:00Z" },
    { kind: "preset", preset: "24h" },
  ],
  ["an end that is no time", { from: "yesterday", to: "2026-11-20T00:00:00Z" }, { kind: "preset", preset: "24h" }],
] as const) {
  test(`reading the range of a URL: ${name}`, () => assert.deepEqual(readRange(search), want));
}

test("writing a range names every key and leaves the default out", () => {
  assert.deepEqual(writeRange({ kind: "preset", preset: "24h" }), { range: undefined, from: undefined, to: undefined });
  assert.deepEqual(readRange(writeRange({ kind: "preset", preset: "7d" })), { kind: "preset", preset: "7d" });
});

test("a preset ends now; lists ask for it without an end", () => {
  const range = readRange({ range: "1h" });
  assert.deepEqual(rangeEnds(range, now), { from: "2026-11-21T03:00:00.000Z", to: "2026-11-21T04:00:00.000Z" });
  assert.deepEqual(rangeQuery(range, now), { from: "2026-11-21T03:00:00.000Z" });
});

test("a drag is widened to minutes, in either direction", () => {
  const want = { kind: "fixed", from: "2026-11-21T04:00:00.000Z", to: "2026-11-21T04:03:00.000Z" };
  assert.deepEqual(draggedRange(now / 1000 + 10, now / 1000 + 130), want);
  assert.deepEqual(draggedRange(now / 1000 + 130, now / 1000 + 10), want);
  assert.equal(draggedRange(now / 1000, now / 1000), undefined);
});

test("names", () => {
  assert.equal(nameRange({ kind: "preset", preset: "1h" }), "Last hour");
  assert.match(
    nameRange({ kind: "fixed", from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" }),
    /^\d+ Nov, \d\d:\d\d – \d+ Nov, \d\d:\d\d$/,
  );
});
