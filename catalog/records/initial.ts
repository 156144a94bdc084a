import { CodedError, defaultProjectId, keyScopes } from "@weir/model";
import type { Change } from "../context.ts";
import type { Transacted } from "../database/database.ts";
import { selectMembership, upsertMembership } from "../people/member-rows.ts";
import { maskSecret, secretHash } from "../secrets/secret-text.ts";
import { defaultOrganizationId } from "./projects.ts";
import { asUser, insertUser, selectUserByEmail, setPassword } from "./users.ts";

/** What the configuration wants to be there: WEIR_INIT_API_KEY and the first administrator. */
export interface InitialOptions {
  readonly initApiKey?: string | undefined;
  readonly adminEmail?: string | undefined;
  readonly adminPassword?: string | undefined;
}

/** The id of the key that came from the configuration; there is one at most. */
export const initialKeyId = "key_initial";

export function checkInitial({ initApiKey, adminEmail, adminPassword }: InitialOptions): void {
  if (initApiKey !== undefined && initApiKey.length < 8) {
    throw new CodedError("CONFIG_INVALID", "The initial API key must have at least 8 characters.");
  }
  if ((adminEmail === undefined) !== (adminPassword === undefined)) {
    throw new CodedError("CONFIG_INVALID", "The administrator needs both an email address and a password.");
  }
}

export async function ensureDefaults(transaction: Transacted, now: number): Promise<void> {
  await transaction
    .insertInto("organizations")
    .values({ id: defaultOrganizationId, name: "Default", created_at: now, password_sign_in: "everyone" })
    .onConflict((on) => on.column("id").doNothing())
    .execute();
  await transaction
    .insertInto("projects")
    .values({ id: defaultProjectId, organization_id: defaultOrganizationId, name: "Default", created_at: now })
    .onConflict((on) => on.column("id").doNothing())
    .execute();
}

/** A changed key replaces the earlier one; one that was revoked stays revoked until it is changed. */
export async function ensureInitialKey({ transaction, now, audit }: Change, secret: string): Promise<void> {
  const secret_hash = secretHash(secret);
  const known = await transaction.selectFrom("api_keys").select("id").where("secret_hash", "=", secret_hash).execute();
  if (known.length > 0) return;
  const row = {
    secret_hash,
    mask: maskSecret(secret),
    created_at: now,
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
  };
  await transaction
    .insertInto("api_keys")
    .values({
      ...row,
      id: initialKeyId,
      project_id: defaultProjectId,
      user_id: null,
      name: "From the configuration",
      scopes: JSON.stringify(keyScopes),
    })
    .onConflict((on) => on.column("id").doUpdateSet(row))
    .execute();
  const target = { kind: "key", id: initialKeyId };
  audit({ action: "key.create", projectId: defaultProjectId, target, after: { mask: row.mask, scopes: keyScopes } });
}

/** The user of the configuration, with this password, owner of the default organisation. A new password ends their sessions. */
export async function ensureAdministrator(
  { transaction, now, audit }: Change,
  email: string,
  passwordHash: string,
): Promise<void> {
  const known = await selectUserByEmail(transaction, email);
  const user = known === undefined ? await insertUser(transaction, { email }, now) : asUser(known);
  await setPassword(transaction, user.id, passwordHash);
  const membership = await selectMembership(transaction, defaultOrganizationId, user.id);
  if (membership?.role !== "owner") {
    const place = { organizationId: defaultOrganizationId, userId: user.id };
    await upsertMembership(transaction, { ...place, role: "owner", source: "direct" }, now);
  }
  const target = { kind: "user", id: user.id };
  const after = { email: user.email, role: "owner" };
  audit({ action: "member.configure", organizationId: defaultOrganizationId, target, after });
}
