import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentPairs } from "./recent-pairs.ts";

test("pairs are told apart by both texts", () => {
  const pairs = new RecentPairs<number>(10);
  pairs.set("a", "b", 1);
  pairs.set("b", "a", 2);
  pairs.set("a", "b", 3);
  assert.deepEqual([pairs.get("a", "b"), pairs.get("b", "a"), pairs.get("a", "a")], [3, 2, undefined]);
});

test("what is asked for stays, what is not is forgotten", () => {
  const pairs = new RecentPairs<number>(10);
  pairs.set("x", "asked", 1);
  pairs.set("x", "left", 2);
  for (let number = 0; number < 100; number++) {
    pairs.set(`p${number}`, "m", number);
    assert.equal(pairs.get("x", "asked"), 1);
  }
  assert.equal(pairs.get("x", "left"), undefined);
  assert.equal(pairs.get("p99", "m"), 99);
  assert.equal(pairs.get("p0", "m"), undefined);
});
