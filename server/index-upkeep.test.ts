import assert from "node:assert/strict";
import { test } from "node:test";
import { silentTelemetry } from "@weir/model";
import type { SqlWriter, UnindexedRows } from "@weir/storage";
import { IndexUpkeep } from "./index-upkeep.ts";

/** Says what it is told to, and notes what is asked of it. */
function recordingStore(answers: UnindexedRows[][]) {
  const asked: string[] = [];
  const store = {
    async query() {
      asked.push("query");
      return answers.shift() ?? [];
    },
    async command(sql: string) {
      asked.push(sql);
    },
  } as unknown as SqlWriter;
  return { store, asked };
}

const rows = (quiet_seconds: number, is_merging = false): UnindexedRows => ({
  table: "spans",
  partition_id: "30-20261116",
  rows: 50_000,
  quiet_seconds,
  is_merging,
});
const merge = "OPTIMIZE TABLE spans PARTITION ID '30-20261116' SETTINGS optimize_throw_if_noop = 1";

const cases: {
  name: string;
  answers: UnindexedRows[][];
  /** Before which looks rows were inserted. */
  inserts: number[];
  asked: string[];
}[] = [
  { name: "nothing waits", answers: [[]], inserts: [0], asked: ["query"] },
  { name: "rows come later", answers: [[], [rows(11)]], inserts: [0, 2], asked: ["query", "query", merge, "query"] },
  {
    name: "rows are still coming",
    answers: [[rows(1)], [rows(11)]],
    inserts: [0],
    asked: ["query", "query", merge, "query"],
  },
  {
    name: "parts are being merged, and rows remain after it",
    answers: [[rows(11, true)], [rows(16)]],
    inserts: [0],
    asked: ["query", "query", merge, "query"],
  },
];

for (const { name, answers, inserts, asked } of cases)
  test(`index upkeep: ${name}`, async () => {
    const recording = recordingStore(answers);
    await using upkeep = new IndexUpkeep({ store: recording.store, telemetry: silentTelemetry });
    for (let look = 0; look < 5; look++) {
      if (inserts.includes(look)) upkeep.rowsInserted();
      await upkeep.look();
      await new Promise(setImmediate);
    }
    assert.deepEqual(recording.asked, asked);
  });

/** Merges end when the test says so. */
function slowStore(waiting: UnindexedRows[]) {
  const asked: string[] = [];
  const ends: ((error: Error) => void)[] = [];
  const store = {
    query: async () => waiting,
    command: (sql: string) => {
      asked.push(sql);
      return new Promise<void>((_, reject) => ends.push(reject));
    },
  } as unknown as SqlWriter;
  return { store, asked, fail: () => ends.shift()?.(new Error("not now")) };
}

test("index upkeep: one merge at a time; after a refused one comes another partition", async () => {
  const slow = slowStore([rows(20), { ...rows(10), partition_id: "30-20261109" }]);
  await using upkeep = new IndexUpkeep({ store: slow.store, telemetry: silentTelemetry });
  upkeep.rowsInserted();
  for (let look = 0; look < 3; look++) await upkeep.look();
  assert.deepEqual(slow.asked, [merge]);
  for (let look = 0; look < 3; look++) {
    slow.fail();
    await new Promise(setImmediate);
    await upkeep.look();
  }
  assert.deepEqual(slow.asked, [merge, merge.replace("20261116", "20261109")]);
});

test("index upkeep: a look that failed is made again", async () => {
  let looks = 0;
  const store = { query: () => Promise.reject(new Error(`look ${++looks}`)) } as unknown as SqlWriter;
  await using upkeep = new IndexUpkeep({ store, telemetry: silentTelemetry });
  upkeep.rowsInserted();
  await assert.rejects(upkeep.look(), /look 1/);
  await assert.rejects(upkeep.look(), /look 2/);
});
