import { z } from "zod";
import { identifier, time, whole } from "./fields.ts";

export const project = z
  .object({ id: z.string(), organization_id: z.string(), name: z.string(), created_at: time })
  .meta({ id: "Project" });
export type Project = z.infer<typeof project>;

export const projectList = z.object({ data: z.array(project) }).meta({ id: "ProjectList" });
export type ProjectList = z.infer<typeof projectList>;

export const createProjectBody = z.strictObject({
  name: z.string().trim().min(1).max(120),
  id: identifier.optional().describe("Default: made from the name."),
  organization_id: identifier.optional().describe("Default: the caller's first."),
});
export type CreateProjectBody = z.input<typeof createProjectBody>;

export const projectParams = z.object({ project_id: identifier });

/** What a deletion took away. */
export const projectDeletion = z
  .object({
    project_id: z.string(),
    removed_rows: z.record(z.string(), whole).describe("Rows removed, by table."),
  })
  .meta({ id: "ProjectDeletion" });
export type ProjectDeletion = z.infer<typeof projectDeletion>;
