import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId } from "@weir/model";
import { everything } from "@weir/query";
import { startTestStore } from "../testing.ts";
import { noteFirstPage, sinceFirstPage } from "./first-pages.ts";
import { listCalls } from "./list-calls.ts";
import type { SqlReader } from "./reader.ts";
import { insertSpans } from "./testing.ts";

const { store } = await startTestStore();

const project = projectId("p");
const second = 1_000_000_000n;
const start = BigInt(Math.floor(Date.now() / 1000) - 3600) * second;
const calls = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => ({
    ...newSpanRow(project, "gateway", start + BigInt(from + index) * second),
    kind: "llm",
    name: `${from + index}`,
  }));

/** A reader that remembers nothing yet, and counts its statements. */
function freshReader(): SqlReader & { statements: number } {
  const reader = {
    statements: 0,
    query<Row>(...asked: Parameters<SqlReader["query"]>): Promise<Row[]> {
      reader.statements += 1;
      return store.query<Row>(...asked);
    },
  };
  return reader;
}

async function namesOf(reader: SqlReader, untilSecond: number, limit = 5): Promise<string[]> {
  const range = { fromUnixNano: start - 40n * 86_400n * second, toUnixNano: start + BigInt(untilSecond) * second };
  const { data } = await listCalls(reader, project, { range, filter: everything, limit });
  return data.map(({ name }) => name);
}

test("the newest calls are the same whether their list was asked before or not", async () => {
  await insertSpans(store, calls(0, 20));
  const reader = freshReader();
  assert.deepEqual(await namesOf(reader, 100), ["19", "18", "17", "16", "15"]);
  await insertSpans(store, calls(20, 23));
  assert.deepEqual(await namesOf(reader, 100), ["22", "21", "20", "19", "18"]);
  assert.equal(reader.statements, 2, "one each");
  assert.deepEqual(await namesOf(reader, 100, 8), ["22", "21", "20", "19", "18", "17", "16", "15"], "a longer page");
  assert.deepEqual(await namesOf(reader, 10), ["9", "8", "7", "6", "5"], "an earlier end");
  await store.command("DELETE FROM spans WHERE name IN ('22', '21', '19', '18', '16')");
  assert.deepEqual(await namesOf(reader, 100), ["20", "17", "15", "14", "13"], "rows of the page are gone");
  assert.deepEqual(await namesOf(reader, 100), await namesOf(freshReader(), 100));
});

test("so many lists are remembered of a reader, and none of another", () => {
  const reader = freshReader();
  const range = { fromUnixNano: 0n, toUnixNano: 100n };
  const page = { rowCount: 51, oldestUnixNano: 90n, toUnixNano: 100n };
  for (let list = 0; list <= 1000; list++) noteFirstPage(reader, `${list}`, page);
  assert.equal(sinceFirstPage(reader, "0", range, 51), undefined, "forgotten");
  assert.equal(sinceFirstPage(reader, "1000", range, 51), 90n);
  assert.equal(sinceFirstPage(reader, "1000", range, 52), undefined, "more rows than were found");
  assert.equal(sinceFirstPage(reader, "1000", { ...range, toUnixNano: 99n }, 51), undefined, "ends before");
  assert.equal(sinceFirstPage(reader, "1000", { ...range, fromUnixNano: 90n }, 51), undefined, "begins after");
  assert.equal(sinceFirstPage(freshReader(), "1000", range, 51), undefined);
});
