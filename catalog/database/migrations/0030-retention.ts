import type { Migration } from "../migrate.ts";

/** How long a project keeps each kind of its data, in days; null as the configuration has it. */
export const retention: Migration = {
  number: 30,
  name: "retention",
  statements: [
    "ALTER TABLE projects ADD COLUMN spans_days integer",
    "ALTER TABLE projects ADD COLUMN content_days integer",
    "ALTER TABLE projects ADD COLUMN logs_days integer",
    "ALTER TABLE projects ADD COLUMN metric_points_days integer",
  ],
};
