import { heldClass, newId, type ProjectId, ruleClass } from "@weir/model";
import type { Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import { compileFilter } from "./compile-filter.ts";
import type { SqlWriter } from "./reader.ts";

/** What is to be decided of a project's traces that have held spans. */
export interface TraceDecision {
  /** A trace is kept when one of its spans fits one of them. */
  readonly keep: readonly Filter[];
  /** Traces whose last span ended before are decided. */
  readonly endedBeforeUnixNano: bigint;
  /** Traces that ended before are not looked for: an earlier look has decided them. */
  readonly endedSinceUnixNano: bigint;
}

/** How many traces were decided, and how many of them are kept. */
export interface DecidedTraces {
  readonly decided: number;
  readonly kept: number;
}

const heldTables = ["spans", "traces", "trace_index"] as const;
const nanosecondsPerDay = 86_400_000_000_000n;
/** Spans of a trace may have begun so long before its end. */
const longestTraceDays = 1n;
/** A trace stays marked as kept a little longer than its rows stay, which go with their part. */
const markedLongerDays = 30;
const none: DecidedTraces = { decided: 0, kept: 0 };

/**
 * Decides which of the traces that have held spans are kept: those of which any span, held or not, fits. They are marked,
 * and their spans stay, and so do spans of them that come later; the held spans of the others go, in the background.
 * Interrupted anywhere, a later call comes to the same end. While spans of an earlier call are going nothing is decided.
 */
export async function decideTraces(
  writer: SqlWriter,
  project: ProjectId,
  decision: TraceDecision,
): Promise<DecidedTraces> {
  const mark = `decision on held traces of ${project}`;
  if (await writer.isMutating(mark)) return none;
  const decisionId = newId("dec");
  await noteEnded(writer, project, decisionId, decision);
  if ((await countNoted(writer, project, decisionId)).decided === 0) return none;
  if (decision.keep.length > 0) await markKept(writer, project, decisionId, decision);
  const counts = await countNoted(writer, project, decisionId);
  if (counts.decided > counts.kept) await removeUnkept(writer, project, decisionId, mark);
  return counts;
}

/**
 * Rows are masked, and leave the disk when their parts are merged: nothing is written anew for it. The table that traces
 * are looked for in is the last, so that one that was interrupted goes on.
 */
async function removeUnkept(writer: SqlWriter, project: ProjectId, decisionId: string, mark: string): Promise<void> {
  const bindings = new Bindings(project);
  const isGoing = `${isHeld(bindings)} AND trace_id IN ${noted(bindings, decisionId)} AND trace_id NOT IN ${kept(bindings)}`;
  const marked = `${isGoing} AND ${bindings.bind("String", mark)} != ''`;
  for (const table of heldTables) await writer.mutate(table, `UPDATE _row_exists = 0 WHERE ${marked}`, bindings.params);
}

function isHeld(bindings: Bindings): string {
  const held = bindings.bind("UInt32", heldClass);
  const byRule = bindings.bind("UInt32", ruleClass);
  return `${bindings.tenant} AND (retention_days >= ${held} AND retention_days < ${byRule} OR retention_days >= ${byRule} + ${held})`;
}

function noted(bindings: Bindings, decisionId: string): string {
  const isMeant = `${bindings.tenant} AND decision_id = ${bindings.bind("String", decisionId)}`;
  return `(SELECT trace_id FROM decided_traces WHERE ${isMeant})`;
}

function kept(bindings: Bindings): string {
  return `(SELECT trace_id FROM kept_traces WHERE ${bindings.tenant})`;
}

/** Each statement after it means the same traces. */
function noteEnded(
  writer: SqlWriter,
  project: ProjectId,
  decisionId: string,
  { endedBeforeUnixNano, endedSinceUnixNano }: TraceDecision,
): Promise<void> {
  const bindings = new Bindings(project);
  const since = bindings.second(earliest(endedSinceUnixNano));
  return writer.command(
    `INSERT INTO decided_traces (project_id, decision_id, trace_id, decided_at)
SELECT project_id, ${bindings.bind("String", decisionId)}, trace_id, now('UTC')
FROM trace_index
WHERE ${isHeld(bindings)} AND week >= toMonday(${since}) AND trace_id NOT IN ${kept(bindings)}
GROUP BY project_id, trace_id
HAVING max(end_time) < ${bindings.instant(endedBeforeUnixNano)}`,
    bindings.params,
  );
}

async function countNoted(writer: SqlWriter, project: ProjectId, decisionId: string): Promise<DecidedTraces> {
  const bindings = new Bindings(project);
  const isNoted = `${bindings.tenant} AND decision_id = ${bindings.bind("String", decisionId)}`;
  const [counted] = await writer.query<{ decided: unknown; kept: unknown }>(
    `SELECT count() AS decided, countIf(trace_id IN ${kept(bindings)}) AS kept FROM decided_traces WHERE ${isNoted}`,
    bindings.params,
  );
  return { decided: Number(counted?.decided ?? 0), kept: Number(counted?.kept ?? 0) };
}

function markKept(
  writer: SqlWriter,
  project: ProjectId,
  decisionId: string,
  { keep, endedSinceUnixNano }: TraceDecision,
): Promise<void> {
  const bindings = new Bindings(project);
  const fits = compileFilter(bindings, { or: keep });
  return writer.command(
    `INSERT INTO kept_traces (project_id, trace_id, until)
SELECT project_id, trace_id,
  toDate(max(start_time)) + max(retention_days % ${bindings.bind("UInt32", heldClass)}) + ${bindings.bind("UInt32", markedLongerDays)}
FROM spans
WHERE ${bindings.tenant} AND start_time >= ${bindings.second(earliest(endedSinceUnixNano))}
  AND trace_id IN ${noted(bindings, decisionId)}
GROUP BY project_id, trace_id
HAVING max(${fits}) = 1`,
    bindings.params,
  );
}

function earliest(endedSinceUnixNano: bigint): bigint {
  const begun = endedSinceUnixNano - longestTraceDays * nanosecondsPerDay;
  return begun > 0n ? begun : 0n;
}
