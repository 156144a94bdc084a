import { z } from "zod";
import { identifier, projectQuery, time, traceId, whole } from "./fields.ts";

/** What is to be deleted: exactly one of the two. */
export const createDeletionBody = z
  .strictObject({
    trace_id: traceId.optional().describe("The trace with all its spans."),
    user_id: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe("Every trace in which a span names this user, and the user's totals."),
    project_id: identifier.optional(),
  })
  .refine(({ trace_id, user_id }) => (trace_id === undefined) !== (user_id === undefined), {
    message: "give either trace_id or user_id",
  });
export type CreateDeletionBody = z.input<typeof createDeletionBody>;

export const deletionParams = z.object({
  deletion_id: z.string().regex(/^del_[0-9a-f]{20}$/, "must be a deletion's id"),
});
export const getDeletionQuery = z.object(projectQuery);

/** A deletion, and how far it is: ask again until it is done. */
export const deletion = z
  .object({
    deletion_id: z.string(),
    project_id: z.string(),
    requested_at: time,
    finished_at: time.nullable().describe("Null while it is running."),
    subject: z.enum(["trace", "user", "project"]),
    subject_id: z.string(),
    status: z.enum(["running", "done"]).describe("done: no row that was meant is left on disk."),
    found_rows: z
      .record(z.string(), whole)
      .describe("Rows there were, by table; `exemplars` are points of metrics that only lose their examples."),
    remaining_rows: z.record(z.string(), whole).describe("Rows that are still there, by table."),
  })
  .meta({ id: "Deletion" });
export type Deletion = z.infer<typeof deletion>;
