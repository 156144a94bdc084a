import assert from "node:assert/strict";
import { test } from "node:test";
import { contentFormats, contentPreview, newSpanRow, projectId, type SpanRow } from "@weir/model";
import fc from "fast-check";
import { BlockColumns } from "../blocks/block-columns.ts";
import { readBlocks } from "../blocks/block-reader.ts";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { plainBlock } from "../blocks/plain-block.ts";
import { piecesOf } from "./joint-blocks.ts";
import { lastReadColumn, rowsWithPreviews, withPreviews } from "./preview-columns.ts";

const row = newSpanRow(projectId("previews"), "gateway", 5n);
const chat = (content: unknown) => ({
  messages: [
    { role: "user", content: "old" },
    { role: "user", content },
  ],
});
const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function blockOf(rows: readonly SpanRow[]): Uint8Array {
  const writer = createBlockWriter("spans");
  for (const each of rows) writer.append(each);
  return writer.finish().block;
}

const rowsOf = (block: Uint8Array) => readBlocks(block, "spans") as unknown as SpanRow[];

const cases = [
  ["openai.chat", chat("hi"), { choices: [{ message: { content: "yo" } }] }, "hi", "yo"],
  [
    "openai.chat",
    chat([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]),
    { choices: [] },
    "a b",
    '{"choices":[]}',
  ],
  [
    "openai.chat",
    {
      messages: [
        { role: "user", content: "ask" },
        { role: "tool", content: "result" },
      ],
    },
    { choices: [{ message: { content: null, tool_calls: [{ function: { name: "f", arguments: '{"a":1}' } }] } }] },
    "ask",
    'f({"a":1})',
  ],
  [
    "anthropic.messages",
    {
      messages: [
        { role: "user", content: "ask" },
        { role: "user", content: [{ type: "tool_result", content: "r" }] },
      ],
    },
    { content: [{ type: "text", text: "well" }] },
    "ask",
    "well",
  ],
  [
    "anthropic.messages",
    { messages: [] },
    { content: [{ type: "tool_use", name: "t", input: { b: 2 } }] },
    '{"messages":[]}',
    't({"b":2})',
  ],
  [
    "openai.responses",
    { input: "text" },
    { output: [{ type: "reasoning" }, { type: "message", content: [{ type: "output_text", text: "so" }] }] },
    "text",
    "so",
  ],
  [
    "openai.responses",
    { input: [{ role: "user", content: [{ type: "input_text", text: "in" }] }] },
    { output: [{ type: "function_call", name: "g", arguments: "{}" }] },
    "in",
    "g({})",
  ],
  ["openai.embeddings", { input: ["one", "two"] }, { data: [{ embedding: [0.1, 0.2] }] }, "one two", ""],
  ["openai.completions", { prompt: "once" }, { choices: [{ text: "upon" }] }, "once", "upon"],
  ["openai.chat", "{broken", "also [", "{broken", "also ["],
  [
    "gemini.generate",
    { contents: [{ role: "user", parts: [{ text: "why?" }] }] },
    { candidates: [{ content: { role: "model", parts: [{ text: "so" }] } }] },
    "why?",
    "so",
  ],
  ["text", "plain", "x".repeat(300), "plain", "x".repeat(200)],
  ["json", { a: 1 }, [1], '{"a":1}', "[1]"],
  ["", "", "", "", ""],
] as const;

for (const [index, [content_format, input, output, input_preview, output_preview]] of cases.entries())
  test(`the previews of ${content_format || "nothing"}, case ${index}, are the last question and the answer`, () => {
    const content = { content_format, input: textOf(input), output: textOf(output) };
    assert.deepEqual(rowsOf(withPreviews(blockOf([{ ...row, ...content }]))), [
      { ...row, ...content, input_preview, output_preview },
    ]);
  });

test("of long content the edges are enough", () => {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(20_000)}` } };
  const input = textOf(chat([{ type: "text", text: "what is it?" }, image]));
  const output = textOf({ choices: [{ message: { content: `a cat${" of no name".repeat(2000)}` } }] });
  const [stored] = rowsOf(withPreviews(blockOf([{ ...row, content_format: "openai.chat", input, output }])));
  assert.equal(stored?.input_preview, "what is it?");
  assert.equal(stored?.output_preview, `a cat${" of no name".repeat(20)}`.slice(0, 200));
});

test("wherever in a text a character beyond ASCII stands, none is halved", () => {
  const rows = Array.from({ length: 230 }, (_, at): SpanRow => {
    const text = `${"a".repeat(at)}🙂${"b".repeat(230 - at)}`;
    const messages = [{ role: "user", parts: [{ type: "text", content: text }] }];
    return { ...row, content_format: "weir.messages", input: JSON.stringify(messages) };
  });
  const wanted = rows.map((each) => contentPreview({ ...each, input: String(each.input), output: "" }).asked);
  for (const count of [1, 2, 3, rows.length]) {
    const previews = rowsOf(withPreviews(blockOf(rows.slice(-count)))).map(({ input_preview }) => input_preview);
    assert.deepEqual(previews, wanted.slice(-count));
  }
});

test("a block without content stays the same", () => {
  const block = blockOf([row, row]);
  assert.equal(withPreviews(block), block);
});

const word = fc.oneof(fc.constantFrom("", "a", "gpt-4o"), fc.string({ unit: "grapheme", maxLength: 50 }));
const anyRow = fc.record({
  name: word,
  tags: fc.array(word, { maxLength: 3 }),
  attributes: fc.dictionary(word, word, { maxKeys: 4 }),
  content_format: fc.constantFrom("", ...contentFormats),
  input: fc.oneof(word, fc.json()),
  output: fc.oneof(word, fc.json()),
});

test("whatever rows say, and however their block is written, they get their previews and stay as they are", () => {
  fc.assert(
    fc.property(fc.array(anyRow, { minLength: 1, maxLength: 20 }), fc.boolean(), (changes, isPlain) => {
      const written = blockOf(changes.map((change) => ({ ...row, ...change })));
      const block = isPlain ? plainBlock("spans", written) : written;
      const wanted = rowsOf(block).map((each) => {
        const { asked, answered } = contentPreview({ ...each, input: String(each.input), output: String(each.output) });
        return { ...each, input_preview: asked, output_preview: answered };
      });
      assert.deepEqual(rowsOf(withPreviews(block)), wanted);
      const rows = rowsWithPreviews(new BlockColumns(Uint8Array.from(block), "spans", lastReadColumn), Buffer.alloc);
      assert.deepEqual(rowsOf(Buffer.concat(piecesOf(rows))), wanted);
    }),
  );
});

test("bytes that are no block are an error, not a crash", () => {
  const block = blockOf(Array.from({ length: 20 }, () => ({ ...row, input: "asked", attributes: { key: "value" } })));
  fc.assert(
    fc.property(fc.nat(block.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
      const broken = isCut ? block.slice(0, at) : block.slice();
      if (!isCut) broken[at] = byte;
      try {
        withPreviews(broken);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
