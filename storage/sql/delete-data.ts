import { newId, type ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { ReadOptions, SqlReader, SqlWriter } from "./reader.ts";

/**
 * What a deletion takes away: a trace with its log records, every trace in which a span names the user and whatever
 * names the user by itself (log records, points of metrics), or all of a project.
 */
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
  /** Rows there were when it was asked for, by table; `exemplars`: points whose examples were among the traces. */
  readonly found_rows: Record<string, number>;
  /** Rows that are still there, by table. */
  readonly remaining_rows: Record<string, number>;
}

const traceTables = ["spans", "traces", "trace_index", "logs"] as const;
/** Totals of users. */
const userTables = ["usage_user_1d", "usage_user_total_1d"] as const;
/** Tables whose rows can name a user among their attributes. */
const attributeTables = ["logs", "metric_points", "metric_1m", "metric_1h"] as const;
/** The attributes of log records and points by which senders name a user. */
const userAttributes = ["user.id", "enduser.id", "user_id", "langfuse.user.id", "gen_ai.user"] as const;

/** Every table with data of projects; with `receiptTables` all that name one, which a test compares with the schema. */
export const projectTables = [
  ...["spans", "traces", "trace_index", "usage_1m", "usage_1h", "usage_1d"],
  ...userTables,
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
  deletionId: string = newDeletionId(),
): Promise<Deletion> {
  const request = requestFor(project, subject, deletionId);
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

/** For who must say which deletion it is before it starts. */
export function newDeletionId(): string {
  return newId("del");
}

function requestFor(project: ProjectId, subject: DeletionSubject, deletionId: string): DeletionRequest {
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

/** Rows of one table that a deletion is about. The deletion's id is in every condition. */
interface Removal {
  /** What the receipt calls them. */
  readonly name: string;
  readonly table: string;
  readonly condition: string;
  /** What becomes of the rows, other than that they go. */
  readonly update?: string;
}

function removalsOf(bindings: Bindings, request: DeletionRequest): Removal[] {
  const id = bindings.bind("String", request.deletionId);
  if (request.subject === "project") return projectRemovals(`${bindings.tenant} AND ${id} != ''`);
  const meant = `FROM deletion_traces WHERE ${bindings.tenant} AND deletion_id = ${id}`;
  const isMeant = `trace_id IN (SELECT trace_id ${meant})`;
  const conditions = new Map<string, string>(traceTables.map((table) => [table, isMeant]));
  if (request.subject === "user") {
    const user = bindings.bind("String", request.subjectId);
    for (const table of userTables) conditions.set(table, `user_id = ${user}`);
    const names = userAttributes.map((name) => `attributes['${name}'] = ${user} OR resource['${name}'] = ${user}`);
    for (const table of attributeTables) {
      conditions.set(table, [conditions.get(table) ?? [], ...names].flat().join(" OR "));
    }
  }
  const rows = [...conditions].map(([table, condition]) => ({
    name: table,
    table,
    condition: `${bindings.tenant} AND (${condition}) AND ${id} != ''`,
  }));
  return [...rows, exemplarRemoval(bindings.tenant, `(SELECT groupArray(trace_id) ${meant})`)];
}

function projectRemovals(everything: string): Removal[] {
  const rows = projectTables.map((table) => ({ name: table, table, condition: everything }));
  return [...rows, { name: "deletions", table: "deletions", condition: `${everything} AND subject != 'project'` }];
}

/** Points stay: they are sums of many. Which traces are their examples goes. */
function exemplarRemoval(tenant: string, traces: string): Removal {
  const columns = ["exemplar_times", "exemplar_values", "exemplar_span_ids", "exemplar_trace_ids"];
  const kept = columns.map(
    (column) => `${column} = arrayFilter((value, trace) -> NOT has(${traces}, trace), ${column}, exemplar_trace_ids)`,
  );
  return {
    name: "exemplars",
    table: "metric_points",
    condition: `${tenant} AND hasAny(exemplar_trace_ids, ${traces})`,
    update: kept.join(", "),
  };
}

async function remainingRows(
  reader: SqlReader,
  project: ProjectId,
  request: DeletionRequest,
  options?: ReadOptions,
): Promise<Record<string, number>> {
  const bindings = new Bindings(project);
  const counts = removalsOf(bindings, request).map(
    ({ name, table, condition }) => `SELECT '${name}' AS name, count() AS rows FROM ${table} WHERE ${condition}`,
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
  for (const { name, table, condition, update } of removalsOf(bindings, request)) {
    if (remaining[name] === 0) continue;
    const change = update === undefined ? "DELETE" : `UPDATE ${update}`;
    await writer.mutate(table, `${change} WHERE ${condition}`, bindings.params);
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
