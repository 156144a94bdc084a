import { newId, type ProjectId, projectId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
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
  transaction: Transacted,
  connection: NewConnection,
  key: MasterKey,
  now: number,
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
  return asConnection(row);
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

export async function deleteConnectionRow(transaction: Transacted, project: ProjectId, id: string): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom("provider_connections")
    .where("project_id", "=", project)
    .where("id", "=", id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
