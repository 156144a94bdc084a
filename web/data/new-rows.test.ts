import assert from "node:assert/strict";
import { test } from "node:test";
import { countNewRows, spanOrder } from "./new-rows.ts";

const row = (id: string, second: number) => ({
  span_id: id,
  start_time: `2026-11-21T04:00:${String(second).padStart(2, "0")}Z`,
});
const list = [row("c", 30), row("b", 20), row("a", 10)];

for (const [name, newest, want] of [
  ["the same rows", list, 0],
  ["two at the top", [row("e", 50), row("d", 40), ...list], 2],
  ["a long call that ended late sits in the middle", [row("c", 30), row("x", 25), row("b", 20)], 1],
  ["rows of the next page", [...list, row("z", 5)], 0],
  ["nothing", [], 0],
] as const) {
  test(`new rows: ${name}`, () => assert.equal(countNewRows(newest, list, spanOrder), want));
}

test("everything is new to an empty list", () => assert.equal(countNewRows(list, [], spanOrder), 3));
