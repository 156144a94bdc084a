import { memberRoles } from "@weir/model";
import { z } from "zod";

/** A snapshot on disk that an earlier version kept has none. */
const days = z.number().nullable().default(null);

/**
 * What a reader holds of the catalog: enough to admit calls, and nothing that can be used without the master key.
 * Hashes of keys, sealed secrets. The same shape comes from the database and from the snapshot on disk.
 */
export const snapshotRows = z.object({
  /** `catalog_state.version` when the rows were read. */
  version: z.number(),
  projects: z.array(
    z.object({
      id: z.string(),
      organization_id: z.string(),
      name: z.string(),
      created_at: z.number(),
      spans_days: days,
      content_days: days,
      logs_days: days,
      metric_points_days: days,
    }),
  ),
  api_keys: z.array(
    z.object({
      id: z.string(),
      project_id: z.string(),
      user_id: z.string().nullable().default(null),
      name: z.string(),
      secret_hash: z.string(),
      scopes: z.string(),
      expires_at: z.number().nullable(),
    }),
  ),
  connections: z.array(
    z.object({
      id: z.string(),
      project_id: z.string(),
      provider: z.string(),
      base_url: z.string().nullable(),
      sealed_secret: z.string(),
    }),
  ),
  organizations: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
  memberships: z
    .array(z.object({ organization_id: z.string(), user_id: z.string(), role: z.enum(memberRoles).nullable() }))
    .default([]),
  /** Given to people, by name and through their teams. */
  project_roles: z
    .array(z.object({ project_id: z.string(), user_id: z.string(), role: z.enum(memberRoles) }))
    .default([]),
});
export type SnapshotRows = z.infer<typeof snapshotRows>;

export const versionQuery = "SELECT version FROM catalog_state WHERE id = 1";

/** To be run in one transaction, so that the rows belong together. */
export const snapshotQueries = {
  projects: `SELECT id, organization_id, name, created_at, spans_days, content_days, logs_days, metric_points_days
    FROM projects ORDER BY created_at, id`,
  api_keys:
    "SELECT id, project_id, user_id, name, secret_hash, scopes, expires_at FROM api_keys WHERE revoked_at IS NULL",
  connections: "SELECT id, project_id, provider, base_url, sealed_secret FROM provider_connections",
  organizations: "SELECT id, name FROM organizations ORDER BY created_at, id",
  memberships: "SELECT organization_id, user_id, role FROM memberships",
  project_roles: `SELECT project_id, user_id, role FROM project_members
    UNION ALL SELECT project_teams.project_id, team_members.user_id, project_teams.role
    FROM project_teams JOIN team_members ON team_members.team_id = project_teams.team_id`,
} as const;

export type SnapshotPart = keyof typeof snapshotQueries;
export const snapshotParts = Object.keys(snapshotQueries) as readonly SnapshotPart[];

export const noRows: SnapshotRows = snapshotRows.parse({ version: 0, projects: [], api_keys: [], connections: [] });
