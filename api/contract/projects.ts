import { longestRetentionDays } from "@weir/model/browser";
import { z } from "zod";
import { identifier, time } from "./fields.ts";

const days = z.number().int().min(1).max(longestRetentionDays);

/** Days that each kind of data is kept, from its own time on. */
export const retention = z
  .object({
    spans_days: days.describe("Spans, and with them the lists of calls and traces."),
    content_days: days.describe("Input and output of spans: as long as the spans, or shorter."),
    logs_days: days.describe("Log records."),
    metric_points_days: days.describe("Points of metrics; their rollups have times of their own."),
  })
  .meta({ id: "Retention" });

/** As the project says; null as the configuration has it. */
export const retentionSettings = z
  .object({
    spans_days: days.nullable(),
    content_days: days.nullable(),
    logs_days: days.nullable(),
    metric_points_days: days.nullable(),
  })
  .meta({ id: "RetentionSettings" });

export const project = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    created_at: time,
    retention: retention.describe("What holds for the project's data."),
    retention_settings: retentionSettings.describe("What the project itself says; null: as the configuration has it."),
  })
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

/** What is absent stays; a null in `retention` goes back to the configuration's. */
export const updateProjectBody = z.strictObject({
  name: z.string().trim().min(1).max(120).optional(),
  retention: z
    .strictObject({
      spans_days: days.nullable(),
      content_days: days.nullable(),
      logs_days: days.nullable(),
      metric_points_days: days.nullable(),
    })
    .partial()
    .optional(),
});
export type UpdateProjectBody = z.input<typeof updateProjectBody>;

export const projectParams = z.object({ project_id: identifier });
