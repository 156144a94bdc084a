import { CodedError, type MemberRole, type OrganizationId, type ProjectId, type UserId, userId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables, MembershipSource } from "../database/schema.ts";

/** Somebody of an organisation. `role` is null where only projects and teams give roles. */
export interface Member {
  readonly userId: UserId;
  readonly email: string;
  readonly name: string;
  readonly role: MemberRole | null;
  readonly source: MembershipSource;
  readonly createdAt: Date;
}

export async function selectMembers(
  connection: Kysely<CatalogTables>,
  organization: OrganizationId,
): Promise<readonly Member[]> {
  const rows = await connection
    .selectFrom("memberships")
    .innerJoin("users", "users.id", "memberships.user_id")
    .select(["users.id", "users.email", "users.name", "memberships.role", "memberships.source"])
    .select("memberships.created_at")
    .where("organization_id", "=", organization)
    .orderBy("users.email")
    .execute();
  return rows.map(({ id, email, name, role, source, created_at }) => {
    return { userId: userId(id), email, name, role, source, createdAt: new Date(created_at) };
  });
}

export function selectMembership(
  connection: Kysely<CatalogTables>,
  organization: string,
  user: string,
): Promise<CatalogTables["memberships"] | undefined> {
  return connection
    .selectFrom("memberships")
    .selectAll()
    .where("organization_id", "=", organization)
    .where("user_id", "=", user)
    .executeTakeFirst();
}

export interface MembershipWish {
  readonly organizationId: string;
  readonly userId: string;
  readonly role: MemberRole | null;
  readonly source: MembershipSource;
}

/** Makes somebody a member, or gives a member another role. */
export async function upsertMembership(transaction: Transacted, wish: MembershipWish, now: number): Promise<void> {
  const { organizationId, userId: user, role, source } = wish;
  await transaction
    .insertInto("memberships")
    .values({ organization_id: organizationId, user_id: user, role, source, created_at: now })
    .onConflict((on) => on.columns(["organization_id", "user_id"]).doUpdateSet({ role, source }))
    .execute();
}

/** An organisation without an owner could never again be put in order. */
export async function checkAnOwnerIsLeft(transaction: Transacted, organization: string): Promise<void> {
  // Locks the owners on PostgreSQL, so that two who leave at once do not both count on the other.
  const owners = await transaction
    .updateTable("memberships")
    .set({ role: "owner" })
    .where("organization_id", "=", organization)
    .where("role", "=", "owner")
    .executeTakeFirst();
  if (owners.numUpdatedRows > 0n) return;
  throw new CodedError("CONFLICT", "An organisation needs an owner: make somebody else owner first.");
}

/** The roles that its projects and teams gave, the personal keys for its projects, and open invitations by them go with the membership. */
export async function deleteMembership(
  transaction: Transacted,
  organization: string,
  user: string,
  now: number,
): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom("memberships")
    .where("organization_id", "=", organization)
    .where("user_id", "=", user)
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  const projects = transaction.selectFrom("projects").select("id").where("organization_id", "=", organization);
  const teams = transaction.selectFrom("teams").select("id").where("organization_id", "=", organization);
  await transaction
    .deleteFrom("project_members")
    .where("user_id", "=", user)
    .where("project_id", "in", projects)
    .execute();
  await transaction.deleteFrom("team_members").where("user_id", "=", user).where("team_id", "in", teams).execute();
  await transaction
    .updateTable("api_keys")
    .set({ revoked_at: now })
    .where("user_id", "=", user)
    .where("project_id", "in", projects)
    .where("revoked_at", "is", null)
    .execute();
  const address = transaction.selectFrom("users").select("email").where("id", "=", user);
  await transaction
    .deleteFrom("invitations")
    .where("organization_id", "=", organization)
    .where("invited_by", "=", address)
    .execute();
  await transaction
    .deleteFrom("sessions")
    .where("user_id", "=", user)
    .where("organization_id", "=", organization)
    .execute();
  return true;
}

/** Who has a role on a project itself, by name or by team. The organisation's own roles come on top. */
export interface ProjectRole {
  readonly grantee: "user" | "team";
  readonly id: string;
  /** The user's address, or the team's name. */
  readonly name: string;
  readonly role: MemberRole;
}

export async function selectProjectRoles(
  connection: Kysely<CatalogTables>,
  project: ProjectId,
): Promise<readonly ProjectRole[]> {
  const users = await connection
    .selectFrom("project_members")
    .innerJoin("users", "users.id", "project_members.user_id")
    .select(["users.id", "users.email as name", "project_members.role"])
    .where("project_id", "=", project)
    .orderBy("users.email")
    .execute();
  const teams = await connection
    .selectFrom("project_teams")
    .innerJoin("teams", "teams.id", "project_teams.team_id")
    .select(["teams.id", "teams.name", "project_teams.role"])
    .where("project_id", "=", project)
    .orderBy("teams.name")
    .execute();
  return [
    ...users.map((row) => ({ grantee: "user" as const, ...row })),
    ...teams.map((row) => ({ grantee: "team" as const, ...row })),
  ];
}
