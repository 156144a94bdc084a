import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpression } from "./expression.ts";
import { FilterError } from "./filter-error.ts";
import type { FilterRow } from "./match-filter.ts";

const numbers: Record<string, number> = {
  input_tokens: 100,
  output_tokens: 20,
  duration_ns: 4e9,
  cost_nano_usd: 5e6,
  is_stream: 1,
};
const row: FilterRow = {
  text: () => "",
  number: (name) => numbers[name] ?? null,
  texts: () => [],
  time: () => 0n,
  attribute: (key) => ({ size: "12", "metadata.n": "0.5", word: "x", 'odd "key"': "3" })[key] ?? "",
};

for (const [text, value] of [
  ["1", 1],
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["8 / 4 / 2", 1],
  ["-2 - -3", 1],
  ["input_tokens + output_tokens", 120],
  ["tokens", 120],
  ["output_tokens/duration", 5],
  ["duration_ns / 1e9", 4],
  ["cost * 1000", 5],
  ["cost_nano_usd", 5e6],
  ["stream", 1],
  ["@size * @metadata.n", 6],
  ['@"odd \\"key\\""', 3],
  ["@word", null],
  ["@none + 1", null],
  ["ttft", null],
  ["1 / 0", null],
  ["0 / 0", null],
] as const) {
  test(`${text} is ${value}`, () => assert.equal(parseExpression(text)(row), value));
}

for (const [text, position] of [
  ["", 0],
  ["1 +", 3],
  ["(1", 2],
  ["1)", 1],
  ["mdoel", 0],
  ["model", 0],
  ["1 2", 2],
  ["1 $ 2", 2],
  ["(".repeat(30), 21],
  ["1".repeat(600), 0],
] as const) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused at ${position}`, () =>
    assert.throws(
      () => parseExpression(text),
      (error) => error instanceof FilterError && error.position === position,
    ));
}
