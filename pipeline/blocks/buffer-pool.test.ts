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

test("what lies ready is given back to the system at once", () => {
  const pool = new BufferPool();
  const buffer = pool.take(100_000);
  pool.giveBack(buffer);
  pool.clear();
  assert.equal(buffer.buffer.byteLength, 0);
  assert.equal(pool.take(100_000).length, 100_000);
});

for (const [keptBytes, kept] of [
  [0, 0],
  [12 << 20, 3],
] as const)
  test(`of ${keptBytes} bytes at most, ${kept} large buffers are kept`, () => {
    const pool = new BufferPool(keptBytes);
    const taken = Array.from({ length: 5 }, () => pool.take(4 << 20));
    for (const buffer of taken) pool.giveBack(buffer);
    const again = Array.from({ length: 5 }, () => pool.take(4 << 20));
    assert.equal(again.filter(({ buffer }) => taken.some((known) => known.buffer === buffer)).length, kept);
  });

test("what is kept is bounded", () => {
  const pool = new BufferPool();
  const taken = Array.from({ length: 10 }, () => pool.take(4 << 20));
  for (const buffer of taken) pool.giveBack(buffer);
  const again = Array.from({ length: 10 }, () => pool.take(4 << 20));
  assert.equal(again.filter(({ buffer }) => taken.some((known) => known.buffer === buffer)).length, 2);
});
