import { type ApiKeyId, newId, type ProjectId, projectId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";
import { maskSecret, secretHash } from "../secrets/secret-text.ts";

/** A Weir key as it may be shown: never its secret. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly mask: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewApiKey {
  readonly projectId: ProjectId;
  readonly name: string;
  /** Default: everything that a key can do in its project. */
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** The only time that a secret is seen. */
export type CreatedApiKey = ApiKey & { readonly secret: string };

type KeyRow = CatalogTables["api_keys"];

function asApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id as ApiKeyId,
    projectId: projectId(row.project_id),
    name: row.name,
    mask: row.mask,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: new Date(row.created_at),
    expiresAt: dateOrNull(row.expires_at),
    revokedAt: dateOrNull(row.revoked_at),
    lastUsedAt: dateOrNull(row.last_used_at),
  };
}

function dateOrNull(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

export async function insertApiKey(
  transaction: Transacted,
  key: NewApiKey,
  secret: string,
  now: number,
): Promise<CreatedApiKey> {
  const row: KeyRow = {
    id: newId("key"),
    project_id: key.projectId,
    name: key.name,
    secret_hash: secretHash(secret),
    mask: maskSecret(secret),
    scopes: JSON.stringify(key.scopes ?? ["all"]),
    created_at: now,
    expires_at: key.expiresAt?.getTime() ?? null,
    revoked_at: null,
    last_used_at: null,
  };
  await transaction.insertInto("api_keys").values(row).execute();
  return { ...asApiKey(row), secret };
}

/** Newest first, revoked ones included. */
export async function selectApiKeys(connection: Kysely<CatalogTables>, project: ProjectId): Promise<ApiKey[]> {
  const keys = connection.selectFrom("api_keys").selectAll().where("project_id", "=", project);
  const rows = await keys.orderBy("created_at", "desc").orderBy("id").execute();
  return rows.map(asApiKey);
}

/** False when the project has no such key; revoking twice keeps the first time. */
export async function revokeKeyRow(
  transaction: Transacted,
  project: ProjectId,
  id: string,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("api_keys")
    .set((expression) => ({ revoked_at: expression.fn.coalesce("revoked_at", expression.val(now)) }))
    .where("project_id", "=", project)
    .where("id", "=", id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
