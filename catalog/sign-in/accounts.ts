import { CodedError, type UserId } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import { type AuditFact, asActor } from "../records/audit.ts";
import { asUser, selectUserByEmail, selectUserById, setPassword, type User } from "../records/users.ts";
import { hashPassword, inTurn, verifyPassword } from "../secrets/password.ts";
import { newToken, secretHash } from "../secrets/secret-text.ts";
import { beginAttempt, forgiveAttempts } from "./attempts.ts";
import { checkPasswordIsAllowed } from "./password-permission.ts";
import { checkNewPassword } from "./password-policy.ts";
import { type CreatedSession, insertSession, type SignInLink } from "./sessions.ts";

const resetLifetimeMs = 60 * 60_000;

export interface PasswordChange {
  readonly user: User;
  readonly current: string;
  readonly next: string;
  /** It goes on; every other session of the user ends. */
  readonly keptSession?: string | undefined;
}

/** People's accounts: each has one address, and may belong to several organisations. */
export interface Accounts {
  byEmail(email: string): Promise<User | undefined>;
  /** Rejects with BAD_REQUEST when the policy refuses the password, and slows down like a sign-in when `current` is wrong. */
  changePassword(change: PasswordChange): Promise<void>;
  setName(user: UserId, name: string): Promise<void>;
  /** Good for an hour and one use. */
  createPasswordReset(user: UserId): Promise<SignInLink>;
  /**
   * Sets the password, ends all sessions and opens a new one. NOT_FOUND when the link is no longer good, FORBIDDEN
   * where an organisation wants single sign-on.
   */
  resetPassword(token: string, password: string): Promise<CreatedSession>;
}

export function accountsOf(context: CatalogContext): Accounts {
  return {
    byEmail: (email) =>
      context.read(async (connection) => {
        const row = await selectUserByEmail(connection, email);
        return row === undefined ? undefined : asUser(row);
      }),
    changePassword: (change) => inTurn(() => changePassword(context, change)),
    setName: (user, name) =>
      context.write(async ({ transaction, audit }) => {
        const before = await selectUserById(transaction, user);
        await transaction.updateTable("users").set({ name }).where("id", "=", user).execute();
        const fact = { action: "user.update", target: { kind: "user", id: user } };
        audit({ ...fact, before: { name: before?.name }, after: { name } });
      }),
    createPasswordReset: (user) => context.write((change) => insertPasswordReset(change, user)),
    resetPassword: (token, password) => resetPassword(context, token, password),
  };
}

/** Undefined when the address or the password is wrong; takes the same time for either. */
export function signInWithPassword(
  context: CatalogContext,
  credentials: { readonly email: string; readonly password: string },
): Promise<CreatedSession | undefined> {
  return inTurn(() => signIn(context, credentials));
}

async function signIn(
  context: CatalogContext,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<CreatedSession | undefined> {
  await beginAttempt(context, email);
  const row = await context.read((connection) => selectUserByEmail(connection, email));
  const isRight = await verifyPassword(password, row?.password_hash ?? null);
  return context.write(async (change) => {
    if (row === undefined || !isRight) {
      await auditForOrganizations(change, row?.id, { action: "session.refuse", after: { method: "password" } });
      return undefined;
    }
    await forgiveAttempts(change, email, context.actor.address);
    await checkPasswordIsAllowed(change, row.id);
    const session = await insertSession(change, { userId: row.id, method: "password" }, context.actor);
    const by = asActor(row);
    await auditForOrganizations(change, row.id, { action: "session.create", by, after: { method: "password" } });
    return session;
  });
}

async function changePassword(context: CatalogContext, { user, current, next, keptSession }: PasswordChange) {
  checkNewPassword(next, user.email);
  await beginAttempt(context, user.email);
  const row = await context.read((connection) => selectUserById(connection, user.id));
  if (!(await verifyPassword(current, row?.password_hash ?? null))) {
    throw new CodedError("FORBIDDEN", "The current password is wrong.");
  }
  const passwordHash = await hashPassword(next);
  await context.write(async (change) => {
    await forgiveAttempts(change, user.email, context.actor.address);
    await setPassword(change.transaction, user.id, passwordHash, keptSession);
    await auditForOrganizations(change, user.id, { action: "user.change_password" });
  });
}

async function insertPasswordReset(change: Change, user: UserId): Promise<SignInLink> {
  const { transaction, now } = change;
  await transaction.deleteFrom("password_resets").where("expires_at", "<=", now).execute();
  const token = newToken();
  const row = { token_hash: secretHash(token), user_id: user, created_at: now, expires_at: now + resetLifetimeMs };
  await transaction.insertInto("password_resets").values(row).execute();
  await auditForOrganizations(change, user, { action: "user.create_password_reset" });
  return { token, expiresAt: new Date(row.expires_at) };
}

async function resetPassword(context: CatalogContext, token: string, password: string): Promise<CreatedSession> {
  const gone = () => new CodedError("NOT_FOUND", "This link was used already, or is too old. Ask for a new one.");
  const token_hash = secretHash(token);
  const user = await context.read((connection) =>
    connection
      .selectFrom("password_resets")
      .innerJoin("users", "users.id", "password_resets.user_id")
      .selectAll("users")
      .where("token_hash", "=", token_hash)
      .where("expires_at", ">", context.now())
      .executeTakeFirst(),
  );
  if (user === undefined) throw gone();
  checkNewPassword(password, user.email);
  const passwordHash = await hashPassword(password);
  return context.write(async (change) => {
    const { transaction } = change;
    const spent = transaction.deleteFrom("password_resets").where("token_hash", "=", token_hash).returning("user_id");
    if ((await spent.executeTakeFirst()) === undefined) throw gone();
    await checkPasswordIsAllowed(change, user.id);
    await setPassword(transaction, asUser(user).id, passwordHash);
    await forgiveAttempts(change, user.email, "");
    await auditForOrganizations(change, user.id, { action: "user.reset_password", by: asActor(user) });
    return insertSession(change, { userId: user.id, method: "reset" }, context.actor);
  });
}

/** What an account does concerns each organisation that it belongs to; each finds it in its own audit log. */
async function auditForOrganizations(
  { transaction, audit }: Change,
  user: string | undefined,
  fact: Pick<AuditFact, "action" | "by" | "after">,
): Promise<void> {
  const target = { kind: "user", id: user ?? "" };
  if (user === undefined) return audit({ ...fact, target });
  const query = transaction.selectFrom("memberships").select("organization_id").where("user_id", "=", user);
  const rows = await query.execute();
  if (rows.length === 0) audit({ ...fact, target });
  for (const { organization_id } of rows) audit({ ...fact, organizationId: organization_id, target });
}
