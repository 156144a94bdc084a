import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newLogRow, newMetricPointRow, newSpanRow, type ProjectId, projectId, type SpanRow } from "@weir/model";
import { startTestStore } from "../testing.ts";
import {
  type Deletion,
  decisionTables,
  projectTables,
  readDeletion,
  receiptTables,
  startDeletion,
} from "./delete-data.ts";
import { childOf, insertRows, insertSpans } from "./testing.ts";

const mine = projectId("mine");
const theirs = projectId("theirs");
const { engine, store } = await startTestStore();

const now = BigInt(Date.now()) * 1_000_000n;

/** A trace of two spans; the second names no user. */
function trace(project: ProjectId, user: string): SpanRow[] {
  const root = { ...newSpanRow(project, "rest", now), kind: "agent", user_id: user };
  return [root, childOf(root, { ...newSpanRow(project, "rest", now + 1n), kind: "llm" })];
}

async function untilDone(project: ProjectId, { deletion_id }: Deletion): Promise<Deletion> {
  for (let tries = 0; tries < 2400; tries++) {
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
  assert.deepEqual(ofTrace.found_rows, { exemplars: 0, logs: 0, spans: 2, trace_index: 1, traces: 1 });
  const nothing = { exemplars: 0, logs: 0, spans: 0, trace_index: 0, traces: 0 };
  assert.deepEqual((await untilDone(mine, ofTrace)).remaining_rows, nothing);
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

test("what names the user outside of spans goes too: log records, points, exemplars; the receipt counts each", async () => {
  const [whose, others] = [projectId("whose"), projectId("others")];
  const ada = { "user.id": "ada" };
  const bob = { "user.id": "bob" };
  for (const project of [whose, others]) {
    const [hers, his] = [trace(project, "ada"), trace(project, "bob")];
    const [herTrace, hisTrace] = [hers[0]?.trace_id ?? "", his[0]?.trace_id ?? ""];
    await insertSpans(store, [...hers, ...his]);
    await insertRows(store, "logs", [
      { ...newLogRow(project, now), trace_id: herTrace, body: "what she asked" },
      { ...newLogRow(project, now + 1n), attributes: { "enduser.id": "ada" } },
      { ...newLogRow(project, now + 2n), resource: ada },
      { ...newLogRow(project, now + 3n), trace_id: hisTrace, attributes: bob },
      newLogRow(project, now + 4n),
    ]);
    const exemplars = {
      exemplar_times: [now, now],
      exemplar_values: [1, 2],
      exemplar_trace_ids: [hisTrace, herTrace],
      exemplar_span_ids: [his[0]?.span_id ?? "", hers[0]?.span_id ?? ""],
    };
    await insertRows(store, "metric_points", [
      { ...newMetricPointRow(project, "m", "gauge", now), value: 1, attributes: ada },
      { ...newMetricPointRow(project, "m", "gauge", now), value: 1, attributes: bob },
      { ...newMetricPointRow(project, "m", "gauge", now), value: 1, ...exemplars },
    ]);
  }
  const before = await rowsOf(others);
  const deletion = await startDeletion(store, whose, { userId: "ada" });
  assert.deepEqual(deletion.found_rows, {
    ...{ spans: 2, traces: 1, trace_index: 1, usage_user_1d: 1, usage_user_total_1d: 0, logs: 3 },
    ...{ metric_points: 1, metric_1m: 1, metric_1h: 1, exemplars: 1 },
  });
  const done = await untilDone(whose, deletion);
  assert.ok(Object.values(done.remaining_rows).every((count) => count === 0));
  assert.deepEqual(await rowsOf(others), before);
  const left = await rowsOf(whose);
  assert.deepEqual([left["spans"], left["logs"], left["metric_points"], left["metric_1m"]], [2, 2, 2, 2]);
  const kept = await store.query<{ values: number[]; spans: number }>(
    `SELECT exemplar_values AS values, length(exemplar_span_ids) AS spans FROM metric_points
     WHERE project_id = 'whose' AND notEmpty(exemplar_trace_ids)`,
  );
  assert.deepEqual(kept, [{ values: [1], spans: 1 }]);
  const mentions = await store.query<{ rows: number }>(
    `SELECT count() AS rows FROM (
       SELECT toString(tuple(*)) AS row FROM spans WHERE project_id = 'whose'
       UNION ALL SELECT toString(tuple(*)) FROM logs WHERE project_id = 'whose'
       UNION ALL SELECT toString(tuple(*)) FROM metric_points WHERE project_id = 'whose')
     WHERE row LIKE '%ada%' OR row LIKE '%she asked%'`,
  );
  assert.equal(Number(mentions[0]?.rows), 0);
});

test("one that was interrupted goes on when it is asked about, also after a restart of the engine", async () => {
  const [rows, others] = [trace(mine, "eve"), trace(mine, "bob")];
  await insertSpans(store, [...rows, ...others]);
  let statements = 0;
  const dying = {
    query: store.query.bind(store),
    command: store.command.bind(store),
    isMutating: store.isMutating.bind(store),
    async mutate(table: string, change: string, params?: Readonly<Record<string, unknown>>) {
      if (++statements > 1) throw new Error("killed");
      await store.mutate(table, change, params);
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

async function rowsOf(project: ProjectId): Promise<Record<string, number>> {
  const counts = projectTables.map(
    (table) => `SELECT '${table}' AS name, count() AS rows FROM ${table} WHERE project_id = {project:String}`,
  );
  const rows = await store.query<{ name: string; rows: number }>(counts.join(" UNION ALL "), { project });
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, Number(count)]));
}

test("a project goes from every table, its receipt stays, and a new project of its id is left alone", async () => {
  const doomed = projectId("doomed");
  const fill = async () => {
    await insertSpans(
      store,
      trace(doomed, "ada").map((row) => ({ ...row, kind: "llm" })),
    );
    await insertRows(store, "logs", [newLogRow(doomed, now)]);
    await insertRows(store, "metric_points", [newMetricPointRow(doomed, "m", "gauge", now)]);
  };
  await fill();
  await startDeletion(store, doomed, { userId: "nobody" });
  const kept = await rowsOf(mine);
  const started = await startDeletion(store, doomed, { wholeProject: true });
  assert.deepEqual(Object.keys(started.found_rows).sort(), [...projectTables, "deletions"].sort());
  assert.ok(Object.values(started.found_rows).every((count) => count > 0));
  const done = await untilDone(doomed, started);
  assert.notEqual(done.finished_at, null);
  assert.ok(Object.values(await rowsOf(doomed)).every((count) => count === 0));
  assert.deepEqual(await rowsOf(mine), kept);

  await fill();
  const again = await rowsOf(doomed);
  assert.deepEqual(await readDeletion(store, doomed, started.deletion_id), done);
  assert.deepEqual(await rowsOf(doomed), again);
});

test("deletion knows every table that has projects", async () => {
  const tables = await store.query<{ table: string }>(
    "SELECT DISTINCT table FROM system.columns WHERE database = {database:String} AND name = 'project_id'",
    { database: store.database },
  );
  const stored = tables.map(({ table }) => table).filter((table) => !table.endsWith("_view"));
  assert.deepEqual(stored.toSorted(), [...projectTables, ...receiptTables, ...decisionTables].toSorted());
});
