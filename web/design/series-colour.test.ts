import assert from "node:assert/strict";
import { test } from "node:test";
import { assignColour } from "./series-colour.ts";

test("a name keeps its colour", () => {
  const assigned = new Map<string, number>();
  const first = assignColour("gpt-5", assigned, 7);
  for (const name of ["a", "b", "c", "d"]) assignColour(name, assigned, 7);
  assert.equal(assignColour("gpt-5", assigned, 7), first);
});

test("as many names as colours share none", () => {
  const assigned = new Map<string, number>();
  const names = ["gpt-5", "gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "o3", "llama3", "mistral-large"];
  assert.equal(new Set(names.map((name) => assignColour(name, assigned, 7))).size, 7);
  assert.ok(assignColour("one-more", assigned, 7) < 7);
});
