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

const rows = (quiet_seconds: number): UnindexedRows => ({
  table: "spans",
  partition_id: "30-20261116",
  rows: 50_000,
  quiet_seconds,
});
const merge = "OPTIMIZE TABLE spans PARTITION ID '30-20261116'";

const cases: {
  name: string;
  answers: UnindexedRows[][];
  /** Before which looks rows were inserted. */
  inserts: number[];
  asked: string[];
}[] = [
  { name: "nothing waits", answers: [[]], inserts: [], asked: ["query"] },
  { name: "rows come later", answers: [[], [rows(11)]], inserts: [2], asked: ["query", "query", merge, "query"] },
  {
    name: "rows are still coming",
    answers: [[rows(1)], [rows(11)]],
    inserts: [],
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

test("index upkeep: one merge at a time, and a refused one is tried again", async () => {
  let end: (error: Error) => void = () => undefined;
  const asked: string[] = [];
  const store = {
    query: async () => [rows(20)],
    command: (sql: string) => {
      asked.push(sql);
      return new Promise<void>((_, reject) => {
        end = reject;
      });
    },
  } as unknown as SqlWriter;
  await using upkeep = new IndexUpkeep({ store, telemetry: silentTelemetry });
  await upkeep.look();
  await upkeep.look();
  assert.deepEqual(asked, [merge]);
  end(new Error("storage is away"));
  await new Promise(setImmediate);
  await upkeep.look();
  assert.deepEqual(asked, [merge, merge]);
  end(new Error("storage is away"));
});
