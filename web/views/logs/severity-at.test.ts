import assert from "node:assert/strict";
import { test } from "node:test";
import { severityAt } from "./severity-at.ts";

for (const [number, severity] of [
  [0, undefined],
  [1, "trace"],
  [4, "trace"],
  [5, "debug"],
  [9, "info"],
  [12, "info"],
  [13, "warn"],
  [17, "error"],
  [20, "error"],
  [21, "fatal"],
  [24, "fatal"],
  [25, undefined],
] as const) {
  test(`severity ${number} is ${severity ?? "untold"}`, () => assert.equal(severityAt(number), severity));
}
