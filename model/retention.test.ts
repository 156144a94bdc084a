import assert from "node:assert/strict";
import { test } from "node:test";
import { type RetentionSettings, retentionOf } from "./retention.ts";

const cases: [string, RetentionSettings[], number[]][] = [
  ["nothing said", [], [90, 90, 90, 90]],
  ["the configuration", [{}, { spansDays: 30, logsDays: 7 }], [30, 30, 7, 90]],
  ["a project before the configuration", [{ spansDays: 400 }, { spansDays: 30, logsDays: 7 }], [400, 400, 7, 90]],
  ["a project that says null", [{ spansDays: null }, { spansDays: 30 }], [30, 30, 90, 90]],
  ["content shorter", [{ contentDays: 3, metricPointsDays: 400 }], [90, 3, 90, 400]],
  ["content never outlives its span", [{ contentDays: 60, spansDays: 30 }], [30, 30, 90, 90]],
];
for (const [name, settings, want] of cases) {
  test(name, () => assert.deepEqual(Object.values(retentionOf(...settings)), want));
}
