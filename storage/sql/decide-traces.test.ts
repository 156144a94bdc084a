import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { heldClass, newSpanRow, newTraceId, type ProjectId, projectId, ruleClass, type SpanRow } from "@weir/model";
import { parseFilter } from "@weir/query";
import { startTestStore } from "../testing.ts";
import { type DecidedTraces, decideTraces } from "./decide-traces.ts";
import { insertSpans } from "./testing.ts";

const { store } = await startTestStore();

const now = BigInt(Date.now()) * 1_000_000n;
const minute = 60_000_000_000n;
const keep = ["status:error", "latency>10s", "cost>0.05", "@tier:gold"].map((text) => parseFilter(text));

interface Told extends Partial<SpanRow> {
  readonly minutesAgo?: number;
}

/** Spans of one trace, held unless they say otherwise. Returns the trace's id. */
async function send(project: ProjectId, ...told: readonly Told[]): Promise<string> {
  const traceId = told[0]?.trace_id ?? newTraceId();
  const rows = told.map(({ minutesAgo = 30, ...fields }) => ({
    ...newSpanRow(project, "rest", now - BigInt(minutesAgo) * minute),
    retention_days: heldClass + 90,
    trace_id: traceId,
    ...fields,
  }));
  await insertSpans(store, rows);
  return traceId;
}

async function decide(project: ProjectId, since = 0n): Promise<DecidedTraces> {
  const decided = await decideTraces(store, project, {
    keep,
    endedBeforeUnixNano: now - 10n * minute,
    endedSinceUnixNano: since,
  });
  for (let tries = 0; tries < 2400 && (await store.isMutating("decision on")); tries++) await sleep(50);
  return decided;
}

/** By trace the names of its spans, in lists of calls, traces and totals alike. */
async function left(project: ProjectId): Promise<Record<string, string[]>> {
  const rows = await store.query<{ trace: string; names: string[]; total: unknown; entries: unknown }>(
    `SELECT lower(hex(trace_id)) AS trace, arraySort(groupArray(toString(name))) AS names, length(names) AS count,
  (SELECT sum(span_count) FROM trace_index WHERE trace_index.project_id = {project:String}) AS total,
  (SELECT count() FROM traces WHERE traces.project_id = {project:String}) AS entries
FROM spans WHERE project_id = {project:String} GROUP BY trace_id`,
    { project },
  );
  const spans = rows.reduce((sum, { names }) => sum + names.length, 0);
  for (const { total, entries } of rows) assert.deepEqual([Number(total), Number(entries)], [spans, rows.length]);
  return Object.fromEntries(rows.map(({ trace, names }) => [trace, names]));
}

const child = { is_entry: 0 } as const;

test("a trace is kept whole when one of its spans fits, whichever, and the others go", async () => {
  const project = projectId("outcomes");
  const failed = await send(project, { name: "a" }, { name: "b", ...child, status: "error" });
  const slow = await send(project, { name: "c", duration_ns: 11e9 }, { name: "d", ...child });
  const dear = await send(project, { name: "e" }, { name: "f", ...child, cost_nano_usd: 60_000_000, kind: "llm" });
  const gold = await send(project, { name: "g", attributes: { tier: "gold" } }, { name: "h", ...child });
  const known = await send(project, { name: "i" }, { name: "j", ...child, status: "error", retention_days: 90 });
  await send(project, { name: "k" }, { name: "l", ...child });
  const sampled = await send(
    project,
    { name: "m", retention_days: 90 },
    { name: "p", ...child, retention_days: ruleClass + 7 },
  );
  const running = await send(project, { name: "n" }, { name: "o", ...child, minutesAgo: 5 });
  assert.deepEqual(await decide(project), { decided: 6, kept: 5 });
  assert.deepEqual(await left(project), {
    [failed]: ["a", "b"],
    [slow]: ["c", "d"],
    [dear]: ["e", "f"],
    [gold]: ["g", "h"],
    [known]: ["i", "j"],
    [sampled]: ["m", "p"],
    [running]: ["n", "o"],
  });
  assert.deepEqual(await decide(project), { decided: 0, kept: 0 });
});

test("late spans of a kept trace are kept, whatever the rules say by then, and those of another are decided alone", async () => {
  const project = projectId("late");
  const kept = await send(project, { name: "a", status: "error" });
  const gone = await send(project, { name: "b" });
  await decide(project);
  await send(project, { name: "c", ...child, trace_id: kept });
  await send(project, { name: "d", trace_id: gone });
  const decided = await decideTraces(store, project, { keep: [], endedBeforeUnixNano: now, endedSinceUnixNano: 0n });
  assert.deepEqual(decided, { decided: 1, kept: 0 });
  for (let tries = 0; tries < 2400 && (await store.isMutating("decision on")); tries++) await sleep(50);
  assert.deepEqual(await left(project), { [kept]: ["a", "c"] });
});

test("an interrupted decision is made again, to the same end", async () => {
  const project = projectId("interrupted");
  const kept = await send(project, { name: "a", status: "error" }, { name: "b", ...child });
  await send(project, { name: "c" }, { name: "d", ...child });
  let statements = 0;
  for (let survived = 0; survived < 5; survived++) {
    statements = 0;
    const dying = {
      query: store.query.bind(store),
      isMutating: store.isMutating.bind(store),
      command: async (sql: string, params = {}) => {
        if (statements++ === survived) throw new Error("killed");
        await store.command(sql, params);
      },
      mutate: async (table: string, change: string, params = {}) => {
        if (statements++ === survived) throw new Error("killed");
        await store.mutate(table, change, params);
      },
    };
    const decision = { keep, endedBeforeUnixNano: now - 10n * minute, endedSinceUnixNano: 0n };
    await assert.rejects(decideTraces(dying as never, project, decision), /killed/);
    for (let tries = 0; tries < 2400 && (await store.isMutating("decision on")); tries++) await sleep(50);
  }
  await decide(project);
  assert.deepEqual(await left(project), { [kept]: ["a", "b"] });
});

test("other projects, and traces that ended before what is asked for, are left alone", async () => {
  const [mine, theirs] = [projectId("mine"), projectId("theirs")];
  const other = await send(theirs, { name: "a" });
  const old = await send(mine, { name: "b", minutesAgo: 60 * 24 * 20 });
  await send(mine, { name: "c" });
  assert.deepEqual(await decide(mine, now - 60n * minute), { decided: 1, kept: 0 });
  assert.deepEqual(await left(mine), { [old]: ["b"] });
  assert.deepEqual(await left(theirs), { [other]: ["a"] });
});

test("kept spans stay as long as their class says, and no longer", async () => {
  const project = projectId("classes");
  const days = (count: number) => count * 24 * 60;
  const kept = await send(project, { name: "a", status: "error", minutesAgo: days(40) });
  await send(project, { name: "b", status: "error", minutesAgo: days(40), retention_days: heldClass + ruleClass + 7 });
  await decide(project);
  for (const table of ["spans", "traces", "trace_index"]) await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  assert.deepEqual(await left(project), { [kept]: ["a"] });
});
