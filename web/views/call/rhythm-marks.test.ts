import assert from "node:assert/strict";
import { test } from "node:test";
import { rhythmMarks } from "./rhythm-marks.ts";

const marks = (gapsMs: readonly number[], durationMs = 1000, ttftMs = 200) =>
  rhythmMarks({ chunksPerGap: 1, gapsMs }, durationMs * 1e6, ttftMs * 1e6);

test("the first chunk stands at the TTFT, the others behind it", () => {
  assert.deepEqual(
    marks([100, 100, 400]).map(({ at }) => at),
    [0.2, 0.3, 0.4, 0.8],
  );
});

test("a gap that stands out is the stall; an even stream has none", () => {
  assert.deepEqual(
    marks([50, 50, 400, 50]).map(({ isStall }) => isStall),
    [false, false, false, true, false],
  );
  assert.ok(marks([50, 60, 50, 60]).every(({ isStall }) => !isStall));
});

test("nothing stands beyond the end, and a call without duration has no line", () => {
  assert.ok(marks([2000]).every(({ at }) => at <= 1));
  assert.deepEqual(marks([10], 0), []);
});
