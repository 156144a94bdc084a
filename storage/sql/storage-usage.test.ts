import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId } from "@weir/model";
import { startTestStore } from "../testing.ts";
import { columnUsage, storageUsage } from "./storage-usage.ts";
import { insertSpans } from "./testing.ts";

const { store } = await startTestStore();

test("tables without rows take nothing and have no times", async () => {
  const tables = await storageUsage(store);
  const spans = tables.find(({ table }) => table === "spans");
  assert.deepEqual(spans, {
    ...{ table: "spans", rows: 0, parts: 0, disk_bytes: 0, compressed_bytes: 0, uncompressed_bytes: 0 },
    ...{ compression_ratio: null, disk_bytes_per_row: null, oldest: null, newest: null },
  });
  assert.ok(!tables.some(({ table }) => table.startsWith("schema_")));
});

test("each table tells its rows, sizes, ratio and extremes, the largest first", async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const first = BigInt(Date.parse(`${yesterday}T15:06:40Z`)) * 1_000_000n + 123_456_789n;
  const rows = Array.from({ length: 300 }, (_, index) => ({
    ...newSpanRow(projectId("mine"), "rest", first + BigInt(index) * 1_000_000_000n),
    kind: "llm",
    input: "the same words again and again ".repeat(20),
    output: `answer ${index}`,
  }));
  await insertSpans(store, rows);
  const tables = await storageUsage(store);
  const spans = tables.find(({ table }) => table === "spans");
  assert.ok(spans !== undefined && spans.compression_ratio !== null);
  assert.equal(spans.rows, 300);
  assert.ok(spans.uncompressed_bytes > 300 * 600, `${spans.uncompressed_bytes}`);
  assert.ok(spans.disk_bytes > spans.compressed_bytes && spans.compressed_bytes > 0);
  assert.equal(spans.compression_ratio, spans.uncompressed_bytes / spans.compressed_bytes);
  assert.equal(spans.disk_bytes_per_row, spans.disk_bytes / 300);
  assert.deepEqual(
    [spans.oldest, spans.newest],
    [`${yesterday}T15:06:40.123456789Z`, `${yesterday}T15:11:39.123456789Z`],
  );
  const minutes = tables.find(({ table }) => table === "usage_1m");
  assert.deepEqual([minutes?.oldest, minutes?.newest], [`${yesterday}T15:06:00Z`, `${yesterday}T15:11:00Z`]);
  const days = tables.find(({ table }) => table === "usage_1d");
  assert.deepEqual([days?.oldest, days?.newest], [`${yesterday}T00:00:00Z`, `${yesterday}T00:00:00Z`]);
  assert.deepEqual(
    tables.map(({ disk_bytes }) => disk_bytes),
    tables.map(({ disk_bytes }) => disk_bytes).sort((one, other) => other - one),
  );
});

test("columns tell their share where parts are large enough to have a file for each", async () => {
  await store.command("ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 0");
  await store.command("OPTIMIZE TABLE spans FINAL");
  const columns = (await columnUsage(store)).filter(({ table }) => table === "spans");
  const input = columns.find(({ column }) => column === "input");
  assert.ok(input !== undefined && input.uncompressed_bytes > 300 * 600 && input.compressed_bytes > 0);
});
