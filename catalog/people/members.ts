import { CodedError, type MemberRole, type OrganizationId, type ProjectId, type UserId } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import {
  checkAnOwnerIsLeft,
  deleteMembership,
  type Member,
  type ProjectRole,
  selectMembers,
  selectMembership,
  selectProjectRoles,
  upsertMembership,
} from "./member-rows.ts";

/** Who is to get a role on a project. */
export type Grantee = { readonly user: UserId } | { readonly team: string };

/** Who belongs to an organisation, and who has which role on its projects. Nobody comes in but by an invitation or single sign-on. */
export interface Members {
  list(organization: OrganizationId): Promise<readonly Member[]>;
  /** CONFLICT when no owner would be left; false when this is no member. */
  setRole(organization: OrganizationId, user: UserId, role: MemberRole | null): Promise<boolean>;
  /** With all that the organisation's projects and teams gave. CONFLICT when no owner would be left. */
  remove(organization: OrganizationId, user: UserId): Promise<boolean>;

  projectRoles(project: ProjectId): Promise<readonly ProjectRole[]>;
  /** NOT_FOUND when the person or the team is not of the project's organisation. */
  setProjectRole(project: ProjectId, grantee: Grantee, role: MemberRole): Promise<void>;
  removeProjectRole(project: ProjectId, grantee: Grantee): Promise<boolean>;
}

export function membersOf(context: CatalogContext): Members {
  return {
    list: (organization) => context.read((connection) => selectMembers(connection, organization)),
    setRole: (organization, user, role) =>
      context.change((change) => setMemberRole(change, { organization, user, role })),
    remove: (organization, user) => context.change((change) => removeMember(change, organization, user)),
    projectRoles: (project) => context.read((connection) => selectProjectRoles(connection, project)),
    setProjectRole: (project, grantee, role) =>
      context.change((change) => setProjectRole(change, project, grantee, role)),
    removeProjectRole: (project, grantee) => context.change((change) => removeProjectRole(change, project, grantee)),
  };
}

interface RoleWish {
  readonly organization: OrganizationId;
  readonly user: UserId;
  readonly role: MemberRole | null;
}

async function setMemberRole(
  { transaction, now, audit }: Change,
  { organization, user, role }: RoleWish,
): Promise<boolean> {
  const before = await selectMembership(transaction, organization, user);
  if (before === undefined) return false;
  await upsertMembership(transaction, { organizationId: organization, userId: user, role, source: "direct" }, now);
  if (before.role === "owner" && role !== "owner") await checkAnOwnerIsLeft(transaction, organization);
  audit({
    action: "member.update",
    organizationId: organization,
    target: { kind: "user", id: user },
    before: { role: before.role },
    after: { role },
  });
  return true;
}

async function removeMember(
  { transaction, now, audit }: Change,
  organization: OrganizationId,
  user: UserId,
): Promise<boolean> {
  const before = await selectMembership(transaction, organization, user);
  if (before === undefined || !(await deleteMembership(transaction, organization, user, now))) return false;
  if (before.role === "owner") await checkAnOwnerIsLeft(transaction, organization);
  const target = { kind: "user", id: user };
  audit({ action: "member.remove", organizationId: organization, target, before: { role: before.role } });
  return true;
}

async function setProjectRole(
  { transaction, now, audit }: Change,
  project: ProjectId,
  grantee: Grantee,
  role: MemberRole,
): Promise<void> {
  const organization = await organizationOfGrantee({ transaction }, project, grantee);
  const before = await projectRoleRow({ transaction }, project, grantee);
  const place = { project_id: project, role, created_at: now };
  if ("user" in grantee) {
    await transaction
      .insertInto("project_members")
      .values({ ...place, user_id: grantee.user })
      .onConflict((on) => on.columns(["project_id", "user_id"]).doUpdateSet({ role }))
      .execute();
  } else {
    await transaction
      .insertInto("project_teams")
      .values({ ...place, team_id: grantee.team })
      .onConflict((on) => on.columns(["project_id", "team_id"]).doUpdateSet({ role }))
      .execute();
  }
  audit({
    action: "project_role.set",
    organizationId: organization,
    projectId: project,
    target: targetOf(grantee),
    ...(before !== undefined && { before: { role: before } }),
    after: { role },
  });
}

async function removeProjectRole(
  { transaction, audit }: Change,
  project: ProjectId,
  grantee: Grantee,
): Promise<boolean> {
  const before = await projectRoleRow({ transaction }, project, grantee);
  if (before === undefined) return false;
  if ("user" in grantee) {
    const rows = transaction.deleteFrom("project_members").where("project_id", "=", project);
    await rows.where("user_id", "=", grantee.user).execute();
  } else {
    const rows = transaction.deleteFrom("project_teams").where("project_id", "=", project);
    await rows.where("team_id", "=", grantee.team).execute();
  }
  const { organization_id } = await projectRow({ transaction }, project);
  audit({
    action: "project_role.remove",
    organizationId: organization_id,
    projectId: project,
    target: targetOf(grantee),
    before: { role: before },
  });
  return true;
}

type InTransaction = Pick<Change, "transaction">;

function targetOf(grantee: Grantee): { kind: string; id: string } {
  return "user" in grantee ? { kind: "user", id: grantee.user } : { kind: "team", id: grantee.team };
}

async function projectRow({ transaction }: InTransaction, project: ProjectId): Promise<{ organization_id: string }> {
  const query = transaction.selectFrom("projects").select("organization_id").where("id", "=", project);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new CodedError("NOT_FOUND", "There is no such project.");
  return row;
}

async function organizationOfGrantee(
  { transaction }: InTransaction,
  project: ProjectId,
  grantee: Grantee,
): Promise<string> {
  const { organization_id } = await projectRow({ transaction }, project);
  const found =
    "user" in grantee
      ? await selectMembership(transaction, organization_id, grantee.user)
      : await transaction
          .selectFrom("teams")
          .select("id")
          .where("id", "=", grantee.team)
          .where("organization_id", "=", organization_id)
          .executeTakeFirst();
  if (found !== undefined) return organization_id;
  const what = "user" in grantee ? "member" : "team";
  throw new CodedError("NOT_FOUND", `The project's organisation has no such ${what}.`);
}

async function projectRoleRow(
  { transaction }: InTransaction,
  project: ProjectId,
  grantee: Grantee,
): Promise<MemberRole | undefined> {
  const row =
    "user" in grantee
      ? await transaction
          .selectFrom("project_members")
          .select("role")
          .where("project_id", "=", project)
          .where("user_id", "=", grantee.user)
          .executeTakeFirst()
      : await transaction
          .selectFrom("project_teams")
          .select("role")
          .where("project_id", "=", project)
          .where("team_id", "=", grantee.team)
          .executeTakeFirst();
  return row?.role;
}
