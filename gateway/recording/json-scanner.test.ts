import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonScanner, memberValue } from "./json-scanner.ts";

const wanted = new Set(["model", "stream", "options", "user"]);

function scan(chunks: readonly Buffer[]): JsonScanner {
  const scanner = new JsonScanner(wanted);
  for (const chunk of chunks) scanner.push(chunk);
  return scanner;
}

function values(scanner: JsonScanner): Record<string, unknown> {
  return Object.fromEntries(Object.entries(scanner.members).map(([key, member]) => [key, memberValue(member)]));
}

for (const [name, text, expected] of [
  ["plain", '{"model":"gpt","stream":true}', { model: "gpt", stream: true }],
  ["spaces", ' { "model" : "gpt" ,\n\t"stream" :\r\n false } ', { model: "gpt", stream: false }],
  [
    "nested members of the same name do not count",
    '{"a":{"model":"no"},"b":[{"stream":1}],"model":"yes"}',
    { model: "yes" },
  ],
  ["the last of two counts", '{"model":"a","model":"b"}', { model: "b" }],
  ["quotes and backslashes", '{"x":"\\"model\\":\\\\","model":"a\\"b\\\\"}', { model: 'a"b\\' }],
  ["objects as values", '{"options":{"a":[1,{"b":"}"}]},"user":null}', { options: { a: [1, { b: "}" }] }, user: null }],
  ["a string that is named like a member", '{"x":"model","model":"m"}', { model: "m" }],
  ["empty", "{}", {}],
] as const) {
  test(`${name}, cut at every byte`, () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at += 1) {
      const scanner = scan([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
      assert.deepEqual(values(scanner), expected, `cut at ${at}`);
      assert.equal(scanner.isComplete, true);
    }
    for (const [key, member] of Object.entries(scan([bytes]).members)) {
      assert.ok(bytes.subarray(member.start).toString().startsWith(member.text), key);
    }
  });
}

for (const text of ["[1,2]", '"text"', "12", "null", "", "  ", "--boundary"]) {
  test(`${JSON.stringify(text)} is no object`, () => {
    const scanner = scan([Buffer.from(text)]);
    assert.equal(scanner.isComplete, false);
    assert.deepEqual(scanner.members, {});
  });
}

test("a value over the limit is left out", () => {
  const scanner = new JsonScanner(wanted, 16);
  scanner.push(Buffer.from(`{"model":"${"x".repeat(20)}","user":"${"y".repeat(8)}`));
  scanner.push(Buffer.from(`${"y".repeat(8)}","stream":true}`));
  assert.deepEqual(values(scanner), { stream: true });
});

test("any JSON object, cut anywhere, gives what JSON.parse gives", () => {
  const key = fc.oneof(fc.constantFrom("model", "stream", "options", "user"), fc.string());
  const body = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 });
  fc.assert(
    fc.property(body, fc.boolean(), fc.array(fc.nat(2000), { maxLength: 6 }), (object, isPretty, cuts) => {
      const bytes = Buffer.from(JSON.stringify(object, null, isPretty ? 1 : 0));
      const bounds = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const scanner = scan(bounds.slice(1).map((end, index) => Buffer.from(bytes.subarray(bounds[index], end))));
      const parsed = JSON.parse(bytes.toString()) as Record<string, unknown>;
      const expected = Object.fromEntries(Object.entries(parsed).filter(([name]) => wanted.has(name)));
      assert.deepEqual(values(scanner), expected);
      assert.equal(scanner.isComplete, true);
    }),
    { numRuns: 1000 },
  );
});
