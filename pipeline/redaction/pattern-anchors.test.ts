import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { anchorsOf, withoutAsciiEscapes } from "./pattern-anchors.ts";

for (const [pattern, wanted] of [
  ["ORD-\\d{8}", ["ORD-"]],
  ["(?:left|right) hand", [" hand"]],
  ["(?:left|right)\\d", ["left", "right"]],
  ["a.*secret", ["secret"]],
  ['customer "[^"]+"', ["customer "]],
  ["é+abc", ["abc"]],
  ["path/to/thing", ["thing"]],
  ["(?:key)+x", ["key"]],
  ["(?:key)?x", undefined],
  ["(?:left|[0-9])", undefined],
  ["(?i)order", undefined],
  ["\\d+", undefined],
  ["é", undefined],
  ["x", undefined],
] as const) {
  test(`in every match of ${pattern} is one of ${wanted ?? "no texts that are known"}`, () => {
    assert.deepEqual(anchorsOf(RE2JS.compile(pattern))?.map(String), wanted);
  });
}

test("an anchor shows in JSON, and JSON in JSON, however it is escaped", () => {
  const escaped = (text: string, mask: readonly boolean[], slashes: string) =>
    [...text]
      .map((letter, at) => (mask[at] === true ? `${slashes}u00${letter.charCodeAt(0).toString(16)}` : letter))
      .join("");
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.constantFrom("\\", "\\\\", "\\\\\\\\"),
      (mask, slashes) => {
        assert.ok(withoutAsciiEscapes(`a ${escaped("ORD-", mask, slashes)}12 é`).includes("ORD-12"));
      },
    ),
  );
  assert.ok(withoutAsciiEscapes("\\u005cu004fRD-").includes("ORD-"));
});
