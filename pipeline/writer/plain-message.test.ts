import assert from "node:assert/strict";
import { test } from "node:test";
import { contentPreview, previewOf } from "@weir/model";
import fc from "fast-check";
import { PlainMessage } from "./plain-message.ts";

const plain = new PlainMessage(8192);
const before = "before";

/** What is found among other bytes; undefined when it says no. */
function found(find: "findLastQuestion" | "findFirstAnswer", content: string): string | undefined {
  const bytes = Buffer.from(`${before}${content}"]}after`);
  if (!plain[find](bytes, before.length, before.length + Buffer.byteLength(content))) return undefined;
  return JSON.parse(bytes.toString("utf8", plain.textFrom - 1, plain.textTo + 1));
}

const part = (text: string) => `{"type":"text","content":"${text}"}`;
const user = (text: string) => `{"role":"user","parts":[${part(text)}]}`;

const questions: [name: string, input: string, question: string | undefined][] = [
  ["a message", `[${user("hi")}]`, "hi"],
  ["the last one", `[${user("old")},${user("new")}]`, "new"],
  ["of another role behind it", `[${user("hi")}, {"role": "tool", "parts": [{"x":["}]",{}]}]}]`, "hi"],
  ["with spaces", `[ { "role" : "user" , "parts" : [ { "type" : "text" , "content" : "hi" } ] } ]`, "hi"],
  ["with escapes", `[${user('a \\"b\\" \\u00e9\\n')}]`, 'a "b" é\n'],
  ["beyond ASCII", `[${user("größer 🙂")}]`, "größer 🙂"],
  ["its content a text", `[{"role":"user","content":"hi"}]`, "hi"],
  ["its content a list", `[{"role":"user","content":[{"type":"text","text":"hi"}]}]`, "hi"],
  ["words of its own", `[${user('{\\"role\\":\\"user\\",\\"content\\":\\"no\\"}')}]`, '{"role":"user","content":"no"}'],
  ["no text", `[${user("")}]`, undefined],
  ["two parts", `[{"role":"user","parts":[${part("a")},${part("b")}]}]`, undefined],
  ["an image", `[{"role":"user","parts":[{"type":"image","content":"a"}]}]`, undefined],
  ["parts and content", `[{"role":"user","parts":[${part("a")}],"content":"b"}]`, undefined],
  ["parts that are a text", `[{"role":"user","parts":"a"}]`, undefined],
  ["of a part with more", `[{"role":"user","parts":[{"type":"text","content":"a","text":"b"}]}]`, undefined],
  ["with a reason", `[{"role":"user","parts":[${part("hi")}],"finish_reason":"stop"}]`, "hi"],
  ["as Python writes it", `[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]`, "hi"],
  ["another key behind the parts", `[{"role":"user","parts":[${part("hi")}],"name":"a"}]`, undefined],
  ["behind escapes", `[${user("a\\nb")},${user("c".repeat(40))}]`, "c".repeat(40)],
  ["another key", `[{"role":"user","content":"a","refusal":"b"}]`, undefined],
  ["the role behind", `[${user("a")},{"content":"b","role":"user"}]`, undefined],
  ["a role that goes without saying", `[${user("a")},{"content":"b"}]`, undefined],
  ["an empty role behind it", `[${user("a")},{"role":"","content":"b"}]`, undefined],
  ["a role in escapes behind it", `[${user("a")},{"role":"us\\u0065r","content":"b"}]`, undefined],
  ["a text behind it", `[${user("a")},"b"]`, undefined],
  ["a user in a message", `[{"role":"tool","parts":[${user("no")}]}]`, undefined],
  ["a user in what follows", `[${user("a")},{"role":"tool","parts":[${user("no")}]}]`, undefined],
  ["an object", `{"messages":[${user("a")}]}`, undefined],
  ["broken escapes", `[${user("a\\x")}]`, undefined],
  ["broken digits", `[${user("a\\u00g0")}]`, undefined],
  ["a line end in a text", `[${user("a\n")}]`, undefined],
  ["a line end far within one with escapes", `[${user(`${"a".repeat(40)}\n\\n`)}]`, undefined],
  ["of some length", `[${user("a".repeat(40))}]`, "a".repeat(40)],
  [
    "of some length with escapes",
    `[${user(`${"a".repeat(31)}\\"${"b".repeat(31)}`)}]`,
    `${"a".repeat(31)}"${"b".repeat(31)}`,
  ],
  ["behind much else", `[${user("a".repeat(20_000))},${user("b")}]`, "b"],
  ["before much else", `[${user("a")},{"role":"tool","content":"${"b".repeat(20_000)}"}]`, undefined],
  ["longer than is looked at", `[${user("a".repeat(9000))}]`, undefined],
  ["cut", `[${user("a")},`, undefined],
  ["nothing", "", undefined],
];
for (const [name, input, question] of questions)
  test(`the last question: ${name}`, () => assert.equal(found("findLastQuestion", input), question));

