import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startTestStore } from "../testing.ts";

const { store } = await startTestStore();
for (const view of ["traces", "trace_index", "usage_1m", "usage_user_1d"])
  await store.command(`DROP VIEW ${view}_view`);

const parts = () =>
  store.query<{ rows: number; marks: number }>(
    "SELECT rows, marks FROM system.parts WHERE active AND database = {database:String} AND table = 'spans' AND rows > 0",
    { database: store.database },
  );

/** Rows that lie scattered are read with few others: of two parts, in each order in which their rows may come. */
describe("granules are small", () => {
  const orders = {
    "of rows that alternate": (half: number) => `number % 2 = ${half}`,
    "of rows that came one after the other": (half: number) => `intDiv(number, 80000) = ${half}`,
  };
  for (const [order, isIn] of Object.entries(orders))
    test(order, async () => {
      await store.command("TRUNCATE TABLE spans");
      await store.command("SYSTEM STOP MERGES spans");
      for (const half of [0, 1])
        await store.command(
          `INSERT INTO spans (project_id, retention_days, trace_id, start_time)
           SELECT 'p', 90, reinterpret(toUInt128(number), 'FixedString(16)'), toDateTime64('2026-11-03', 9, 'UTC') + number / 1000
           FROM numbers(160000) WHERE ${isIn(half)} SETTINGS min_insert_block_size_rows = 1000000, max_block_size = 1000000`,
        );
      const inserted = await parts();
      assert.deepEqual(
        inserted.map(({ rows }) => rows),
        [80_000, 80_000],
      );
      for (const { marks } of inserted) assert.ok(marks > 75, `${marks} marks when inserted`);
      await store.command("SYSTEM START MERGES spans");
      await store.command("OPTIMIZE TABLE spans FINAL");
      const [merged] = await parts();
      assert.equal(merged?.rows, 160_000);
      assert.ok(merged.marks > 150, `${merged.marks} marks`);
    });
});
