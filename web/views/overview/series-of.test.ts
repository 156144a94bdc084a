import assert from "node:assert/strict";
import { test } from "node:test";
import type { Timeseries } from "@weir/api/contract";
import { usedRows } from "../../design/used-rows.ts";
import { bucketRange, costSeries } from "./series-of.ts";

const model = (provider: string, name: string, cost: (number | null)[]) => ({
  provider,
  model: name,
  calls: cost.map(() => 1),
  cost_nano_usd: cost,
});

test("cost by model: most first, unknown cost left out, one name for one series", () => {
  const series = {
    by_model: [
      model("openai", "gpt-5", [1, null]),
      model("azure", "gpt-5", [4, 5]),
      model("ollama", "llama3", [null, null]),
      model("anthropic", "claude-sonnet-4-5", [2, 2]),
    ],
  } as unknown as Timeseries;
  assert.deepEqual(
    costSeries(series).map(({ name, total }) => [name, total]),
    [
      ["gpt-5 (azure)", 9],
      ["claude-sonnet-4-5", 4],
      ["gpt-5 (openai)", 1],
    ],
  );
});

test("a bucket's range", () => {
  assert.deepEqual(bucketRange(Date.parse("2026-11-21T04:00:00Z") / 1000, 300), {
    kind: "fixed",
    from: "2026-11-21T04:00:00.000Z",
    to: "2026-11-21T04:05:00.000Z",
  });
});

test("a heat map shows the rows in use", () => {
  assert.deepEqual(
    usedRows(
      [
        [0, 0, 3, 0],
        [0, 1, 0, 0],
      ],
      4,
    ),
    { first: 1, last: 2 },
  );
  assert.deepEqual(usedRows([[0, 0]], 2), { first: 0, last: 1 });
});
