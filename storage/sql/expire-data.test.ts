import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  heldClass,
  newLogRow,
  newMetricPointRow,
  newSpanRow,
  type ProjectId,
  projectId,
  retentionOf,
  ruleClass,
} from "@weir/model";
import { startTestStore } from "../testing.ts";
import { expireData } from "./expire-data.ts";
import { insertRows, insertSpans } from "./testing.ts";

const { store } = await startTestStore();

const now = BigInt(Date.now()) * 1_000_000n;
const daysAgo = (days: number) => now - BigInt(days) * 86_400_000_000_000n;

/** A span, a log record, a log record of a call's content and a point of each age. */
async function fill(project: ProjectId, retentionDays: number, ...ages: number[]): Promise<void> {
  const kept = { retention_days: retentionDays };
  const content = { kind: "llm", content_format: "text", input: "asked", output: "said", input_preview: "asked" };
  const spans = ages.map((age) => ({
    ...newSpanRow(project, "rest", daysAgo(age)),
    ...kept,
    ...content,
    name: `${age}`,
  }));
  await insertSpans(store, spans);
  const logs = ages.flatMap((age) => [
    { ...newLogRow(project, daysAgo(age)), ...kept, body: `${age}` },
    { ...newLogRow(project, daysAgo(age)), ...kept, body: `content ${age}`, event_name: "gen_ai.choice" },
  ]);
  await insertRows(store, "logs", logs);
  const points = ages.map((age) => ({ ...newMetricPointRow(project, `${age}`, "gauge", daysAgo(age)), ...kept }));
  await insertRows(store, "metric_points", points);
}

async function left(project: ProjectId): Promise<Record<string, string[]>> {
  const rows = await store.query<{ what: string; found: string[] }>(
    `SELECT 'spans' AS what, arraySort(groupArray(name)) AS found FROM spans WHERE project_id = {project:String}
UNION ALL SELECT 'content', arraySort(groupArray(name)) FROM spans WHERE project_id = {project:String} AND (input = 'asked' AND output = 'said' AND content_state = 'full' OR input_preview != '')
UNION ALL SELECT 'previews', arraySort(groupArray(name)) FROM traces WHERE project_id = {project:String} AND input_preview = 'asked'
UNION ALL SELECT 'totals', [toString(sum(span_count))] FROM trace_index WHERE project_id = {project:String}
UNION ALL SELECT 'logs', arraySort(groupArray(body)) FROM logs WHERE project_id = {project:String}
UNION ALL SELECT 'points', arraySort(groupArray(toString(metric_name))) FROM metric_points WHERE project_id = {project:String}`,
    { project },
  );
  return Object.fromEntries(rows.map(({ what, found }) => [what, found]));
}

/** Waits for the mutations that were begun. */
async function settled(): Promise<void> {
  for (let tries = 0; tries < 2400; tries++) {
    if (!(await store.isMutating("expiry of"))) return;
    await sleep(50);
  }
  assert.fail("the mutations did not end");
}

test("rows of a short class go by themselves when parts are merged, those of a longer one stay", async () => {
  const project = projectId("classes");
  await fill(project, 5, 20, 1);
  await fill(project, 90, 30, 2);
  for (const table of ["spans", "traces", "trace_index", "logs", "metric_points"])
    await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  assert.deepEqual(await left(project), {
    spans: ["1", "2", "30"],
    content: ["1", "2", "30"],
    previews: ["1", "2", "30"],
    totals: ["3"],
    logs: ["1", "2", "30", "content 1", "content 2", "content 30"],
    points: ["1", "2", "30"],
  });
});

test("retention that was shortened takes older rows away, content before its spans, and other projects keep theirs", async () => {
  const [mine, theirs] = [projectId("mine"), projectId("theirs")];
  await fill(mine, 90, 40, 20, 10, 1);
  await fill(theirs, 90, 40, 10);
  const untouched = await left(theirs);
  const retention = retentionOf({ spansDays: 30, contentDays: 7, logsDays: 15, metricPointsDays: 5 });
  const going = await expireData(store, mine, retention, now);
  assert.deepEqual(Object.keys(going).sort(), ["logs", "metric_points", "spans", "trace_index", "traces"]);
  await settled();
  assert.deepEqual(await expireData(store, mine, retention, now), {});
  assert.deepEqual(await left(mine), {
    spans: ["1", "10", "20"],
    content: ["1"],
    previews: ["1"],
    totals: ["3"],
    logs: ["1", "10", "content 1"],
    points: ["1"],
  });
  const states = await store.query(
    "SELECT name, content_state, duration_ns FROM spans WHERE project_id = 'mine' AND input = '' ORDER BY name",
  );
  assert.deepEqual(states, [
    { name: "10", content_state: "expired", duration_ns: 0 },
    { name: "20", content_state: "expired", duration_ns: 0 },
  ]);
  assert.deepEqual(await left(theirs), untouched);
});

test("what a rule keeps longer than its project stays, and what is held goes with the rest", async () => {
  const project = projectId("ruled");
  await fill(project, ruleClass + 365, 40);
  await fill(project, heldClass + 90, 41, 2);
  await expireData(store, project, retentionOf({ spansDays: 30 }), now);
  await settled();
  assert.deepEqual((await left(project))["spans"], ["2", "40"]);
});

test("what is as old as it may be starts nothing", async () => {
  const project = projectId("calm");
  await fill(project, 90, 10);
  assert.deepEqual(await expireData(store, project, retentionOf({}), now), {});
});
