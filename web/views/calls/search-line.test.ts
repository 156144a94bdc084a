import assert from "node:assert/strict";
import { test } from "node:test";
import { typingAtEnd } from "@weir/query";
import { completions, listedField, problemOf } from "./search-line.ts";

for (const [line, message, corrected] of [
  ["", undefined, undefined],
  ['model:gpt-4o status:error cost>0.01 "refund policy"', undefined, undefined],
  ["status:ok mdoel:gpt-5 x", /^There is no field "mdoel"/, "status:ok model:gpt-5 x"],
  ["gen_ai.system:openai", /^There is no field/, "@gen_ai.system:openai"],
  ['"refund', /^The quotation/, undefined],
] as const) {
  test(`the line ${line || "without words"} is ${message === undefined ? "a filter" : "none"}`, () => {
    const problem = problemOf(line);
    assert.equal(problem?.corrected, corrected);
    if (message !== undefined) assert.match(problem?.message ?? "", message);
    else assert.equal(problem, undefined);
  });
}

test("values are listed for the fields that the API lists", () => {
  for (const [line, field] of [
    ["user:a", "user_id"],
    ["-tag:", "tag"],
    ["cost>", undefined],
    ["mod", undefined],
  ] as const)
    assert.equal(listedField(typingAtEnd(line)), field);
});

test("fields and values are completed in place", () => {
  assert.deepEqual(
    completions("hello mo", []).map(({ line }) => line),
    ["hello model:"],
  );
  assert.ok(completions("", []).some(({ word }) => word === "cost>"));
  const values = [
    { value: "gpt-5", calls: 3 },
    { value: "claude-sonnet-4-5", calls: 2 },
    { value: "my gpt", calls: 1 },
  ];
  assert.deepEqual(
    completions("-model:GPT", values).map(({ line }) => line),
    ["-model:gpt-5 ", '-model:"my gpt" '],
  );
  assert.deepEqual(completions("hello ", []), []);
});

test("a list of other rows completes its own fields alone", () => {
  const fields = new Map([
    ["service_name", "who logged"],
    ["text", "the message"],
  ]);
  assert.deepEqual(
    completions("", [], fields).map(({ word, note }) => [word, note]),
    [
      ["text:", "the message"],
      ["service:", "who logged"],
    ],
  );
  assert.deepEqual(completions("mo", [], fields), []);
});
