import { newId, type ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { ReadOptions, SqlReader, SqlWriter } from "./reader.ts";

/** What a deletion takes away: a trace, or every trace in which a span names the user. */
export type DeletionSubject = { readonly traceId: string } | { readonly userId: string };

export interface Deletion {
  readonly deletion_id: string;
  readonly project_id: string;
  readonly requested_at: string;
  readonly subject: "trace" | "user";
  readonly subject_id: string;
  /** `done`: no row that was meant is left on disk. */
  readonly status: "running" | "done";
  /** Rows there were when it was asked for, by table. */
  readonly found_rows: Record<string, number>;
  /** Rows that are still there, by table. */
  readonly remaining_rows: Record<string, number>;
}

const traceTables = ["spans", "traces", "trace_index"] as const;

/**
 * Starts to delete and resolves at once; ask `readDeletion` until it is done. Rows that arrive meanwhile are not meant.
 * Totals by minute, day and model stay: they name nobody; those of a user go with the user.
 */
export async function startDeletion(
  writer: SqlWriter,
  project: ProjectId,
  subject: DeletionSubject,
): Promise<Deletion> {
  const deletionId = newId("del");
  const bindings = new Bindings(project);
  const id = bindings.bind("String", deletionId);
  const isMeant =
    "traceId" in subject
      ? `trace_id = ${bindings.traceId(subject.traceId)}`
      : `user_id = ${bindings.bind("String", subject.userId)}`;
  await writer.command(
    `INSERT INTO deletion_traces (project_id, deletion_id, trace_id)
SELECT DISTINCT project_id, ${id}, trace_id FROM spans WHERE ${bindings.tenant} AND ${isMeant}`,
    bindings.params,
  );
  const request: DeletionRequest =
    "traceId" in subject
      ? { deletionId, subject: "trace", subjectId: subject.traceId }
      : { deletionId, subject: "user", subjectId: subject.userId };
  const found = await remainingRows(writer, project, request);
  await record(writer, project, request, found);
  await deleteRemaining(writer, project, request, found);
  const deletion = await readDeletion(writer, project, deletionId);
  if (deletion === undefined) throw new TypeError("a deletion that was recorded is not there");
  return deletion;
}

interface DeletionRequest {
  readonly deletionId: string;
  readonly subject: "trace" | "user";
  readonly subjectId: string;
}

function record(
  writer: SqlWriter,
  project: ProjectId,
  { deletionId, subject, subjectId }: DeletionRequest,
  found: Readonly<Record<string, number>>,
): Promise<void> {
  const bindings = new Bindings(project);
  const names = bindings.bind("Array(String)", Object.keys(found));
  const counts = bindings.bind("Array(Int64)", Object.values(found));
  const id = bindings.bind("String", deletionId);
  const [what, which] = [bindings.bind("String", subject), bindings.bind("String", subjectId)];
  return writer.command(
    `INSERT INTO deletions (project_id, deletion_id, requested_at, subject, subject_id, found_rows)
SELECT {project:String}, ${id}, now64(3), ${what}, ${which},
  mapFromArrays(${names}, ${counts})`,
    bindings.params,
  );
}

/**
 * How a deletion stands; undefined when the project has none of that id. One that was interrupted before all of its
 * statements were given goes on.
 */
export async function readDeletion(
  writer: SqlWriter,
  project: ProjectId,
  deletionId: string,
  options?: ReadOptions,
): Promise<Deletion | undefined> {
  const bindings = new Bindings(project);
  const [row] = await writer.query<{
    at: string;
    subject: "trace" | "user";
    subject_id: string;
    found_rows: Record<string, unknown>;
  }>(
    `SELECT toString(requested_at) AS at, subject, subject_id, found_rows FROM deletions
WHERE ${bindings.tenant} AND deletion_id = ${bindings.bind("String", deletionId)} LIMIT 1`,
    bindings.params,
    options,
  );
  if (row === undefined) return undefined;
  const request = { deletionId, subject: row.subject, subjectId: row.subject_id };
  const remaining = await remainingRows(writer, project, request, options);
  const isDone = Object.values(remaining).every((count) => count === 0);
  if (!isDone && !(await isUnderWay(writer, deletionId))) await deleteRemaining(writer, project, request, remaining);
  return {
    deletion_id: deletionId,
    project_id: project,
    requested_at: `${row.at.replace(" ", "T")}Z`,
    subject: row.subject,
    subject_id: row.subject_id,
    status: isDone ? "done" : "running",
    found_rows: Object.fromEntries(Object.entries(row.found_rows).map(([table, count]) => [table, Number(count)])),
    remaining_rows: remaining,
  };
}

/** The tables that a deletion touches, and its condition on each. The deletion's id is in every one. */
function conditionsOf(bindings: Bindings, { deletionId, subject, subjectId }: DeletionRequest): [string, string][] {
  const id = bindings.bind("String", deletionId);
  const meant = `trace_id IN (SELECT trace_id FROM deletion_traces WHERE ${bindings.tenant} AND deletion_id = ${id})`;
  const conditions: [string, string][] = traceTables.map((table) => [table, `${bindings.tenant} AND ${meant}`]);
  if (subject === "user") {
    const user = bindings.bind("String", subjectId);
    conditions.push(["usage_user_1d", `${bindings.tenant} AND user_id = ${user} AND ${id} != ''`]);
  }
  return conditions;
}

async function remainingRows(
  reader: SqlReader,
  project: ProjectId,
  request: DeletionRequest,
  options?: ReadOptions,
): Promise<Record<string, number>> {
  const bindings = new Bindings(project);
  const counts = conditionsOf(bindings, request).map(
    ([table, condition]) => `SELECT '${table}' AS name, count() AS rows FROM ${table} WHERE ${condition}`,
  );
  const rows = await reader.query<{ name: string; rows: unknown }>(
    counts.join("\nUNION ALL\n"),
    bindings.params,
    options,
  );
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, Number(count)]).sort());
}

async function deleteRemaining(
  writer: SqlWriter,
  project: ProjectId,
  request: DeletionRequest,
  remaining: Readonly<Record<string, number>>,
): Promise<void> {
  const bindings = new Bindings(project);
  for (const [table, condition] of conditionsOf(bindings, request)) {
    if (remaining[table] === 0) continue;
    await writer.command(`ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 0`, bindings.params);
  }
}

async function isUnderWay(reader: SqlReader, deletionId: string): Promise<boolean> {
  const [row] = await reader.query<{ running: unknown }>(
    `SELECT count() AS running FROM system.mutations
WHERE database = currentDatabase() AND NOT is_done AND position(command, {id:String}) > 0`,
    { id: deletionId },
  );
  return Number(row?.running ?? 0) > 0;
}
