import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { colourJson, prettyJson } from "./json-tokens.ts";

test("keys, strings, numbers and words are told apart", () => {
  const kinds = colourJson('{"a": "b:\\"", "n": -1.5e3, "t": true}')
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text }) => [kind, text]);
  assert.deepEqual(kinds, [
    ["key", '"a"'],
    ["string", '"b:\\""'],
    ["key", '"n"'],
    ["number", "-1.5e3"],
    ["key", '"t"'],
    ["word", "true"],
  ]);
});

test("no character is lost, whatever the text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.equal(
        colourJson(text)
          .map((token) => token.text)
          .join(""),
        text,
      );
    }),
  );
});

test("only JSON is made pretty", () => {
  assert.equal(prettyJson('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(prettyJson("{a:1}"), undefined);
});
