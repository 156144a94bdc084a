import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@weir/model";
import { rangeOf, unixNanoOf } from "./request-range.ts";

for (const [text, nano] of [
  ["1970-01-01T00:00:00Z", 0n],
  ["1970-01-01T00:00:00.000000001Z", 1n],
  ["1970-01-01T00:00:00.5Z", 500_000_000n],
  ["1970-01-01T01:00:00.25+01:00", 250_000_000n],
  ["2026-11-21T04:05:06.1234567891Z", 1_795_233_906_123_456_789n],
] as const) {
  test(`${text} is ${nano} ns`, () => assert.equal(unixNanoOf(text), nano));
}

const nowMs = Date.UTC(2026, 0, 2);
const dayNano = 86_400_000_000_000n;
const untilNow = (BigInt(nowMs) + 1n) * 1_000_000n;

test("without ends it is the last 24 hours, this millisecond included", () => {
  assert.deepEqual(rangeOf({}, nowMs), { fromUnixNano: untilNow - dayNano, toUnixNano: untilNow });
});

test("with an end it is the 24 hours before it", () => {
  const to = unixNanoOf("2025-12-01T00:00:00Z");
  assert.deepEqual(rangeOf({ end_time: "2025-12-01T00:00:00Z" }, nowMs), {
    fromUnixNano: to - dayNano,
    toUnixNano: to,
  });
});

test("the same instant under both names is no contradiction", () => {
  const at = "2025-12-01T00:00:00Z";
  assert.equal(rangeOf({ from: at, start_time: at }, nowMs).fromUnixNano, unixNanoOf(at));
});

test("a start in the future has nothing before it to end at", () => {
  assert.throws(() => rangeOf({ from: "2027-01-01T00:00:00Z" }, nowMs), { code: "BAD_REQUEST" });
});

test("the end of the first day of 1970 has what there is of it", () => {
  assert.equal(rangeOf({ to: "1970-01-01T12:00:00Z" }, nowMs).fromUnixNano, 0n);
});

for (const [fields, path] of [
  [{ from: "1969-12-31T23:59:59Z" }, "from"],
  [{ start_time: "1969-12-31T23:59:59Z" }, "start_time"],
  [{ to: "2262-05-01T00:00:00Z" }, "to"],
  [{ end_time: "9999-01-01T00:00:00Z" }, "end_time"],
  [{ to: "1970-01-01T00:00:00Z" }, "from"],
] as const) {
  test(`a range that no column holds is refused: ${JSON.stringify(fields)}`, () => {
    assert.throws(
      () => rangeOf(fields, nowMs),
      (error) => error instanceof CodedError && error.details?.[0]?.path === path,
    );
  });
}
