import type { ApiKeyId, KeyScope, OrganizationId, ProjectId, UserId } from "@weir/model";
import { isAtLeast, leastRoleOfScope, organizationId, projectId, userId } from "@weir/model";
import { readScopes } from "../records/api-keys.ts";
import { asProject, type Project } from "../records/projects.ts";
import { secretHash } from "../secrets/secret-text.ts";
import type { SnapshotRows } from "./snapshot-rows.ts";
import { accessByUser, type UserAccess } from "./user-access.ts";

export interface ApiKeyEntry {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly projectId: ProjectId;
  readonly organizationId: OrganizationId;
  readonly scopes: readonly KeyScope[];
  /** Whose it is; null for a key of the project itself. */
  readonly userId: UserId | null;
}

export interface ConnectionEntry {
  readonly id: string;
  /** Null: the provider's own address. */
  readonly baseUrl: string | null;
  readonly secret: string;
}

export interface OrganizationEntry {
  readonly id: OrganizationId;
  readonly name: string;
}

/** The catalog at one moment, in memory: every look takes microseconds and none waits. */
export interface CatalogSnapshot {
  readonly version: number;
  /** The key of this secret; undefined when it is unknown, revoked or expired, or its holder lost the project. */
  apiKey(secret: string): ApiKeyEntry | undefined;
  project(id: string): Project | undefined;
  projects(): readonly Project[];
  organization(id: string): OrganizationEntry | undefined;
  organizations(): readonly OrganizationEntry[];
  /** What this person may reach; nothing for somebody unknown. */
  access(user: UserId): UserAccess;
  /** The project's key for a provider; undefined when there is none, or its secret cannot be opened. */
  connection(project: ProjectId, providerId: string): ConnectionEntry | undefined;
}

export type ConnectionRow = SnapshotRows["connections"][number];
type KeyRow = SnapshotRows["api_keys"][number];

export interface SnapshotTools {
  now(): number;
  openSecret(row: ConnectionRow): string | undefined;
}

export function buildSnapshot(rows: SnapshotRows, { now, openSecret }: SnapshotTools): CatalogSnapshot {
  const projects = new Map(rows.projects.map((row) => [row.id, asProject(row)]));
  const organizations = new Map(rows.organizations.map(({ id, name }) => [id, { id: organizationId(id), name }]));
  const access = accessByUser(rows);
  const keys = new Map<string, { readonly row: KeyRow; readonly entry: ApiKeyEntry }>();
  for (const row of rows.api_keys) {
    const entry = keyEntry(row, projects, access);
    if (entry !== undefined) keys.set(row.secret_hash, { row, entry });
  }
  const connections = new Map(rows.connections.map((row) => [connectionName(row.project_id, row.provider), row]));
  return {
    version: rows.version,
    apiKey(secret) {
      if (secret === "" || keys.size === 0) return undefined;
      // Found by its digest: how long the search takes tells nothing of the secret.
      const found = keys.get(secretHash(secret));
      if (found === undefined || (found.row.expires_at ?? Number.POSITIVE_INFINITY) <= now()) return undefined;
      return found.entry;
    },
    project: (id) => projects.get(id),
    projects: () => [...projects.values()],
    organization: (id) => organizations.get(id),
    organizations: () => [...organizations.values()],
    access,
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

/** A personal key works where its holder has a role, and for no more than that role may do. */
function keyEntry(
  row: KeyRow,
  projects: ReadonlyMap<string, Project>,
  access: (user: string) => UserAccess,
): ApiKeyEntry | undefined {
  const project = projects.get(row.project_id);
  if (project === undefined) return undefined;
  const role = row.user_id === null ? "admin" : access(row.user_id).projectRole(project);
  if (role === undefined) return undefined;
  return {
    id: row.id as ApiKeyId,
    name: row.name,
    projectId: projectId(row.project_id),
    organizationId: project.organizationId,
    scopes: readScopes(row.scopes).filter((scope) => isAtLeast(role, leastRoleOfScope[scope])),
    userId: row.user_id === null ? null : userId(row.user_id),
  };
}
