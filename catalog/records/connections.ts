import { newId, type ProjectId, projectId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Change } from "../context.ts";
import type { CatalogTables } from "../database/schema.ts";
import type { MasterKey } from "../secrets/master-key.ts";
import { seal } from "../secrets/sealing.ts";

/** A provider's key that Weir holds for a project, as it may be shown: never the key. */
export interface Connection {
  readonly id: string;
  readonly projectId: ProjectId;
  readonly provider: string;
  /** Null: the provider's own address. */
  readonly baseUrl: string | null;
  readonly createdAt: Date;
}

export interface NewConnection {
  readonly projectId: ProjectId;
  readonly provider: string;
  readonly baseUrl?: string | null | undefined;
  readonly secret: string;
}

type ConnectionRow = CatalogTables["provider_connections"];

/** A secret can be opened only in its own row, and only for the address that it was given for. */
export function boundTo(row: Omit<ConnectionRow, "sealed_secret" | "created_at">): string[] {
  return ["provider_connection", row.id, row.project_id, row.provider, row.base_url ?? ""];
}

function asConnection(row: Omit<ConnectionRow, "sealed_secret">): Connection {
  return {
    id: row.id,
    projectId: projectId(row.project_id),
    provider: row.provider,
    baseUrl: row.base_url,
    createdAt: new Date(row.created_at),
  };
}

/** One for each provider of a project: CONFLICT when there is one. */
export async function insertConnection(
  { transaction, now, audit }: Change,
  connection: NewConnection,
  key: MasterKey,
): Promise<Connection> {
  const row = {
    id: newId("con"),
    project_id: connection.projectId,
    provider: connection.provider,
    base_url: connection.baseUrl ?? null,
    created_at: now,
  };
  const sealed_secret = seal(connection.secret, key, boundTo(row));
  await transaction
    .insertInto("provider_connections")
    .values({ ...row, sealed_secret })
    .execute();
  audit({ ...factOf("connection.create", row), after: shown(row) });
  return asConnection(row);
}

function factOf(action: string, { project_id, id }: { readonly project_id: string; readonly id: string }) {
  return { action, projectId: project_id, target: { kind: "connection", id } };
}

function shown({ provider, base_url }: Pick<ConnectionRow, "provider" | "base_url">) {
  return { provider, base_url };
}

export async function selectConnections(connection: Kysely<CatalogTables>, project: ProjectId): Promise<Connection[]> {
  const rows = await connection
    .selectFrom("provider_connections")
    .select(["id", "project_id", "provider", "base_url", "created_at"])
    .where("project_id", "=", project)
    .orderBy("provider")
    .execute();
  return rows.map(asConnection);
}

export async function deleteConnectionRow(
  { transaction, audit }: Change,
  project: ProjectId,
  id: string,
): Promise<boolean> {
  const row = await transaction
    .deleteFrom("provider_connections")
    .where("project_id", "=", project)
    .where("id", "=", id)
    .returning(["id", "project_id", "provider", "base_url"])
    .executeTakeFirst();
  if (row === undefined) return false;
  audit({ ...factOf("connection.delete", row), before: shown(row) });
  return true;
}
