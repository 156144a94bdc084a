import type { ApiKeyId, OrganizationId, ProjectId } from "@weir/model";
import { organizationId, projectId } from "@weir/model";
import { asProject, type Project } from "../records/projects.ts";
import { secretHash } from "../secrets/secret-text.ts";
import type { SnapshotRows } from "./snapshot-rows.ts";

export interface ApiKeyEntry {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly projectId: ProjectId;
  readonly organizationId: OrganizationId;
  readonly scopes: readonly string[];
}

export interface ConnectionEntry {
  readonly id: string;
  /** Null: the provider's own address. */
  readonly baseUrl: string | null;
  readonly secret: string;
}

/** The catalog at one moment, in memory: every look takes microseconds and none waits. */
export interface CatalogSnapshot {
  readonly version: number;
  /** The key of this secret; undefined when it is unknown, revoked or expired. */
  apiKey(secret: string): ApiKeyEntry | undefined;
  project(id: string): Project | undefined;
  projects(): readonly Project[];
  /** The project's key for a provider; undefined when there is none, or its secret cannot be opened. */
  connection(project: ProjectId, providerId: string): ConnectionEntry | undefined;
}

export type ConnectionRow = SnapshotRows["connections"][number];

export interface SnapshotTools {
  now(): number;
  openSecret(row: ConnectionRow): string | undefined;
}

export function buildSnapshot(rows: SnapshotRows, { now, openSecret }: SnapshotTools): CatalogSnapshot {
  const projects = new Map(rows.projects.map((row) => [row.id, asProject(row)]));
  const keys = new Map(rows.api_keys.map((row) => [row.secret_hash, { row, entry: keyEntry(row, projects) }]));
  const connections = new Map(rows.connections.map((row) => [connectionName(row.project_id, row.provider), row]));
  return {
    version: rows.version,
    apiKey(secret) {
      if (secret === "" || keys.size === 0) return undefined;
      const found = keys.get(secretHash(secret));
      if (found === undefined || (found.row.expires_at ?? Number.POSITIVE_INFINITY) <= now()) return undefined;
      return found.entry;
    },
    project: (id) => projects.get(id),
    projects: () => [...projects.values()],
    connection(project, providerId) {
      const row = connections.get(connectionName(project, providerId));
      const secret = row === undefined ? undefined : openSecret(row);
      return row === undefined || secret === undefined ? undefined : { id: row.id, baseUrl: row.base_url, secret };
    },
  };
}

function connectionName(project: string, provider: string): string {
  return `${project}\n${provider}`;
}

function keyEntry(row: SnapshotRows["api_keys"][number], projects: ReadonlyMap<string, Project>): ApiKeyEntry {
  return {
    id: row.id as ApiKeyId,
    name: row.name,
    projectId: projectId(row.project_id),
    organizationId: projects.get(row.project_id)?.organizationId ?? organizationId("default"),
    scopes: JSON.parse(row.scopes) as string[],
  };
}
