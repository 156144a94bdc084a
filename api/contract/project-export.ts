import { z } from "zod";
import { connection } from "./connections.ts";
import { identifier, time } from "./fields.ts";
import { apiKey } from "./keys.ts";
import { projectRole } from "./members.ts";
import { project } from "./projects.ts";

/** Goes up when a file of an export changes in a way that its reader must know of. */
export const exportFormat = 1;

/** The parts whose files have a row a line: the tables of that name, see docs/project-export.md. */
export const exportedTables = ["spans", "logs", "metric_points"] as const;
export const exportParts = ["settings", ...exportedTables] as const;

export const projectExportParams = z.object({
  project_id: identifier,
  part: z.enum(exportParts).describe("`settings` is JSON; the others are gzipped JSON, a row a line."),
});

/** What a project is, without its telemetry and without any secret. */
export const exportedSettings = z
  .object({
    format: z.literal(exportFormat),
    exported_at: time,
    project,
    keys: z.array(apiKey),
    connections: z.array(connection),
    roles: z.array(projectRole),
  })
  .meta({ id: "ExportedSettings" });
export type ExportedSettings = z.infer<typeof exportedSettings>;
