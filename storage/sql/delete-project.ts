import type { ProjectId } from "@weir/model";
import { Bindings } from "./bindings.ts";
import type { SqlWriter } from "./reader.ts";

/** Every table that holds rows of projects; a test compares with the schema. */
export const projectTables = [
  ...["spans", "traces", "trace_index", "usage_1m", "usage_1d", "usage_user_1d"],
  ...["logs", "metric_points", "metric_1m", "metric_1h"],
  ...["deletion_traces", "deletions"],
] as const;

/**
 * Removes a project's rows from every table, and waits until they are gone from disk. Answers the number of rows
 * removed by table. Rows that arrive meanwhile stay: stop the project's senders first.
 */
export async function deleteProjectRows(writer: SqlWriter, project: ProjectId): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const table of projectTables) {
    const { tenant, params } = new Bindings(project);
    const [counted] = await writer.query<{ rows: unknown }>(
      `SELECT count() AS rows FROM ${table} WHERE ${tenant}`,
      params,
    );
    removed[table] = Number(counted?.rows ?? 0);
    if (removed[table] > 0) {
      await writer.command(`ALTER TABLE ${table} DELETE WHERE ${tenant} SETTINGS mutations_sync = 2`, params);
    }
  }
  return removed;
}
