import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { singleAttributePairs } from "../dialects/single-attributes.ts";
import { planOf } from "./key-plans.ts";

const folder = resolve(import.meta.dirname, "..");

/** Keys and beginnings of keys that the code beside the table looks up among a span's attributes. */
function keysInSources(): string[] {
  const files = globSync("{*,dialects/*}.ts", { cwd: folder }).filter((file) => !file.endsWith(".test.ts"));
  const sources = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const lookups = [
    ...sources.matchAll(/attributes\[("[^"]+")\]/g),
    ...sources.matchAll(
      /(?:sideOf(?:Key|First)|numberedValues|numberedSide|prompts|eventList)\(\s*attributes,([^)]*)/g,
    ),
    ...sources.matchAll(/(?:[kK]eys|objects|prefixes|Objects)\b[^=\n]*= ([[{][^;]*);/g),
  ];
  const texts = lookups.flatMap(([, text = ""]) => [...text.matchAll(/"([^"]+)"/g)].map(([, key = ""]) => key));
  return [...new Set([...texts, ...singleAttributePairs.flat(2)])];
}

/** What stands in the sources where keys do, and is none: roles, kinds and members; and keys of resources. */
const noKeys =
  /^(?:user|assistant|prompt|completion|messages|system_instructions|tools|userId|user_id|sessionId|session_id|thread_id|tags|usage_metadata|event\.name|(?:host|container|k8s|cloud|telemetry|service)\..*)$/;

test("every key that is read beside the table has a plan that says so", () => {
  const keys = keysInSources();
  assert.ok(keys.length > 60, keys.join(" "));
  const overlooked = keys.filter((key) => {
    const { isSlow, content } = planOf(key.endsWith(".") ? `${key}0.x` : key);
    return !isSlow && content === "none" && !noKeys.test(key);
  });
  assert.deepEqual(overlooked, []);
});

for (const [key, want] of [
  ["http.route", { isSlow: false, content: "none" }],
  ["gen_ai.input.messages", { isSlow: false, content: "inputMessages" }],
  ["llm.input_messages.0.message.role", { isSlow: false, content: "other" }],
  ["ai.prompt.messages", { isSlow: true }],
  ["error.type", { isSlow: true }],
  ["gen_ai.request.temperature", { isSlow: false, isParameter: true }],
  ["ai.settings.temperature", { isSlow: true }],
  ["gen_ai.request.max_completion_tokens", { isSlow: true }],
  ["gen_ai.tool.name", { isSlow: false, isParameter: false }],
  ["tool.name", { isSlow: true }],
] as const) {
  test(`the plan of ${key}`, () => assert.partialDeepStrictEqual(planOf(key), want));
}
