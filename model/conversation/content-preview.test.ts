import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contentFormats } from "../span.ts";
import { contentPreview, previewLength } from "./content-preview.ts";

const long = "word ".repeat(3000);
const history = JSON.stringify({
  model: "m",
  messages: [
    { role: "user", content: long },
    { role: "assistant", content: "an answer" },
    { role: "user", content: [{ type: "text", text: 'the "last" one' }] },
    { role: "tool", content: "7" },
  ],
});
const answer = JSON.stringify({ id: "r", choices: [{ message: { role: "assistant", content: `so\n"${long}` } }] });

const cases: [name: string, format: string, input: string, output: string, asked: string, answered: string][] = [
  ["whole", "openai.chat", history, answer, 'the "last" one', `so\n"${long}`.slice(0, previewLength)],
  [
    "cut at the edges",
    "openai.chat",
    history.slice(-500),
    answer.slice(0, 500),
    'the "last" one',
    `so\n"${long}`.slice(0, previewLength),
  ],
  [
    "cut in an image",
    "openai.chat",
    `{"messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,${"A".repeat(999)}`,
    "",
    "what is it?",
    "",
  ],
  ["cut in a text", "openai.chat", history.slice(9000, 9600), "", history.slice(9000, 9200), ""],
  ["an answer cut in an escape", "openai.chat", "", '{"choices":[{"message":{"content":"a\\', "", "a"],
  [
    "Anthropic, cut",
    "anthropic.messages",
    '…"},{"role": "user","content":"hi"},{"role":"user","content":[{"type":"tool_result","content":"7"}]}]}',
    '{"id":"m","content":[{"type":"text","text":"well, ',
    "hi",
    "well, ",
  ],
  [
    "media alone",
    "openai.chat",
    '{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}',
    '{"error":{"message":"no such model","type":"invalid_request_error"}}',
    "[image]",
    "no such model",
  ],
  ["vectors, cut", "openai.embeddings", '{"input":"find me"}', '{"data":[{"embedding":[0.1,0.2', "find me", ""],
  ["characters are never halved", "text", "🙂".repeat(300), "", "🙂".repeat(previewLength), ""],
];
for (const [name, content_format, input, output, asked, answered] of cases)
  test(`the preview of content: ${name}`, () => {
    assert.deepEqual(contentPreview({ content_format, input, output }), { asked, answered });
  });

test("whatever content says and wherever it is cut, there is a preview and it is short", () => {
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(history, answer).chain((whole) => fc.nat(whole.length).map((at) => whole.slice(at))),
    fc.constantFrom(history, answer).chain((whole) => fc.nat(whole.length).map((at) => whole.slice(0, at))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...contentFormats, "of tomorrow"),
      content,
      content,
      (content_format, input, output) => {
        const { asked, answered } = contentPreview({ content_format, input, output });
        assert.ok([...asked].length <= previewLength && [...answered].length <= previewLength);
        assert.ok(asked !== "" || input.trim() === "" || input === '""' || asked === input, asked);
      },
    ),
  );
});
