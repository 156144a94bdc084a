import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportQueue } from "./export-queue.ts";

interface Setup {
  readonly limit?: number;
  readonly limitBytes?: number;
  readonly batchLimit?: number;
  readonly batchLimitBytes?: number;
  readonly deliver?: (batch: readonly number[]) => Promise<void>;
}

/** A queue of numbers that weigh what they say. */
function queueOf(setup: Setup) {
  const batches: (readonly number[])[] = [];
  const dropped: [number, string][] = [];
  const queue = new ExportQueue<number>({
    limit: 100,
    limitBytes: 10_000,
    batchLimit: 10,
    batchLimitBytes: 1000,
    delayMs: 1,
    sizeOf: (item) => item,
    onDropped: (count, reason) => dropped.push([count, reason]),
    ...setup,
    deliver: async (batch) => {
      batches.push(batch);
      await setup.deliver?.(batch);
    },
  });
  return { queue, batches, dropped };
}

test("items go in batches, in their order, once each", async () => {
  const { queue, batches, dropped } = queueOf({ batchLimit: 3 });
  for (let item = 1; item <= 8; item++) queue.push(item);
  await queue.flush(60_000);
  assert.deepEqual(batches, [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ]);
  assert.deepEqual(dropped, []);
});

test("a batch ends at its bytes; one item that is larger goes alone", async () => {
  const { queue, batches } = queueOf({ batchLimitBytes: 100 });
  for (const size of [60, 30, 30, 500, 1]) queue.push(size);
  await queue.flush(60_000);
  assert.deepEqual(batches, [[60, 30], [30], [500], [1]]);
});

test("what waits alone is sent after the delay", async () => {
  const { queue, batches } = queueOf({});
  queue.push(7);
  while (batches.length === 0) await new Promise((done) => setTimeout(done, 1));
  assert.deepEqual(batches, [[7]]);
  await queue.flush(60_000);
});

test("behind a destination that hangs the newest are dropped and counted", async () => {
  let release = () => {};
  const hang = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { queue, batches, dropped } = queueOf({ limit: 5, batchLimit: 2, deliver: () => hang });
  for (let item = 1; item <= 20; item++) queue.push(item);
  release();
  await queue.flush(60_000);
  assert.deepEqual(batches.flat(), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(dropped, [[13, "queue_full"]]);
});

test("bytes are bounded too", async () => {
  const { queue, batches, dropped } = queueOf({ limitBytes: 50, batchLimit: 100 });
  for (const size of [30, 30, 20]) queue.push(size);
  await queue.flush(60_000);
  assert.deepEqual(batches.flat(), [30, 20]);
  assert.deepEqual(dropped, [[1, "queue_full"]]);
});

test("a stop does not wait for ever, and says what is lost", async () => {
  const { queue, dropped } = queueOf({ batchLimit: 2, deliver: () => new Promise(() => {}) });
  for (const item of [1, 2, 3]) queue.push(item);
  await queue.flush(10);
  assert.deepEqual(dropped, [[1, "stopped"]]);
});
