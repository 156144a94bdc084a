import assert from "node:assert/strict";
import { test } from "node:test";
import { callColumns } from "../views/calls/columns.ts";
import { columnsFor, leastWidth, twoLineWidth } from "./grid-columns.ts";

const namesAt = (width: number) => columnsFor(callColumns, width).map(({ id }) => id);

for (const [width, names] of [
  [1300, ["time", "status", "model", "preview", "user", "ttft", "duration", "tokens", "cost"]],
  [900, ["time", "status", "model", "preview", "ttft", "duration", "cost"]],
  [547, ["time", "status", "model", "preview", "duration", "cost"]],
  [500, ["time", "status", "model", "preview", "duration"]],
] as const)
  test(`the columns of calls at ${width} pixels`, () => assert.deepEqual(namesAt(width), names));

test("no row runs over its end, at any width that has columns", () => {
  for (let width = twoLineWidth; width < 1600; width++) {
    const shown = columnsFor(callColumns, width);
    assert.ok(leastWidth(shown) <= width, `${shown.map(({ id }) => id)} in ${width}`);
  }
});

test("a column without room goes though its own limit is reached", () => {
  const wide = callColumns.map((column) => (column.id === "preview" ? { ...column, width: "400px" } : column));
  const names = columnsFor(wide, 700).map(({ id }) => id);
  assert.deepEqual([names.includes("ttft"), names.includes("preview")], [false, true]);
});
