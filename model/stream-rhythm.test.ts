import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mostKeptGaps, readStreamRhythm, writeStreamRhythm } from "./stream-rhythm.ts";

for (const [arrivalsMs, wanted] of [
  [[], ""],
  [[5], ""],
  [[5, 25.04, 25.04, 125], "1:200,0,1000"],
  [[0, 0.04, 0.08, 0.12], "1:0,1,0"],
] as const) {
  test(`${JSON.stringify(arrivalsMs)} is ${JSON.stringify(wanted)}`, () =>
    assert.equal(writeStreamRhythm(1, arrivalsMs), wanted));
}

for (const text of [undefined, "", "1:", "0:5", "1:5,", "1:-5", "1:1.5", "x", `1:${"1,".repeat(mostKeptGaps)}1`]) {
  test(`${String(text).slice(0, 20)} is no rhythm`, () => assert.equal(readStreamRhythm(text), undefined));
}

test("gaps come back to a tenth of a millisecond, and rounding does not add up", () => {
  const gaps = fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { minLength: 1, maxLength: mostKeptGaps });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 64 }), (given, stride) => {
      let at = 1000;
      const arrivals = [at];
      for (const gap of given) {
        at += gap;
        arrivals.push(at);
      }
      const read = readStreamRhythm(writeStreamRhythm(stride, arrivals));
      assert.equal(read?.chunksPerGap, stride);
      assert.equal(read.gapsMs.length, given.length);
      const total = read.gapsMs.reduce((sum, gap) => sum + gap, 0);
      assert.ok(Math.abs(total - (at - 1000)) < 0.06);
    }),
  );
});
