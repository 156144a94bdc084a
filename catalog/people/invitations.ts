import { CodedError, type MemberRole, newId, type OrganizationId, organizationId, projectId } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import type { CatalogTables } from "../database/schema.ts";
import { asActor } from "../records/audit.ts";
import { asUser, canonicalEmail, insertUser, selectUserByEmail, type User } from "../records/users.ts";
import { newToken, secretHash } from "../secrets/secret-text.ts";
import { checkPasswordIsAllowed } from "../sign-in/password-permission.ts";
import { selectMembership, upsertMembership } from "./member-rows.ts";

const lifetimeMs = 7 * 24 * 60 * 60_000;

export interface Invitation {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly email: string;
  readonly role: MemberRole | null;
  readonly projectId: string | null;
  readonly projectRole: MemberRole | null;
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface NewInvitation {
  readonly organizationId: OrganizationId;
  readonly email: string;
  readonly role: MemberRole | null;
  /** A role on one project besides; the project must be the organisation's. */
  readonly project?: { readonly id: string; readonly role: MemberRole } | undefined;
}

/** What the invited one sees before accepting. */
export interface OpenInvitation extends Invitation {
  readonly organizationName: string;
  /** True: this address has an account, and its holder must sign in to accept. */
  readonly hasAccount: boolean;
}

/** Who accepts: somebody who is signed in, or somebody new with the hash of a password. */
export type Acceptance = { readonly user: User } | { readonly name: string; readonly passwordHash: string };

export interface Invitations {
  list(organization: OrganizationId): Promise<readonly Invitation[]>;
  /** Good for seven days and one use. CONFLICT when this is a member already. The token is shown this once. */
  create(invitation: NewInvitation): Promise<Invitation & { readonly token: string }>;
  revoke(organization: OrganizationId, id: string): Promise<boolean>;
  /** Undefined when the token is unknown, spent or expired. */
  byToken(token: string): Promise<OpenInvitation | undefined>;
  /**
   * Rejects with NOT_FOUND when it is no longer good, and with FORBIDDEN when it is for somebody else, or with a password
   * where the organisation wants single sign-on.
   */
  accept(token: string, acceptance: Acceptance): Promise<User>;
}

type InvitationRow = CatalogTables["invitations"];

export function invitationsOf(context: CatalogContext): Invitations {
  return {
    list: (organization) =>
      context.read(async (connection) => {
        const query = connection.selectFrom("invitations").selectAll().where("organization_id", "=", organization);
        const rows = await query.where("expires_at", ">", context.now()).orderBy("created_at", "desc").execute();
        return rows.map(asInvitation);
      }),
    create: (invitation) => context.write((change) => insertInvitation(change, invitation, context.actor.name)),
    revoke: (organization, id) =>
      context.write(async ({ transaction, audit }) => {
        const row = await transaction
          .deleteFrom("invitations")
          .where("id", "=", id)
          .where("organization_id", "=", organization)
          .returning("email")
          .executeTakeFirst();
        if (row === undefined) return false;
        const target = { kind: "invitation", id };
        audit({ action: "invitation.revoke", organizationId: organization, target, before: { email: row.email } });
        return true;
      }),
    byToken: (token) => openInvitation(context, token),
    accept: (token, acceptance) => context.change((change) => accept(change, token, acceptance)),
  };
}

function asInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    organizationId: organizationId(row.organization_id),
    email: row.email,
    role: row.role,
    projectId: row.project_id,
    projectRole: row.project_role,
    invitedBy: row.invited_by,
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}

