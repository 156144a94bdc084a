import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";
import { newToken, secretHash } from "../secrets/secret-text.ts";
import type { User } from "./users.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
export const signInLinkLifetimeMs = 15 * minuteMs;
export const sessionLifetimeMs = 30 * dayMs;

/** Somebody who is signed in. `user` is null for the owner of this machine, who came by a sign-in link. */
export interface Session {
  readonly user: User | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** `secret` is for the cookie; only its hash is kept. */
export interface CreatedSession {
  readonly secret: string;
  readonly expiresAt: Date;
}

export interface SignInLink {
  readonly token: string;
  readonly expiresAt: Date;
}

export async function insertSession(
  transaction: Transacted,
  userId: string | null,
  now: number,
): Promise<CreatedSession> {
  await transaction.deleteFrom("sessions").where("expires_at", "<=", now).execute();
  const secret = newToken();
  const row = {
    secret_hash: secretHash(secret),
    user_id: userId,
    created_at: now,
    expires_at: now + sessionLifetimeMs,
  };
  await transaction.insertInto("sessions").values(row).execute();
  return { secret, expiresAt: new Date(row.expires_at) };
}

export async function selectSession(
  connection: Kysely<CatalogTables>,
  secret: string,
  now: number,
): Promise<Session | undefined> {
  const row = await connection
    .selectFrom("sessions")
    .leftJoin("users", "users.id", "sessions.user_id")
    .select(["sessions.created_at", "sessions.expires_at", "users.id as user_id", "users.email"])
    .where("secret_hash", "=", secretHash(secret))
    .where("expires_at", ">", now)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const user = row.user_id === null || row.email === null ? null : { id: row.user_id, email: row.email };
  return { user, createdAt: new Date(row.created_at), expiresAt: new Date(row.expires_at) };
}

export async function deleteSession(transaction: Transacted, secret: string): Promise<void> {
  await transaction.deleteFrom("sessions").where("secret_hash", "=", secretHash(secret)).execute();
}

export async function insertSignInLink(
  transaction: Transacted,
  userId: string | null,
  now: number,
): Promise<SignInLink> {
  await transaction.deleteFrom("sign_in_links").where("expires_at", "<=", now).execute();
  const token = newToken();
  const row = {
    token_hash: secretHash(token),
    user_id: userId,
    created_at: now,
    expires_at: now + signInLinkLifetimeMs,
  };
  await transaction.insertInto("sign_in_links").values(row).execute();
  return { token, expiresAt: new Date(row.expires_at) };
}

/** Spends the link and opens the session in one transaction: of two who come at once, one gets in. */
export async function spendSignInLink(
  transaction: Transacted,
  token: string,
  now: number,
): Promise<CreatedSession | undefined> {
  const link = await transaction
    .deleteFrom("sign_in_links")
    .where("token_hash", "=", secretHash(token))
    .returning(["user_id", "expires_at"])
    .executeTakeFirst();
  if (link === undefined || link.expires_at <= now) return undefined;
  return insertSession(transaction, link.user_id, now);
}
