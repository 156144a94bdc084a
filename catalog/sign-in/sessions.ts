import { newId, type OrganizationId, organizationId, type UserId } from "@weir/model";
import type { ExpressionBuilder } from "kysely";
import type { CatalogContext, Change } from "../context.ts";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables, SignInMethod } from "../database/schema.ts";
import { type Actor, type AuditFact, asActor, machineOwner } from "../records/audit.ts";
import { asUser, selectUserById, type User } from "../records/users.ts";
import { newToken, secretHash } from "../secrets/secret-text.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const linkLifetimeMs = 15 * minuteMs;
const sessionLifetimeMs = 30 * dayMs;
/** Short, so that whom a provider lets in no longer is outside by the next day. */
const signOnLifetimeMs = dayMs;
const rotationMs = dayMs;
/** Requests that left before the new cookie came still carry the old secret. */
const previousSecretMs = minuteMs;
const seenPrecisionMs = 5 * minuteMs;

/** Somebody who is signed in. `user` is null for the owner of this machine, who came by a sign-in link. */
export interface Session {
  readonly id: string;
  readonly user: User | null;
  /** Set by single sign-on: the session reaches this organisation alone. */
  readonly organizationId: OrganizationId | null;
  readonly method: SignInMethod;
  readonly address: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly rotatedAt: Date;
  readonly expiresAt: Date;
}

/** `secret` is for the cookie; only its hash is kept. */
export interface CreatedSession {
  readonly id: string;
  readonly secret: string;
  readonly expiresAt: Date;
}

export interface SignInLink {
  readonly token: string;
  readonly expiresAt: Date;
}

/** For whom a link is: without a user, the owner of this machine. */
export interface LinkFor {
  readonly userId?: string | null | undefined;
  readonly organizationId?: string | null | undefined;
  /** Only the browser that holds this attempt may use it. */
  readonly attempt?: string | undefined;
}

export interface Sessions {
  byId(id: string): Promise<Session | undefined>;
  /** Newest first; of the owner of this machine for null. */
  list(user: UserId | null): Promise<readonly Session[]>;
  /** False when this user has no such session. */
  end(user: UserId | null, id: string): Promise<boolean>;
  /** Notes that it is in use; once a day gives the secret that is to take the place of the one that was shown. */
  renew(session: Session): Promise<string | undefined>;
}

type SessionRow = CatalogTables["sessions"];

export interface NewSession {
  readonly userId: string | null;
  readonly method: SignInMethod;
  readonly organizationId?: string | null | undefined;
}

export async function insertSession(
  { transaction, now }: Pick<Change, "transaction" | "now">,
  { userId, method, organizationId: organization = null }: NewSession,
  { address, userAgent }: Actor,
): Promise<CreatedSession> {
  await transaction.deleteFrom("sessions").where("expires_at", "<=", now).execute();
  const secret = newToken();
  const row: SessionRow = {
    id: newId("ses"),
    secret_hash: secretHash(secret),
    previous_hash: null,
    user_id: userId,
    organization_id: organization,
    method,
    address,
    user_agent: userAgent.slice(0, 300),
    created_at: now,
    rotated_at: now,
    last_seen_at: now,
    expires_at: now + (method === "sso" ? signOnLifetimeMs : sessionLifetimeMs),
  };
  await transaction.insertInto("sessions").values(row).execute();
  return { id: row.id, secret, expiresAt: new Date(row.expires_at) };
}

/** The session of a secret: the one in use, or for a moment the one before. */
export function sessionBySecret(context: CatalogContext, secret: string): Promise<Session | undefined> {
  return context.read(async (connection) => {
    const now = context.now();
    const row = await sessionRows(connection)
      .where("expires_at", ">", now)
      .where(isSecretOf(secret, now))
      .executeTakeFirst();
    return row === undefined ? undefined : asSession(row);
  });
}

export function sessionsOf(context: CatalogContext): Sessions {
  return {
    byId: (id) =>
      context.read(async (connection) => {
        const query = sessionRows(connection).where("sessions.id", "=", id).where("expires_at", ">", context.now());
        const row = await query.executeTakeFirst();
        return row === undefined ? undefined : asSession(row);
      }),
    list: (user) =>
      context.read(async (connection) => {
        const query = sessionRows(connection).where("expires_at", ">", context.now());
        const own = query.where("user_id", user === null ? "is" : "=", user);
        return (await own.orderBy("sessions.created_at", "desc").execute()).map(asSession);
      }),
    end: (user, id) =>
      context.write(async (change) => {
        const { numDeletedRows } = await change.transaction
          .deleteFrom("sessions")
          .where("id", "=", id)
          .where("user_id", user === null ? "is" : "=", user)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return false;
        const by = await holderOf(change, user);
        change.audit({ action: "session.end", by, target: { kind: "session", id } });
        return true;
      }),
    renew: (session) => renew(context, session),
  };
}

