import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonScanner } from "./recording/json-scanner.ts";
import { applyPatch, requestMembers, UsageFrameFilter, usagePatch } from "./stream-usage.ts";

function patched(body: string): string {
  const scan = new JsonScanner(requestMembers);
  scan.push(Buffer.from(body));
  const patch = usagePatch(scan);
  return patch === undefined ? "unchanged" : Buffer.concat(applyPatch([Buffer.from(body)], patch)).toString();
}

for (const [body, expected] of [
  ['{"model":"m","stream":true}', '{"stream_options":{"include_usage":true},"model":"m","stream":true}'],
  [' {\n "stream": true }', ' {"stream_options":{"include_usage":true},\n "stream": true }'],
  ['{"stream":true,"stream_options":{}}', '{"stream":true,"stream_options":{"include_usage":true}}'],
  [
    '{"stream":true,"stream_options":{"include_obfuscation":false}}',
    '{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}',
  ],
  [
    '{"é":"漢","stream":true,"stream_options": { "x":"é", "include_usage" : false }}',
    '{"é":"漢","stream":true,"stream_options": { "x":"é", "include_usage" : true }}',
  ],
  [
    '{"stream":true,"stream_options":{"include_usage":null}}',
    '{"stream":true,"stream_options":{"include_usage":true}}',
  ],
  ['{"stream":true,"stream_options":null}', '{"stream":true,"stream_options":{"include_usage":true}}'],
  ['{"stream":true,"stream_options":{"include_usage":true}}', "unchanged"],
  ['{"stream":false}', "unchanged"],
  ['{"model":"m"}', "unchanged"],
  ['{"stream":"true"}', "unchanged"],
  ['{"stream":true,"stream_options":7}', "unchanged"],
  ['{"stream":true', "unchanged"],
  ['["stream"]', "unchanged"],
] as const) {
  test(`${body} → ${expected}`, () => assert.equal(patched(body), expected));
}

const content = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"é漢"}}],"usage":null}';
const usage = 'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}';
const riding = 'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}';
const filterResults = 'data: {"choices":[],"prompt_filter_results":[{"a":1}]}';

function filtered(chunks: readonly Buffer[], cutsNulls = false): string {
  const filter = new UsageFrameFilter(cutsNulls);
  const out = chunks.map((chunk) => filter.push(chunk));
  return Buffer.concat([...out, filter.end()]).toString();
}

for (const eol of ["\n", "\r\n", "\r"]) {
  const stream = (...events: string[]) => events.map((event) => event + eol + eol).join("");
  for (const [name, sent, expected] of [
    ["the usage frame goes", stream(content, usage, "data: [DONE]"), stream(content, "data: [DONE]")],
    ["at the end too", stream(content, usage), stream(content)],
    [
      "a usage that rides on a choice stays",
      stream(content, riding, "data: [DONE]"),
      stream(content, riding, "data: [DONE]"),
    ],
    ["a frame of filter results stays", stream(filterResults, content), stream(filterResults, content)],
    [
      "comments and pings stay",
      stream(": ping", content, ": ping", usage, ": end"),
      stream(": ping", content, ": ping", ": end"),
    ],
    ["what is cut off stays", stream(content) + usage.slice(0, 30), stream(content) + usage.slice(0, 30)],
    ["no JSON stays", stream("data: {", content), stream("data: {", content)],
  ] as const) {
    test(`${name}, ${JSON.stringify(eol)}, cut at every byte`, () => {
      const bytes = Buffer.from(sent);
      for (let at = 0; at <= bytes.length; at += 1) {
        const got = filtered([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
        assert.equal(got, expected, `cut at ${at}`);
      }
      assert.equal(filtered([...bytes].map((byte) => Buffer.of(byte))), expected, "byte by byte");
    });
  }
}

for (const [sent, expected] of [
  ['data: {"choices":[{"delta":{}}],"usage":null}', 'data: {"choices":[{"delta":{}}]}'],
  ['data: {"choices":[{"delta":{}}], "usage": null, "x":1}', 'data: {"choices":[{"delta":{}}], "x":1}'],
  ['data: {"usage":null,"choices":[{"delta":{}}]}', 'data: {"choices":[{"delta":{}}]}'],
  ['data: {"usage":null}', 'data: {"usage":null}'],
  [
    'data: {"choices":[{"delta":{"content":"\\"usage\\":null,"}}]}',
    'data: {"choices":[{"delta":{"content":"\\"usage\\":null,"}}]}',
  ],
  [riding, riding],
  [usage, ""],
  ['data: "usage', 'data: "usage'],
] as const) {
  test(`where nulls are cut: ${sent} → ${expected}`, () => {
    const end = expected === "" ? "" : "\n\n";
    const bytes = Buffer.from(`${sent}\n\n`);
    for (let at = 0; at <= bytes.length; at += 1) {
      const got = filtered([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))], true);
      assert.equal(got, expected + end, `cut at ${at}`);
    }
  });
}

test("a whole event is passed at once, a comment too, and one that is too long for a usage frame", () => {
  const filter = new UsageFrameFilter(false);
  for (const sent of [`${content}\n\n`, ": alive", "\n\n", `data: ${"x".repeat(20_000)}`, "more"]) {
    assert.equal(filter.push(Buffer.from(sent)).toString(), sent);
  }
  assert.equal(filter.push(Buffer.from(content)).toString(), content);
});

test("bytes that hold no usage frame pass unchanged, however cut", () => {
  const piece = fc.constantFrom("data: ", content, riding, filterResults, "\n", "\r", "\r\n", "\n\n", "x", ": c", "é");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(800), { maxLength: 6 }), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(""));
      const bounds = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = bounds.slice(1).map((end, index) => Buffer.from(bytes.subarray(bounds[index], end)));
      assert.equal(filtered(chunks), bytes.toString());
    }),
    { numRuns: 1000 },
  );
});