const answer = (more: string) => `[{"role":"assistant",${more}}]`;
const answers: [name: string, output: string, text: string | undefined][] = [
  ["a message", answer(`"parts":[${part("yes")}],"finish_reason":"stop"`), "yes"],
  ["the reason first", `[{"finish_reason":"stop","role":"assistant","parts":[${part("yes")}]}]`, "yes"],
  ["the first of two", `[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]`, "a"],
  ["a call", answer(`"parts":[{"type":"tool_call","name":"f","arguments":{}}]`), undefined],
  ["a call beside", answer(`"content":"a","tool_calls":[]`), undefined],
  ["of a tool", `[{"role":"tool","content":"a"}]`, undefined],
  ["longer than is looked at", answer(`"content":"${"a".repeat(9000)}"`), undefined],
  ["nothing", "[]", undefined],
];
for (const [name, output, text] of answers)
  test(`the first answer: ${name}`, () => assert.equal(found("findFirstAnswer", output), text));

const word = fc.oneof(
  fc.constantFrom("", "user", "text", '"role":"user"', "\\", "a\nb"),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);
const contentOf = (parts: fc.Arbitrary<unknown>) => fc.oneof(word, parts, fc.array(parts, { maxLength: 3 }));
const anyPart = fc.oneof(
  fc.record({ type: fc.constantFrom("text", "image", "refusal"), content: word }),
  fc.record({ type: fc.constant("text"), text: word }),
  fc.record({ role: fc.constantFrom("user", "assistant"), content: word }),
);
const message = fc.oneof(
  fc.record(
    { role: fc.constantFrom("user", "user", "assistant", "system", "tool", ""), parts: contentOf(anyPart) },
    { requiredKeys: ["parts"] },
  ),
  fc.record({ role: fc.constantFrom("user", "assistant", "tool"), content: contentOf(anyPart), finish_reason: word }),
  word,
);

const compact = (value: unknown) => JSON.stringify(value);
const indented = (value: unknown) => JSON.stringify(value, undefined, 1);
/** As Python writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${spaced(each)}`)
    .join(", ")}}`;
}

test("what is found is what a parser and the readers of messages make of it", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.constantFrom(compact, spaced, indented), (messages, write) => {
      const content = write(messages);
      const read = contentPreview({ content_format: "weir.messages", input: content, output: content });
      const [asked, answered] = [found("findLastQuestion", content), found("findFirstAnswer", content)];
      if (asked !== undefined) assert.equal(previewOf(asked), read.asked);
      if (answered !== undefined) assert.equal(previewOf(answered), read.answered);
    }),
    { numRuns: 2000 },
  );
});

test("bytes of any kind are no trouble", () => {
  const piece = fc.constantFrom(...'[]{},:"\\ \n', '"role"', '"user"', '"parts"', '"content"', '"type"', '"text"', "ü");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const content = `[{"role":"user","content":"a"${pieces.join("")}]`;
      found("findLastQuestion", content);
      found("findFirstAnswer", content);
    }),
    { numRuns: 2000 },
  );
});
