import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsBeginning, typingAtEnd } from "./index.ts";

for (const [text, of, typed, at, field] of [
  ["", "field", "", 0, undefined],
  ["status:error mo", "field", "mo", 13, undefined],
  ["user:ad", "value", "ad", 5, "user_id"],
  ['user:"ada l', "value", "ada l", 5, "user_id"],
  ["-user_id:ad", "value", "ad", 9, "user_id"],
  ["cost>=0.", "value", "0.", 6, "cost_nano_usd"],
  ["@tier:go", "value", "go", 6, "attributes.tier"],
  ["(mod", "field", "mod", 1, undefined],
  ["nothing:x", "field", "nothing:x", 0, undefined],
] as const) {
  test(`at the end of ${text || "nothing"} a ${of} is typed`, () => {
    const typing = typingAtEnd(text);
    assert.deepEqual([typing.of, typing.typed, typing.at], [of, typed, at]);
    assert.equal(typing.of === "value" ? typing.field.name : undefined, field);
  });
}

test("fields are found by the beginning of either name", () => {
  assert.deepEqual(
    fieldsBeginning("us").map(({ short }) => short),
    ["user", "usage_source"],
  );
  assert.deepEqual(
    fieldsBeginning("duration_n").map(({ short }) => short),
    ["duration"],
  );
});
