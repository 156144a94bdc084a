import {
  type ApiKeyId,
  isKeyScope,
  type KeyScope,
  keyScopes,
  newId,
  type ProjectId,
  projectId,
  type UserId,
  userId,
} from "@weir/model";
import type { Kysely } from "kysely";
import type { Change } from "../context.ts";
import type { CatalogTables } from "../database/schema.ts";
import { maskSecret, secretHash } from "../secrets/secret-text.ts";

/** A Weir key as it may be shown: never its secret. */
export interface ApiKey {
  readonly id: ApiKeyId;
  /** What it opens; of a personal key, where its calls and telemetry go. */
  readonly projectId: ProjectId;
  /** Whose it is; null for a key of the project itself. */
  readonly userId: UserId | null;
  readonly name: string;
  readonly mask: string;
  readonly scopes: readonly KeyScope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewApiKey {
  readonly projectId: ProjectId;
  /** Makes it personal: it acts for this user, in the projects of its project's organisation that the user has a role on. */
  readonly userId?: UserId | null | undefined;
  readonly name: string;
  /** Default: all of them. */
  readonly scopes?: readonly KeyScope[] | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** The only time that a secret is seen. */
export type CreatedApiKey = ApiKey & { readonly secret: string };

type KeyRow = CatalogTables["api_keys"];

function asApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id as ApiKeyId,
    projectId: projectId(row.project_id),
    userId: row.user_id === null ? null : userId(row.user_id),
    name: row.name,
    mask: row.mask,
    scopes: readScopes(row.scopes),
    createdAt: new Date(row.created_at),
    expiresAt: dateOrNull(row.expires_at),
    revokedAt: dateOrNull(row.revoked_at),
    lastUsedAt: dateOrNull(row.last_used_at),
  };
}

function dateOrNull(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

/** Scopes that this version does not know give nothing. */
export function readScopes(text: string): readonly KeyScope[] {
  return (JSON.parse(text) as unknown[]).filter(isKeyScope);
}

export async function insertApiKey(
  { transaction, now, audit }: Change,
  key: NewApiKey,
  secret: string,
): Promise<CreatedApiKey> {
  const row: KeyRow = {
    id: newId("key"),
    project_id: key.projectId,
    user_id: key.userId ?? null,
    name: key.name,
    secret_hash: secretHash(secret),
    mask: maskSecret(secret),
    scopes: JSON.stringify(key.scopes ?? keyScopes),
    created_at: now,
    expires_at: key.expiresAt?.getTime() ?? null,
    revoked_at: null,
    last_used_at: null,
  };
  await transaction.insertInto("api_keys").values(row).execute();
  const { name, mask, user_id, expires_at } = row;
  const after = { name, mask, user_id, expires_at, scopes: key.scopes ?? keyScopes };
  audit({ action: "key.create", projectId: key.projectId, target: { kind: "key", id: row.id }, after });
  return { ...asApiKey(row), secret };
}

/** The project's own, newest first, revoked ones included. */
export async function selectApiKeys(connection: Kysely<CatalogTables>, project: ProjectId): Promise<ApiKey[]> {
  const keys = connection.selectFrom("api_keys").selectAll().where("project_id", "=", project);
  const rows = await keys.where("user_id", "is", null).orderBy("created_at", "desc").orderBy("id").execute();
  return rows.map(asApiKey);
}

export async function selectPersonalKeys(connection: Kysely<CatalogTables>, user: UserId): Promise<ApiKey[]> {
  const keys = connection.selectFrom("api_keys").selectAll().where("user_id", "=", user);
  return (await keys.orderBy("created_at", "desc").orderBy("id").execute()).map(asApiKey);
}

/** Whose keys may be revoked: a project's own, or a user's. */
export type KeyHolder = { readonly project: ProjectId } | { readonly user: UserId };

/** False when the holder has no such key; revoking twice keeps the first time. */
export async function revokeKeyRow(
  { transaction, now, audit }: Change,
  holder: KeyHolder,
  id: string,
): Promise<boolean> {
  const keys = transaction
    .updateTable("api_keys")
    .set((expression) => ({ revoked_at: expression.fn.coalesce("revoked_at", expression.val(now)) }))
    .where("id", "=", id);
  const own =
    "user" in holder
      ? keys.where("user_id", "=", holder.user)
      : keys.where("project_id", "=", holder.project).where("user_id", "is", null);
  const row = await own.returning(["project_id", "name", "mask"]).executeTakeFirst();
  if (row === undefined) return false;
  const before = { name: row.name, mask: row.mask };
  audit({ action: "key.revoke", projectId: row.project_id, target: { kind: "key", id }, before });
  return true;
}
