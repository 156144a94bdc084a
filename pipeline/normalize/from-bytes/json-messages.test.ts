import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonMessages } from "./json-messages.ts";

const messages = new JsonMessages();

function check(text: string): { isArray: boolean; reason: string | undefined } {
  const bytes = Buffer.from(`"[${text}]"`);
  const isArray = messages.check(
    bytes,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    2,
    bytes.length - 2,
  );
  const { finishReasonFrom, finishReasonTo } = messages;
  return {
    isArray,
    reason: finishReasonFrom < 0 ? undefined : bytes.toString("utf8", finishReasonFrom, finishReasonTo),
  };
}

for (const [text, isArray, reason] of [
  ["[]", true],
  ["[ ]", true],
  ['[{"role":"assistant","finish_reason":"stop"}]', true, "stop"],
  ['[ { "finish_reason" : "a" , "finish_reason" : "b" } , 1 ]', true, "b"],
  ['[{"finish_reason":"a","finish_reason":null}]', true],
  ['[{"parts":[{"finish_reason":"inner"}]}]', true],
  ['[1,{"finish_reason":"second"}]', true],
  ["[-0.5e+10,0,12,true,false,null]", true],
  ['["\\" \\u00fF \\/ ä"]', true],
  // For a parser to look at.
  ["{}", false],
  ['"[]"', false],
  [" []", false],
  ["[] ", false],
  ['[{"finish_reason":1}]', false],
  ['[{"finish_reaso\\u006e":"stop"}]', false],
  [`${"[".repeat(33)}${"]".repeat(33)}`, false],
  // No JSON.
  ["", false],
  ["[", false],
  ["[1,]", false],
  ["[,1]", false],
  ["[1]]", false],
  ["[[1]", false],
  ["[01]", false],
  ["[1.]", false],
  ["[1e]", false],
  ["[-]", false],
  ["[tru]", false],
  ["[truex]", false],
  ['["a]', false],
  ['["\\x"]', false],
  ['["\\u12g4"]', false],
  ['["\n"]', false],
  ['[{"a"}]', false],
  ['[{"a":}]', false],
  ['[{"a":1,}]', false],
  ["[{1:2}]", false],
  ["[\u00a01]", false],
  ["['a']", false],
] as const) {
  test(`${text || "nothing"}${isArray ? "" : " is no such array"}`, () => {
    const found = check(text);
    assert.equal(found.isArray, isArray);
    if (isArray) assert.equal(found.reason, reason);
  });
}

function isArrayText(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

test("arrays are told from what JSON.parse refuses", () => {
  const text = fc.oneof(
    fc.json().map((json) => `[${json}]`),
    fc.tuple(fc.json(), fc.nat(), fc.constantFrom(...'"\\[]{},:0e.-tn \n\u0001ä')).map(([json, at, character]) => {
      const whole = `[${json}]`;
      const cut = 1 + (at % whole.length);
      return `${whole.slice(0, cut)}${character}${whole.slice(cut + (at % 2))}`;
    }),
  );
  fc.assert(
    fc.property(text, (it) => {
      if (!/^\[.*\]$/s.test(it)) return;
      const { isArray } = check(it);
      // It may leave an array to a parser, and never takes what is none.
      if (isArray) assert.ok(isArrayText(it), it);
      else if (!/\\|finish_reason|\[{20}/.test(it)) assert.equal(isArrayText(it), false, it);
    }),
    { numRuns: 2000 },
  );
});
