import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormScanner, formBoundary } from "./form-scanner.ts";

const file = Buffer.from([0, 255, 13, 10, 45, 45, 120, 13, 10, 0]);
const form = Buffer.concat([
  Buffer.from('preamble\r\n--x-1\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'),
  Buffer.from(
    '--x-1\r\ncontent-disposition: form-data; name="file"; filename="a \\" é.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n',
  ),
  file,
  Buffer.from('\r\n--x-1\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'),
  Buffer.from('--x-1\r\nContent-Disposition: form-data; name="include[]"\r\n\r\na\r\n'),
  Buffer.from('--x-1\r\nContent-Disposition: form-data; name="include[]"\r\n\r\n\r\n--x-1--\r\nepilogue'),
]);
const expected = {
  model: "whisper-1",
  file: { filename: 'a \\" é.mp3', content_type: "audio/mpeg", bytes: file.length },
  stream: "true",
  "include[]": ["a", ""],
};

test("fields and files are found, wherever the bytes are cut", () => {
  for (let at = 0; at <= form.length; at += 1) {
    const scanner = new FormScanner("x-1");
    scanner.push(Buffer.from(form.subarray(0, at)));
    scanner.push(Buffer.from(form.subarray(at)));
    assert.deepEqual(JSON.parse(scanner.json().toString()), expected, `cut at ${at}`);
    assert.deepEqual([scanner.members["model"]?.text, scanner.members["stream"]?.text], ['"whisper-1"', "true"]);
  }
  const bytewise = new FormScanner("x-1");
  for (const byte of form) bytewise.push(Buffer.of(byte));
  assert.deepEqual(JSON.parse(bytewise.json().toString()), expected);
});

test("any bytes are survived", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constant(form.subarray(8, 90)))), (chunks) => {
      const scanner = new FormScanner("x-1");
      for (const chunk of chunks) scanner.push(Buffer.from(chunk));
      JSON.parse(scanner.json().toString());
    }),
  );
});

for (const [contentType, boundary] of [
  ["multipart/form-data; boundary=----WebKitFormBoundaryAbC", "----WebKitFormBoundaryAbC"],
  ['multipart/form-data; charset=utf-8; boundary="a b"', "a b"],
  ["multipart/form-data", undefined],
  ["application/json; boundary=x", undefined],
] as const) {
  test(`the boundary of ${contentType}`, () => assert.equal(formBoundary(contentType), boundary));
}
