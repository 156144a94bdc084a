import { CodedError, greaterRole, type MemberRole, newId, type OrganizationId, organizationId } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables, IdentityProviderKind } from "../database/schema.ts";
import { checkAnOwnerIsLeft, deleteMembership, selectMembership, upsertMembership } from "../people/member-rows.ts";
import { asUser, insertUser, selectUserByEmail, selectUserById, type User } from "../records/users.ts";
import { unsealWith } from "../secrets/key-ring.ts";
import { seal } from "../secrets/sealing.ts";

/** How groups become roles. Without a group that is named, `defaultRole`; without that, nobody comes in. */
export interface RoleMapping {
  readonly roleByGroup: Readonly<Record<string, MemberRole>>;
  readonly defaultRole: MemberRole | null;
}

/** An organisation's single sign-on. `settings` are its kind's own, for the API to check; they hold no secret. */
export interface IdentityProvider extends RoleMapping {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly kind: IdentityProviderKind;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

export interface NewIdentityProvider extends RoleMapping {
  readonly organizationId: OrganizationId;
  readonly kind: IdentityProviderKind;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secret?: string | undefined;
}

/** Who somebody is, as a provider says it. */
export interface Identity {
  /** The provider's own name of the account: never given to anybody else. */
  readonly subject: string;
  /** Undefined when the provider does not vouch for it. */
  readonly email: string | undefined;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface IdentityProviders {
  list(organization: OrganizationId): Promise<readonly IdentityProvider[]>;
  /** Of every organisation: what a sign-in page offers. */
  offered(): Promise<readonly IdentityProvider[]>;
  /** With the secret, where it has one and it can be opened. */
  byId(id: string): Promise<{ readonly provider: IdentityProvider; readonly secret: string | undefined } | undefined>;
  create(provider: NewIdentityProvider): Promise<IdentityProvider>;
  delete(organization: OrganizationId, id: string): Promise<boolean>;
  /**
   * The account of an identity: made when it is new, its role brought up to date. FORBIDDEN when no group gives a
   * role (whom groups let in before is a member no longer), when there is no address, or when the address is an
   * account's that also belongs elsewhere: one organisation's provider must not open another's doors.
   */
  admit(provider: IdentityProvider, identity: Identity): Promise<User>;
}

type ProviderRow = CatalogTables["identity_providers"];

/** The secret is good only in its own row. */
export function identityProviderBinding(row: Pick<ProviderRow, "id" | "organization_id" | "kind">): string[] {
  return ["identity_provider", row.id, row.organization_id, row.kind];
}

export function identityProvidersOf(context: CatalogContext): IdentityProviders {
  const all = () =>
    context.read((connection) =>
      connection.selectFrom("identity_providers").selectAll().orderBy("name").orderBy("id").execute(),
    );
  return {
    list: async (organization) => (await all()).filter((row) => row.organization_id === organization).map(asProvider),
    offered: async () => (await all()).map(asProvider),
    byId: async (id) => {
      const row = (await all()).find((each) => each.id === id);
      if (row === undefined) return undefined;
      const { sealed_secret: sealed } = row;
      const secret =
        sealed === null ? undefined : unsealWith(context.keys.opening, sealed, identityProviderBinding(row));
      return { provider: asProvider(row), secret };
    },
    create: (provider) => context.write((change) => insertProvider(change, provider, context)),
    delete: (organization, id) =>
      context.write(async ({ transaction, audit }) => {
        const row = await transaction
          .deleteFrom("identity_providers")
          .where("id", "=", id)
          .where("organization_id", "=", organization)
          .returning(["name", "kind"])
          .executeTakeFirst();
        if (row === undefined) return false;
        const target = { kind: "identity_provider", id };
        audit({ action: "identity_provider.delete", organizationId: organization, target, before: row });
        await endSignOnSessions(transaction, organization);
        return true;
      }),
    admit: async (provider, identity) => {
      const user = await context.change((change) => admit(change, provider, identity));
      if (user !== undefined) return user;
      throw new CodedError("FORBIDDEN", `${provider.name} knows you, but none of your groups has a role in Weir.`);
    },
  };
}

/** Of all the organisation's providers: which one opened a session is not kept, and who may still come in does so again. */
async function endSignOnSessions(transaction: Transacted, organization: OrganizationId): Promise<void> {
  await transaction.deleteFrom("sessions").where("organization_id", "=", organization).execute();
  await transaction.deleteFrom("sign_in_links").where("organization_id", "=", organization).execute();
}

function asProvider(row: ProviderRow): IdentityProvider {
  const { roleByGroup, defaultRole, ...settings } = JSON.parse(row.settings) as RoleMapping & Record<string, unknown>;
  return {
    id: row.id,
    organizationId: organizationId(row.organization_id),
    kind: row.kind,
    name: row.name,
    settings,
    roleByGroup,
    defaultRole,
    createdAt: new Date(row.created_at),
  };
}

async function insertProvider(
  { transaction, now, audit }: Change,
  { organizationId: organization, kind, name, settings, roleByGroup, defaultRole, secret }: NewIdentityProvider,
  { keys }: CatalogContext,
): Promise<IdentityProvider> {
  const place = { id: newId("idp"), organization_id: organization, kind };
  const row: ProviderRow = {
    ...place,
    name,
    settings: JSON.stringify({ ...settings, roleByGroup, defaultRole }),
    sealed_secret: secret === undefined ? null : seal(secret, keys.sealing, identityProviderBinding(place)),
    created_at: now,
  };
  await transaction.insertInto("identity_providers").values(row).execute();
  audit({
    action: "identity_provider.create",
    organizationId: organization,
    target: { kind: "identity_provider", id: row.id },
    after: { name, kind, settings, role_by_group: roleByGroup, default_role: defaultRole },
  });
  return asProvider(row);
}

/** Undefined when no group gives a role. */
async function admit(change: Change, provider: IdentityProvider, identity: Identity): Promise<User | undefined> {
  const role = roleOf(provider, identity);
  const known = await knownUser(change, provider, identity);
  if (role === undefined) {
    if (known !== undefined) await endMembership(change, provider, known);
    change.audit({
      action: "session.refuse",
      organizationId: provider.organizationId,
      target: { kind: "user", id: known?.id ?? "" },
      after: { method: "sso", identity_provider: provider.id, email: identity.email ?? null },
    });
    return undefined;
  }
  const user = known ?? (await newUser(change, provider, identity));
  await keepMembership(change, provider, user, role);
  return user;
}

function roleOf({ roleByGroup, defaultRole }: RoleMapping, { groups }: Identity): MemberRole | undefined {
  let role: MemberRole | undefined;
  for (const group of groups) if (Object.hasOwn(roleByGroup, group)) role = greaterRole(role, roleByGroup[group]);
  return role ?? defaultRole ?? undefined;
}

async function knownUser(
  { transaction }: Change,
  provider: IdentityProvider,
  { subject }: Identity,
): Promise<User | undefined> {
  const row = await transaction
    .selectFrom("user_identities")
    .select("user_id")
    .where("provider_id", "=", provider.id)
    .where("subject", "=", subject)
    .executeTakeFirst();
  const user = row === undefined ? undefined : await selectUserById(transaction, row.user_id);
  return user === undefined ? undefined : asUser(user);
}

async function newUser(change: Change, provider: IdentityProvider, identity: Identity): Promise<User> {
  const { transaction, now } = change;
  const { email, subject, name } = identity;
  if (email === undefined) {
    throw new CodedError("FORBIDDEN", `${provider.name} does not vouch for an e-mail address of yours.`);
  }
  const existing = await selectUserByEmail(transaction, email);
  if (existing !== undefined) await checkBelongsHereAlone(change, provider, existing.id);
  const user = existing === undefined ? await insertUser(transaction, { email, name }, now) : asUser(existing);
  await transaction
    .insertInto("user_identities")
    .values({ provider_id: provider.id, subject, user_id: user.id, created_at: now })
    .execute();
  return user;
}

async function checkBelongsHereAlone({ transaction }: Change, provider: IdentityProvider, user: string): Promise<void> {
  const rows = await transaction.selectFrom("memberships").selectAll().where("user_id", "=", user).execute();
  if (rows.length > 0 && rows.every((row) => row.organization_id === provider.organizationId)) return;
  throw new CodedError("FORBIDDEN", "This address has an account that does not belong to this organisation alone.");
}

/** Roles that people gave by hand stay; those that groups gave follow the groups. */
async function keepMembership(
  { transaction, now, audit }: Change,
  { id, organizationId: organization }: IdentityProvider,
  user: User,
  role: MemberRole,
): Promise<void> {
  const before = await selectMembership(transaction, organization, user.id);
  if (before !== undefined && (before.source === "direct" || before.role === role)) return;
  await upsertMembership(transaction, { organizationId: organization, userId: user.id, role, source: "sso" }, now);
  if (before?.role === "owner") await checkAnOwnerIsLeft(transaction, organization);
  audit({
    action: before === undefined ? "member.join" : "member.update",
    organizationId: organization,
    target: { kind: "user", id: user.id },
    ...(before !== undefined && { before: { role: before.role } }),
    after: { email: user.email, role, identity_provider: id },
  });
}

/** What groups gave goes with the groups, sessions and personal keys too; but an organisation keeps its last owner. */
async function endMembership(
  { transaction, now, audit }: Change,
  { id, organizationId: organization }: IdentityProvider,
  user: User,
): Promise<void> {
  const before = await selectMembership(transaction, organization, user.id);
  if (before?.source !== "sso" || (before.role === "owner" && !(await hasOwnerBesides(transaction, before)))) return;
  await deleteMembership(transaction, organization, user.id, now);
  audit({
    action: "member.remove",
    organizationId: organization,
    target: { kind: "user", id: user.id },
    before: { role: before.role },
    after: { identity_provider: id },
  });
}

async function hasOwnerBesides(
  transaction: Transacted,
  { organization_id, user_id }: CatalogTables["memberships"],
): Promise<boolean> {
  const owners = transaction.selectFrom("memberships").select("user_id").where("organization_id", "=", organization_id);
  const other = await owners.where("role", "=", "owner").where("user_id", "!=", user_id).executeTakeFirst();
  return other !== undefined;
}
