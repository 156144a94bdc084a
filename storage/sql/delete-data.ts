import { newId, type ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { ReadOptions, SqlReader, SqlWriter } from "./reader.ts";

/** What a deletion takes away: a trace, every trace in which a span names the user, or all of a project. */
export type DeletionSubject =
  | { readonly traceId: string }
  | { readonly userId: string }
  | { readonly wholeProject: true };

export interface Deletion {
  readonly deletion_id: string;
  readonly project_id: string;
  readonly requested_at: string;
  /** Null while it is running. */
  readonly finished_at: string | null;
  readonly subject: "trace" | "user" | "project";
  readonly subject_id: string;
  /** `done`: no row that was meant is left on disk. */
  readonly status: "running" | "done";
  /** Rows there were when it was asked for, by table. */
  readonly found_rows: Record<string, number>;
  /** Rows that are still there, by table. */
  readonly remaining_rows: Record<string, number>;
}

const traceTables = ["spans", "traces", "trace_index"] as const;

/** Every table with data of projects; with `receiptTables` all that name one, which a test compares with the schema. */
export const projectTables = [
  ...["spans", "traces", "trace_index", "usage_1m", "usage_1d", "usage_user_1d"],
  ...["logs", "metric_points", "metric_1m", "metric_1h"],
] as const;
/** What tells which traces were kept that the rules hold; ids alone, and they expire. */
export const decisionTables = ["kept_traces", "decided_traces"] as const;
/** What tells of deletions. A project's own deletion is told of for good. */
export const receiptTables = ["deletion_traces", "deletions", "finished_deletions"] as const;

/**
 * Starts to delete and resolves at once; ask `readDeletion` until it is done. Of a trace or a user, rows that arrive
 * meanwhile are not meant; of a project they are, so its senders should have been stopped. Totals by minute, day and
 * model stay unless the project goes: they name nobody; those of a user go with the user.
 */
export async function startDeletion(
  writer: SqlWriter,
  project: ProjectId,
  subject: DeletionSubject,
): Promise<Deletion> {
  const request = requestFor(project, subject);
  if (request.subject !== "project") await noteTraces(writer, project, request);
  const found = await remainingRows(writer, project, request);
  await record(writer, project, request, found);
  await deleteRemaining(writer, project, request, found);
  const deletion = await readDeletion(writer, project, request.deletionId);
  if (deletion === undefined) throw new TypeError("a deletion that was recorded is not there");
  return deletion;
}

interface DeletionRequest {
  readonly deletionId: string;
  readonly subject: Deletion["subject"];
  readonly subjectId: string;
}

function requestFor(project: ProjectId, subject: DeletionSubject): DeletionRequest {
  const deletionId = newId("del");
  if ("traceId" in subject) return { deletionId, subject: "trace", subjectId: subject.traceId };
  if ("userId" in subject) return { deletionId, subject: "user", subjectId: subject.userId };
  return { deletionId, subject: "project", subjectId: project };
}

/** Writes down which traces are meant: each statement, and each that goes on after a restart, means the same. */
function noteTraces(writer: SqlWriter, project: ProjectId, request: DeletionRequest): Promise<void> {
  const bindings = new Bindings(project);
  const id = bindings.bind("String", request.deletionId);
  const isMeant =
    request.subject === "trace"
      ? `trace_id = ${bindings.traceId(request.subjectId)}`
      : `user_id = ${bindings.bind("String", request.subjectId)}`;
  return writer.command(
    `INSERT INTO deletion_traces (project_id, deletion_id, trace_id)
SELECT DISTINCT project_id, ${id}, trace_id FROM spans WHERE ${bindings.tenant} AND ${isMeant}`,
    bindings.params,
  );
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
 * statements were given goes on; one that was once done deletes nothing more.
 */
export async function readDeletion(
  writer: SqlWriter,
  project: ProjectId,
  deletionId: string,
  options?: ReadOptions,
): Promise<Deletion | undefined> {
  const receipt = await readReceipt(writer, project, deletionId, options);
  if (receipt === undefined) return undefined;
  const { request, requestedAt, foundRows } = receipt;
  let { finishedAt } = receipt;
  let remaining = Object.fromEntries(Object.keys(foundRows).map((table) => [table, 0]));
  if (finishedAt === null) {
    remaining = await remainingRows(writer, project, request, options);
    if (Object.values(remaining).every((count) => count === 0)) finishedAt = await finish(writer, project, deletionId);
    else if (!(await writer.isMutating(deletionId))) await deleteRemaining(writer, project, request, remaining);
  }
  return {
    deletion_id: deletionId,
    project_id: project,
    requested_at: requestedAt,
    finished_at: finishedAt,
    subject: request.subject,
    subject_id: request.subjectId,
    status: finishedAt === null ? "running" : "done",
    found_rows: foundRows,
    remaining_rows: remaining,
  };
}

interface Receipt {
  readonly request: DeletionRequest;
  readonly requestedAt: string;
  readonly finishedAt: string | null;
  readonly foundRows: Record<string, number>;
}

async function readReceipt(
  reader: SqlReader,
  project: ProjectId,
  deletionId: string,
  options?: ReadOptions,
): Promise<Receipt | undefined> {
  const bindings = new Bindings(project);
  const isIt = `${bindings.tenant} AND deletion_id = ${bindings.bind("String", deletionId)}`;
  const [row] = await reader.query<{
    requested: string;
    finished: string;
    subject: Deletion["subject"];
    subject_id: string;
    found_rows: Record<string, unknown>;
  }>(
    `SELECT toString(requested_at) AS requested, subject, subject_id, found_rows,
  (SELECT if(count() = 0, '', toString(min(finished_at))) FROM finished_deletions WHERE ${isIt}) AS finished
FROM deletions WHERE ${isIt} LIMIT 1`,
    bindings.params,
    options,
  );
  if (row === undefined) return undefined;
  return {
    request: { deletionId, subject: row.subject, subjectId: row.subject_id },
    requestedAt: rfc3339(row.requested),
    finishedAt: row.finished === "" ? null : rfc3339(row.finished),
    foundRows: Object.fromEntries(Object.entries(row.found_rows).map(([table, count]) => [table, Number(count)])),
  };
}

const rfc3339 = (time: string) => `${time.replace(" ", "T")}Z`;

async function finish(writer: SqlWriter, project: ProjectId, deletionId: string): Promise<string> {
  const bindings = new Bindings(project);
  const finishedAt = new Date().toISOString();
  await writer.command(
    `INSERT INTO finished_deletions (project_id, deletion_id, finished_at)
SELECT {project:String}, ${bindings.bind("String", deletionId)}, ${bindings.time(finishedAt)}`,
    bindings.params,
  );
  return finishedAt;
}

/** The tables that a deletion touches, and its condition on each. The deletion's id is in every one. */
function conditionsOf(bindings: Bindings, { deletionId, subject, subjectId }: DeletionRequest): [string, string][] {
  const id = bindings.bind("String", deletionId);
  if (subject === "project") {
    const everything = `${bindings.tenant} AND ${id} != ''`;
    const receipts = `${everything} AND subject != 'project'`;
    return [...projectTables.map((table): [string, string] => [table, everything]), ["deletions", receipts]];
  }
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
    await writer.mutate(table, `DELETE WHERE ${condition}`, bindings.params);
  }
}

/** Whether a table has data of the project. */
export async function hasRows(reader: SqlReader, project: ProjectId): Promise<boolean> {
  const { tenant, params } = new Bindings(project);
  const anyRow = projectTables.map((table) => `SELECT 1 FROM (SELECT 1 FROM ${table} WHERE ${tenant} LIMIT 1)`);
  return (await reader.query(anyRow.join("\nUNION ALL\n"), params)).length > 0;
}

/** The projects that were deleted as a whole, though another one may have their id by now. */
export async function deletedProjects(reader: SqlReader): Promise<string[]> {
  const sql = "SELECT DISTINCT project_id FROM deletions WHERE subject = 'project'";
  return (await reader.query<{ project_id: string }>(sql, {})).map(({ project_id }) => project_id);
}
