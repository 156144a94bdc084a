import assert from "node:assert/strict";
import { test } from "node:test";
import { openFreshStore, startTestEngine } from "../testing.ts";

test("words are found in parts that were merged from parts with lists of both kinds", async (context) => {
  await using engine = await startTestEngine();
  await using store = openFreshStore(engine.address);
  await store.migrate();
  if (!(await store.capabilities()).features.has("packed_postings")) return context.skip("this server has one kind");
  await store.command(`CREATE TABLE texts (n UInt64, t String, INDEX words t TYPE text(tokenizer = splitByNonAlpha))
    ENGINE = MergeTree ORDER BY n SETTINGS text_index_posting_list_codec = 'none'`);
  const fill = (from: number) =>
    store.command(
      `INSERT INTO texts SELECT number, concat('every w', toString(number % 100), if(number % 5000 = 0, ' zebra', '')) FROM numbers(${from}, 30000)`,
    );
  await fill(0);
  await store.command("ALTER TABLE texts MODIFY SETTING text_index_posting_list_codec = 'bitpacking'");
  await fill(30_000);
  await store.command("OPTIMIZE TABLE texts FINAL");
  await fill(60_000);
  for (const [word, found] of [
    ["every", 90_000],
    ["w7", 900],
    ["zebra", 18],
    ["nothing", 0],
  ] as const) {
    const sql = "SELECT count() AS n FROM texts WHERE hasToken(t, {word:String})";
    assert.deepEqual(await store.query(sql, { word }), [{ n: found }], word);
  }
});
