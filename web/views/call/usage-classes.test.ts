import assert from "node:assert/strict";
import { test } from "node:test";
import { inputClasses, outputClasses } from "./usage-classes.ts";

const none = {
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  input_audio_tokens: null,
  output_audio_tokens: null,
};

const counts = (classes: readonly { name: string; count: number }[]) => classes.map(({ name, count }) => [name, count]);

test("unknown stays without parts", () => {
  assert.deepEqual(inputClasses(none), []);
  assert.deepEqual(outputClasses(none), []);
});

test("details are cut from their parents", () => {
  const usage = { ...none, input_tokens: 1000, cache_read_tokens: 800, output_tokens: 300, reasoning_tokens: 250 };
  assert.deepEqual(counts(inputClasses(usage)), [
    ["Uncached", 200],
    ["Cached read", 800],
  ]);
  assert.deepEqual(counts(outputClasses(usage)), [
    ["Text", 50],
    ["Reasoning", 250],
  ]);
});

test("cached audio is in two details, and the rest is not negative", () => {
  const usage = { ...none, input_tokens: 100, cache_read_tokens: 100, input_audio_tokens: 100 };
  assert.deepEqual(counts(inputClasses(usage)), [
    ["Cached read", 100],
    ["Audio", 100],
  ]);
});
