import type { Migration } from "../migrate.ts";

/** Whether an id was ever another organisation's project is asked whenever a project is made. */
export const pastProjects: Migration = {
  number: 50,
  name: "past-projects",
  statements: [
    "CREATE INDEX audit_entries_past_projects ON audit_entries (project_id) WHERE action = 'project.delete'",
  ],
};
