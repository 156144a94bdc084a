import assert from "node:assert/strict";
import { test } from "node:test";
import { Drains } from "./drains.ts";

test("a look that had begun before a drain was asked for does not aim it", async () => {
  const drains = new Drains();
  const resolved: string[] = [];
  const before = drains.add().then(() => resolved.push("before the look"));
  const { unaimed } = drains;
  const during = drains.add().then(() => resolved.push("during the look"));
  drains.aim(unaimed, []);
  drains.advance([], 0, Number.POSITIVE_INFINITY);
  await before;
  assert.deepEqual(resolved, ["before the look"]);
  drains.aim(drains.unaimed, []);
  drains.advance([], 0, Number.POSITIVE_INFINITY);
  await during;
  assert.deepEqual([resolved.at(-1), drains.isEmpty], ["during the look", true]);
});
