import assert from "node:assert/strict";
import { test } from "node:test";
import { completingAt, completions, mergeFilters, parseSearchLine } from "./search-line.ts";

for (const [line, want] of [
  ["", {}],
  ["refund policy", { q: "refund policy" }],
  ["status:error", { status: ["error"] }],
  ["status:error status:cut model:gpt-5", { status: ["error", "cut"], model: ["gpt-5"] }],
  ['user:"ada l" hello', { user_id: ["ada l"], q: "hello" }],
  ["http://example.com", { q: "http://example.com" }],
  ["model:meta-llama/llama-3:free", { model: ["meta-llama/llama-3:free"] }],
  ['"exact words" more', { q: "exact words more" }],
] as const) {
  test(`the line ${line || "without words"}`, () => assert.deepEqual(parseSearchLine(line), want));
}

test("a line adds to the filters and replaces the text", () => {
  assert.deepEqual(mergeFilters({ status: ["error"], q: "old" }, { status: ["cut", "error"], q: "new" }), {
    status: ["error", "cut"],
    q: "new",
  });
  assert.equal(mergeFilters({ q: "old" }, { status: ["ok"] }).q, undefined);
});

test("what is being typed", () => {
  assert.deepEqual(completingAt("status:error mo"), { of: "field", typed: "mo", at: 13 });
  assert.deepEqual(completingAt("user:ad"), { of: "value", field: "user_id", typed: "ad", at: 0 });
});

test("fields and values are completed in place", () => {
  assert.deepEqual(
    completions("hello mo", []).map(({ line }) => line),
    ["hello model:"],
  );
  const values = [
    { value: "gpt-5", calls: 3 },
    { value: "claude-sonnet-4-5", calls: 2 },
    { value: "my gpt", calls: 1 },
  ];
  assert.deepEqual(
    completions("model:GPT", values).map(({ line }) => line),
    ["model:gpt-5 ", 'model:"my gpt" '],
  );
  assert.deepEqual(completions("hello ", []), []);
});
