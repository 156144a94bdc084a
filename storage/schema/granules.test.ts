import assert from "node:assert/strict";
import { test } from "node:test";
import { openFreshStore, startTestEngine } from "../testing.ts";

test("merges make small granules: rows that lie scattered are read with few others", async () => {
  await using engine = await startTestEngine();
  await using store = openFreshStore(engine.address);
  await store.migrate();
  for (const view of ["traces", "trace_index", "usage_1m", "usage_user_1d"])
    await store.command(`DROP VIEW ${view}_view`);
  // The rows of both inserts alternate in the order of the key.
  await store.command("SYSTEM STOP MERGES spans");
  for (const half of [0, 1])
    await store.command(
      `INSERT INTO spans (project_id, retention_days, trace_id, start_time)
       SELECT 'p', 90, reinterpret(toUInt128(number), 'FixedString(16)'), toDateTime64('2026-11-03', 9, 'UTC') + number / 1000
       FROM numbers(160000) WHERE number % 2 = ${half} SETTINGS min_insert_block_size_rows = 1000000, max_block_size = 1000000`,
    );
  const parts = () =>
    store.query<{ rows: number; marks: number }>(
      "SELECT rows, marks FROM system.parts WHERE active AND database = {database:String} AND table = 'spans'",
      { database: store.database },
    );
  assert.deepEqual(
    (await parts()).map(({ rows }) => rows),
    [80_000, 80_000],
  );
  await store.command("SYSTEM START MERGES spans");
  await store.command("OPTIMIZE TABLE spans FINAL");
  const [merged] = await parts();
  assert.equal(merged?.rows, 160_000);
  assert.ok(merged.marks > 150, `${merged.marks} marks`);
});
