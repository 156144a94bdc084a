import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { explicitBuckets, exponentialBuckets, quantileOf } from "./histogram-quantile.ts";

const counts = (...values: number[]) => new Map(values.map((value, index) => [index, value]));

for (const [name, buckets, share, wanted] of [
  ["nothing", [], 0.5, null],
  ["the first bucket begins at zero", explicitBuckets([10, 20], counts(10, 0, 0)), 0.5, 5],
  ["beyond the last bound", explicitBuckets([10, 20], counts(0, 0, 4)), 0.9, 20],
  ["no bounds", explicitBuckets([], counts(4)), 0.5, null],
  ["bounds below zero", explicitBuckets([-10, 0], counts(0, 10, 0)), 0.5, -5],
  ["zeros", exponentialBuckets({ scale: 0, zeroCount: 9, positive: counts(1), negative: new Map() }), 0.5, 0],
  [
    "a factor of four from 2 to 8, by the factor",
    exponentialBuckets({ scale: -1, zeroCount: 0, positive: new Map([[0, 10]]), negative: new Map() }),
    0.5,
    2,
  ],
  [
    "below zero",
    exponentialBuckets({ scale: 0, zeroCount: 0, positive: new Map(), negative: new Map([[1, 10]]) }),
    1,
    -2,
  ],
] as const) {
  test(`quantile: ${name}`, () => assert.equal(quantileOf(buckets, share), wanted));
}

test("a quantile of an exponential histogram is within its error of the exact one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
      (values) => {
        const scale = 4;
        const positive = new Map<number, number>();
        for (const value of values) {
          const index = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
          positive.set(index, (positive.get(index) ?? 0) + 1);
        }
        const buckets = exponentialBuckets({ scale, zeroCount: 0, positive, negative: new Map() });
        const exact = values.toSorted((one, other) => one - other)[Math.ceil(values.length * 0.9) - 1] ?? 0;
        const told = quantileOf(buckets, 0.9) ?? 0;
        assert.ok(Math.abs(told - exact) / exact < 0.05, `${told} for ${exact}`);
      },
    ),
  );
});
