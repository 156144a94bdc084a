import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Part } from "@weir/model/browser";
import fc from "fast-check";
import { earlierCount, foldText, jsonOf, lengthOf, toolResults, withoutPairedResults } from "./fold.ts";

const text = (value: string): Part => ({ type: "text", text: value });
const say = (role: string, value = role): Message => ({ role, parts: [text(value)] });
const call = (id: string): Part => ({ type: "tool_call", id, name: "look_up", arguments: "{}", isProviderTool: false });
const result = (id: string): Part => ({ type: "tool_result", id, parts: [text("found")], isError: false });

test("short text is whole, long text is cut at a word", () => {
  assert.deepEqual(foldText("short", 100), { shown: "short", hidden: 0 });
  const long = "word ".repeat(100);
  const { shown, hidden } = foldText(long, 102);
  assert.ok(shown.endsWith("word") && shown.length <= 102);
  assert.equal(shown.length + hidden, long.length);
});

test("a fence that was cut is closed", () => {
  const { shown } = foldText(`\`\`\`js\n${"x\n".repeat(200)}\`\`\``, 100);
  assert.ok(shown.endsWith("\n```"));
});

test("no text is lost or counted twice", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: 10, max: 100 }), (value, limit) => {
      const { shown, hidden } = foldText(value, limit);
      assert.ok(value.startsWith(shown.replace(/\n```$/, "").slice(0, value.length - hidden)));
      assert.ok(hidden >= 0 && hidden < Math.max(1, value.length));
    }),
  );
});

for (const [name, messages, want] of [
  ["one question", [say("user")], 0],
  ["a short talk", [say("user"), say("assistant"), say("user")], 0],
  ["a long talk", [say("user"), say("assistant"), say("user"), say("assistant"), say("user"), say("assistant")], 4],
  [
    "results in a user's message belong to the turn",
    [
      say("user"),
      say("assistant"),
      say("user"),
      say("assistant"),
      say("user"),
      { role: "assistant", parts: [call("1")] },
      { role: "user", parts: [result("1")] },
    ],
    4,
  ],
  ["no user at all", [say("assistant"), say("assistant")], 0],
] as const) {
  test(`earlier messages: ${name}`, () => assert.equal(earlierCount(messages), want));
}

test("results stand with their calls; strays stay", () => {
  const messages: Message[] = [
    say("user"),
    { role: "assistant", parts: [text("looking"), call("1")] },
    { role: "tool", parts: [result("1")] },
    { role: "tool", parts: [result("stray")] },
  ];
  assert.deepEqual([...toolResults(messages).keys()], ["1", "stray"]);
  assert.deepEqual(
    withoutPairedResults(messages).map(({ role, parts }) => `${role} ${parts.length}`),
    ["user 1", "assistant 2", "tool 1"],
  );
});

test("length counts what is said", () => assert.equal(lengthOf([text("four"), call("1"), result("1")]), 4 + 7 + 2 + 5));

test("JSON is told from text", () => {
  assert.equal(jsonOf(' {"a":1} '), '{\n  "a": 1\n}');
  for (const value of ["{a}", "12", '"text"', "[1", "hello"]) assert.equal(jsonOf(value), undefined);
});