async function insertInvitation(
  { transaction, now, audit }: Change,
  { organizationId: organization, email, role, project }: NewInvitation,
  invitedBy: string,
): Promise<Invitation & { token: string }> {
  const known = await selectUserByEmail(transaction, email);
  if (known !== undefined && (await selectMembership(transaction, organization, known.id)) !== undefined) {
    throw new CodedError("CONFLICT", "This is a member already.");
  }
  if (project !== undefined) await checkProjectIsOf({ transaction }, organization, project.id);
  await transaction.deleteFrom("invitations").where("expires_at", "<=", now).execute();
  const token = newToken();
  const row: InvitationRow = {
    id: newId("inv"),
    organization_id: organization,
    email: canonicalEmail(email),
    role,
    project_id: project?.id ?? null,
    project_role: project?.role ?? null,
    token_hash: secretHash(token),
    invited_by: invitedBy,
    created_at: now,
    expires_at: now + lifetimeMs,
  };
  await transaction.insertInto("invitations").values(row).execute();
  const after = { email: row.email, role, ...(project !== undefined && { project }) };
  audit({
    action: "invitation.create",
    organizationId: organization,
    target: { kind: "invitation", id: row.id },
    after,
  });
  return { ...asInvitation(row), token };
}

async function checkProjectIsOf(
  { transaction }: Pick<Change, "transaction">,
  organization: OrganizationId,
  project: string,
): Promise<void> {
  const query = transaction.selectFrom("projects").select("id").where("id", "=", project);
  const found = await query.where("organization_id", "=", organization).executeTakeFirst();
  if (found === undefined) throw new CodedError("NOT_FOUND", "The organisation has no such project.");
}

function openInvitation(context: CatalogContext, token: string): Promise<OpenInvitation | undefined> {
  return context.read(async (connection) => {
    const row = await connection
      .selectFrom("invitations")
      .innerJoin("organizations", "organizations.id", "invitations.organization_id")
      .selectAll("invitations")
      .select("organizations.name as organization_name")
      .where("token_hash", "=", secretHash(token))
      .where("expires_at", ">", context.now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const hasAccount = (await selectUserByEmail(connection, row.email)) !== undefined;
    return { ...asInvitation(row), organizationName: row.organization_name, hasAccount };
  });
}

/** The link is spent in the transaction that makes the member: of two who come at once, one gets in. */
async function accept(change: Change, token: string, acceptance: Acceptance): Promise<User> {
  const { transaction, now, audit } = change;
  const row = await transaction
    .deleteFrom("invitations")
    .where("token_hash", "=", secretHash(token))
    .returningAll()
    .executeTakeFirst();
  if (row === undefined || row.expires_at <= now) {
    throw new CodedError(
      "NOT_FOUND",
      "This invitation was used already, taken back, or is too old. Ask for a new one.",
    );
  }
  const user = await acceptingUser(change, row, acceptance);
  const membership = {
    organizationId: row.organization_id,
    userId: user.id,
    role: row.role,
    source: "direct" as const,
  };
  if ((await selectMembership(transaction, row.organization_id, user.id)) === undefined) {
    await upsertMembership(transaction, membership, now);
  }
  if (row.project_id !== null && row.project_role !== null) {
    const place = { project_id: projectId(row.project_id), user_id: user.id, created_at: now };
    await transaction
      .insertInto("project_members")
      .values({ ...place, role: row.project_role })
      .onConflict((on) => on.columns(["project_id", "user_id"]).doNothing())
      .execute();
  }
  if ("passwordHash" in acceptance) await checkPasswordIsAllowed(change, user.id);
  audit({
    action: "invitation.accept",
    organizationId: row.organization_id,
    projectId: row.project_id,
    target: { kind: "user", id: user.id },
    by: asActor(user),
    after: { email: user.email, role: row.role, invited_by: row.invited_by },
  });
  return user;
}

/** An invitation's link may have passed through many hands: an account that exists is entered by its holder alone. */
async function acceptingUser({ transaction, now }: Change, row: InvitationRow, acceptance: Acceptance): Promise<User> {
  if ("user" in acceptance) {
    if (acceptance.user.email === row.email) return acceptance.user;
    throw new CodedError("FORBIDDEN", `This invitation is for ${row.email}; sign in as that.`);
  }
  const existing = await selectUserByEmail(transaction, row.email);
  if (existing !== undefined) {
    throw new CodedError("FORBIDDEN", `${asUser(existing).email} has an account: sign in, and open the link again.`);
  }
  return insertUser(transaction, { email: row.email, ...acceptance }, now);
}
