import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { timingParts } from "./timing-parts.ts";

const ms = 1e6;

for (const [name, call, want] of [
  [
    "a stream",
    { duration_ns: 1000 * ms, ttft_ns: 300 * ms, gateway_ns: 1 * ms },
    { gateway: 1, waiting: 299, generation: 700 },
  ],
  ["no stream", { duration_ns: 1000 * ms, ttft_ns: null, gateway_ns: 2 * ms }, { gateway: 2, waiting: 998 }],
  ["reported by an SDK", { duration_ns: 1000 * ms, ttft_ns: null, gateway_ns: null }, { waiting: 1000 }],
  ["no time at all", { duration_ns: 0, ttft_ns: null, gateway_ns: null }, {}],
] as const) {
  test(`parts of ${name}`, () => {
    const parts = timingParts({ ...call, kind: "llm" });
    assert.deepEqual(Object.fromEntries(parts.map(({ id, duration_ns }) => [id, duration_ns / ms])), want);
  });
}

for (const kind of ["agent", "tool", "chain", "http"])
  test(`a span of kind ${kind} has no parts: no provider was waited for`, () => {
    assert.deepEqual(timingParts({ kind, duration_ns: 1000 * ms, ttft_ns: null, gateway_ns: null }), []);
  });

test("parts add up to the duration, whatever was measured", () => {
  const time = fc.integer({ min: 0, max: 1e12 });
  const maybe = fc.option(time);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e12 }), maybe, maybe, (duration_ns, ttft_ns, gateway_ns) => {
      const parts = timingParts({ duration_ns, ttft_ns, gateway_ns, kind: "llm" });
      assert.equal(
        parts.reduce((sum, part) => sum + part.duration_ns, 0),
        duration_ns,
      );
      for (const { share } of parts) assert.ok(share > 0 && share <= 1);
    }),
  );
});
