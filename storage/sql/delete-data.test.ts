import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newSpanRow, type ProjectId, projectId, type SpanRow } from "@weir/model";
import type { Store } from "../store.ts";
import { openFreshStore, startTestEngine, type TestEngine } from "../testing.ts";
import { type Deletion, readDeletion, startDeletion } from "./delete-data.ts";
import { childOf, insertSpans } from "./testing.ts";

const mine = projectId("mine");
const theirs = projectId("theirs");
let engine: TestEngine;
let store: Store;

before(async () => {
  engine = await startTestEngine();
  store = openFreshStore(engine.address);
  await store.migrate();
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const now = BigInt(Date.now()) * 1_000_000n;

/** A trace of two spans; the second names no user. */
function trace(project: ProjectId, user: string): SpanRow[] {
  const root = { ...newSpanRow(project, "rest", now), kind: "agent", user_id: user };
  return [root, childOf(root, { ...newSpanRow(project, "rest", now + 1n), kind: "llm" })];
}

async function untilDone(project: ProjectId, { deletion_id }: Deletion): Promise<Deletion> {
  for (let tries = 0; tries < 600; tries++) {
    const deletion = await readDeletion(store, project, deletion_id);
    if (deletion?.status === "done") return deletion;
    await sleep(50);
  }
  assert.fail("it did not finish");
}

async function tracesLeft(): Promise<string[]> {
  const rows = await store.query<{ id: string }>(
    `SELECT DISTINCT lower(hex(trace_id)) AS id FROM (
       SELECT trace_id FROM spans UNION ALL SELECT trace_id FROM traces UNION ALL SELECT trace_id FROM trace_index)`,
  );
  return rows.map(({ id }) => id).sort();
}

test("a trace and a user's traces go from every table, and nothing else does", async () => {
  const [first, second, ada, alsoAda, others] = [
    trace(mine, "bob"),
    trace(mine, "bob"),
    trace(mine, "ada"),
    trace(mine, "ada"),
    trace(theirs, "ada"),
  ] as const;
  await insertSpans(store, [...first, ...second, ...ada, ...alsoAda, ...others]);
  const idOf = (rows: readonly SpanRow[] | undefined) => rows?.[0]?.trace_id ?? "";

  const ofTrace = await startDeletion(store, mine, { traceId: idOf(first) });
  assert.deepEqual(ofTrace.found_rows, { spans: 2, trace_index: 1, traces: 1 });
  assert.deepEqual((await untilDone(mine, ofTrace)).remaining_rows, { spans: 0, trace_index: 0, traces: 0 });
  assert.deepEqual(await tracesLeft(), [second, ada, alsoAda, others].map(idOf).sort());

  const ofUser = await startDeletion(store, mine, { userId: "ada" });
  assert.deepEqual([ofUser.subject, ofUser.found_rows["spans"], ofUser.found_rows["usage_user_1d"]], ["user", 4, 1]);
  await untilDone(mine, ofUser);
  assert.deepEqual(await tracesLeft(), [second, others].map(idOf).sort());
  const users = await store.query("SELECT project_id, user_id FROM usage_user_1d ORDER BY project_id");
  assert.deepEqual(users, [
    { project_id: "mine", user_id: "bob" },
    { project_id: "theirs", user_id: "ada" },
  ]);
  assert.equal(await readDeletion(store, theirs, ofUser.deletion_id), undefined);
});

test("one that was interrupted goes on when it is asked about, also after a restart of the engine", async () => {
  const [rows, others] = [trace(mine, "eve"), trace(mine, "bob")];
  await insertSpans(store, [...rows, ...others]);
  let statements = 0;
  const dying = {
    query: store.query.bind(store),
    async command(sql: string, params?: Readonly<Record<string, unknown>>) {
      if (sql.startsWith("ALTER") && ++statements > 1) throw new Error("killed");
      await store.command(sql, params);
    },
  };
  await assert.rejects(startDeletion(dying, mine, { userId: "eve" }), /killed/);
  await engine.killAndStart();
  const [left] = await store.query<{ deletion_id: string }>(
    "SELECT deletion_id FROM deletions WHERE subject_id = 'eve'",
  );
  assert.ok(left);
  await untilDone(mine, { deletion_id: left.deletion_id } as Deletion);
  assert.ok(!(await tracesLeft()).includes(rows[0]?.trace_id ?? ""));
  assert.ok((await tracesLeft()).includes(others[0]?.trace_id ?? ""));
});

test("what is not there is done at once", async () => {
  const deletion = await startDeletion(store, mine, { userId: "nobody' OR 1=1" });
  assert.deepEqual([deletion.status, deletion.found_rows["spans"]], ["done", 0]);
});
