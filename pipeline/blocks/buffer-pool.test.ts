import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "./buffer-pool.ts";

for (const [length, isKept] of [
  [0, false],
  [1000, false],
  [64 << 10, true],
  [100_000, true],
  [4 << 20, true],
  [5 << 20, false],
] as const) {
  test(`a buffer of ${length} bytes is ${isKept ? "" : "not "}used again`, () => {
    const pool = new BufferPool();
    const first = pool.take(length);
    assert.equal(first.length, length);
    const other = pool.take(length);
    assert.ok(length === 0 || first.buffer !== other.buffer);
    pool.giveBack(first);
    const again = pool.take(Math.max(0, length - 10));
    assert.equal(again.length, Math.max(0, length - 10));
    // 64 KiB less ten bytes is too little to be kept.
    if (length > 64 << 10) assert.equal(again.buffer === first.buffer, isKept);
  });
}

test("what is kept is bounded", () => {
  const pool = new BufferPool();
  const taken = Array.from({ length: 10 }, () => pool.take(4 << 20));
  for (const buffer of taken) pool.giveBack(buffer);
  const again = Array.from({ length: 10 }, () => pool.take(4 << 20));
  assert.equal(again.filter(({ buffer }) => taken.some((known) => known.buffer === buffer)).length, 2);
});
