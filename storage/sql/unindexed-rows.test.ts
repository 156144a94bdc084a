import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestStore } from "../testing.ts";
import { mergeInserted, type UnindexedRows, unindexedRows } from "./unindexed-rows.ts";

const { store } = await startTestStore();

/** One part. */
const insert = (count: number) =>
  store.command(
    `INSERT INTO spans (project_id, retention_days, trace_id, span_id, start_time)
SELECT 'p', 30, toFixedString(hex(rand64()), 16), toFixedString(substring(hex(rand()), 1, 8), 8), now64(9)
FROM numbers({count:UInt64})`,
    { count },
  );

test("rows that several inserts left are found, and are indexed by a merge", async () => {
  await insert(25_000);
  assert.deepEqual(await unindexedRows(store), [], "one part");
  await insert(5000);
  await insert(5000);
  const found = await unindexedRows(store);
  assert.deepEqual(
    found.map(({ table, rows }) => ({ table, rows })),
    [{ table: "spans", rows: 35_000 }],
  );
  const [spans] = found as [UnindexedRows];
  assert.ok(spans.quiet_seconds >= 0);
  assert.equal(spans.is_merging, false);
  await mergeInserted(store, spans);
  assert.deepEqual(await unindexedRows(store), []);
  const [count] = await store.query<{ rows: number }>("SELECT count() AS rows FROM spans");
  assert.equal(Number(count?.rows), 35_000);
});

test("a partition that is much larger is not written again for them", async () => {
  await insert(80_000);
  await insert(10_000);
  await store.command("OPTIMIZE TABLE spans FINAL");
  await insert(10_000);
  await insert(12_000);
  assert.deepEqual(await unindexedRows(store), []);
  await insert(50_000);
  assert.deepEqual(
    (await unindexedRows(store)).map(({ rows }) => rows),
    [72_000],
  );
});

test("few rows are left as they are", async () => {
  await store.command("OPTIMIZE TABLE spans FINAL");
  await insert(100);
  await insert(100);
  await insert(100);
  assert.deepEqual(await unindexedRows(store), []);
});