async function renew(context: CatalogContext, session: Session): Promise<string | undefined> {
  const now = context.now();
  if (now - session.rotatedAt.getTime() >= rotationMs) {
    return context.write(({ transaction }) => rotate(transaction, session, now));
  }
  if (now - session.lastSeenAt.getTime() >= seenPrecisionMs) {
    await context.write(({ transaction }) =>
      transaction.updateTable("sessions").set({ last_seen_at: now }).where("id", "=", session.id).execute(),
    );
  }
  return undefined;
}

/** Of requests that come at once, one gets the new secret; the others go on with the old one. */
async function rotate(transaction: Transacted, session: Session, now: number): Promise<string | undefined> {
  const secret = newToken();
  const { numUpdatedRows } = await transaction
    .updateTable("sessions")
    .set((expression) => ({
      previous_hash: expression.ref("secret_hash"),
      secret_hash: secretHash(secret),
      rotated_at: now,
      last_seen_at: now,
    }))
    .where("id", "=", session.id)
    .where("rotated_at", "=", session.rotatedAt.getTime())
    .executeTakeFirst();
  return numUpdatedRows > 0n ? secret : undefined;
}

export async function deleteSession(
  { transaction, now }: Pick<Change, "transaction" | "now">,
  secret: string,
): Promise<Pick<SessionRow, "id" | "user_id" | "organization_id"> | undefined> {
  const query = transaction.deleteFrom("sessions").where(isSecretOf(secret, now));
  return query.returning(["id", "user_id", "organization_id"]).executeTakeFirst();
}

/** Whose session it is, for the audit log. */
export async function holderOf(
  { transaction }: Pick<Change, "transaction">,
  user: string | null,
): Promise<AuditFact["by"]> {
  if (user === null) return machineOwner;
  const row = await selectUserById(transaction, user);
  return row === undefined ? undefined : asActor(row);
}

function isSecretOf(secret: string, now: number) {
  const hash = secretHash(secret);
  return (where: ExpressionBuilder<CatalogTables, "sessions">) =>
    where.or([
      where("secret_hash", "=", hash),
      where.and([where("previous_hash", "=", hash), where("rotated_at", ">", now - previousSecretMs)]),
    ]);
}

export async function insertSignInLink(
  { transaction, now }: Change,
  { userId = null, organizationId: organization = null, attempt }: LinkFor,
): Promise<SignInLink> {
  await transaction.deleteFrom("sign_in_links").where("expires_at", "<=", now).execute();
  const token = newToken();
  const row = {
    token_hash: secretHash(token),
    user_id: userId,
    organization_id: organization,
    attempt: attempt ?? null,
    created_at: now,
    expires_at: now + linkLifetimeMs,
  };
  await transaction.insertInto("sign_in_links").values(row).execute();
  return { token, expiresAt: new Date(row.expires_at) };
}

/** Spends the link and opens the session in one transaction: of two who come at once, one gets in. */
export async function spendSignInLink(
  change: Change,
  { token, attempt }: { readonly token: string; readonly attempt?: string | undefined },
  actor: Actor,
): Promise<CreatedSession | undefined> {
  const link = await change.transaction
    .deleteFrom("sign_in_links")
    .where("token_hash", "=", secretHash(token))
    .returningAll()
    .executeTakeFirst();
  if (link === undefined || link.expires_at <= change.now) return undefined;
  if (link.attempt !== null && link.attempt !== attempt) return undefined;
  const method = link.attempt === null ? "link" : "sso";
  const session = { userId: link.user_id, organizationId: link.organization_id, method } as const;
  const created = await insertSession(change, session, actor);
  change.audit({
    action: "session.create",
    by: await holderOf(change, link.user_id),
    organizationId: link.organization_id,
    target: { kind: "session", id: created.id },
    after: { user_id: link.user_id, method },
  });
  return created;
}

type Connection = Parameters<Parameters<CatalogContext["read"]>[0]>[0];

function sessionRows(connection: Connection) {
  return connection
    .selectFrom("sessions")
    .leftJoin("users", "users.id", "sessions.user_id")
    .selectAll("sessions")
    .select(["users.email", "users.name"]);
}

function asSession(row: SessionRow & { readonly email: string | null; readonly name: string | null }): Session {
  const { user_id: id, email, name } = row;
  return {
    id: row.id,
    user: id === null || email === null ? null : asUser({ id, email, name: name ?? "" }),
    organizationId: row.organization_id === null ? null : organizationId(row.organization_id),
    method: row.method,
    address: row.address,
    userAgent: row.user_agent,
    createdAt: new Date(row.created_at),
    lastSeenAt: new Date(row.last_seen_at),
    rotatedAt: new Date(row.rotated_at),
    expiresAt: new Date(row.expires_at),
  };
}
