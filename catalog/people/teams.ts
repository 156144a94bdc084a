import { CodedError, greaterRole, type MemberRole, newId, type OrganizationId, type UserId, userId } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import { selectMembership } from "./member-rows.ts";

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly members: readonly UserId[];
  /** The greatest that it gives on any project; null while it gives none. */
  readonly greatestRole: MemberRole | null;
  readonly createdAt: Date;
}

/** People of an organisation who get roles on projects together. */
export interface Teams {
  list(organization: OrganizationId): Promise<readonly Team[]>;
  /** CONFLICT when the organisation has a team of this name. */
  create(organization: OrganizationId, name: string): Promise<Team>;
  /** False when the organisation has no such team; so in all that follows. */
  rename(organization: OrganizationId, team: string, name: string): Promise<boolean>;
  delete(organization: OrganizationId, team: string): Promise<boolean>;
  /** NOT_FOUND when this is no member of the organisation. */
  addMember(organization: OrganizationId, team: string, user: UserId): Promise<boolean>;
  removeMember(organization: OrganizationId, team: string, user: UserId): Promise<boolean>;
}

export function teamsOf(context: CatalogContext): Teams {
  return {
    list: (organization) => listTeams(context, organization),
    create: (organization, name) =>
      context.change(async ({ transaction, now, audit }) => {
        const row = { id: newId("team"), organization_id: organization, name, created_at: now };
        await transaction.insertInto("teams").values(row).execute();
        const target = { kind: "team", id: row.id };
        audit({ action: "team.create", organizationId: organization, target, after: { name } });
        return { id: row.id, name, members: [], greatestRole: null, createdAt: new Date(now) };
      }),
    rename: (organization, team, name) =>
      context.change(async (change) => {
        const before = await teamRow(change, organization, team);
        if (before === undefined) return false;
        await change.transaction.updateTable("teams").set({ name }).where("id", "=", team).execute();
        const fact = { action: "team.update", organizationId: organization, target: { kind: "team", id: team } };
        change.audit({ ...fact, before: { name: before.name }, after: { name } });
        return true;
      }),
    delete: (organization, team) =>
      context.change(async (change) => {
        const before = await teamRow(change, organization, team);
        if (before === undefined) return false;
        await change.transaction.deleteFrom("teams").where("id", "=", team).execute();
        const fact = { action: "team.delete", organizationId: organization, target: { kind: "team", id: team } };
        change.audit({ ...fact, before: { name: before.name } });
        return true;
      }),
    addMember: (organization, team, user) => context.change((change) => addMember(change, organization, team, user)),
    removeMember: (organization, team, user) =>
      context.change((change) => removeMember(change, organization, team, user)),
  };
}

function listTeams(context: CatalogContext, organization: OrganizationId): Promise<readonly Team[]> {
  return context.read(async (connection) => {
    const query = connection.selectFrom("teams").selectAll().where("organization_id", "=", organization);
    const teams = await query.orderBy("name").execute();
    const members = await connection
      .selectFrom("team_members")
      .innerJoin("teams", "teams.id", "team_members.team_id")
      .select(["team_id", "user_id"])
      .where("organization_id", "=", organization)
      .orderBy("user_id")
      .execute();
    const given = await connection
      .selectFrom("project_teams")
      .innerJoin("teams", "teams.id", "project_teams.team_id")
      .select(["team_id", "role"])
      .where("organization_id", "=", organization)
      .execute();
    return teams.map(({ id, name, created_at }) => {
      const own = members.filter(({ team_id }) => team_id === id).map(({ user_id }) => userId(user_id));
      const roles = given.filter(({ team_id }) => team_id === id).map(({ role }) => role);
      const greatestRole = roles.reduce<MemberRole | undefined>(greaterRole, undefined) ?? null;
      return { id, name, members: own, greatestRole, createdAt: new Date(created_at) };
    });
  });
}

async function teamRow(
  { transaction }: Change,
  organization: OrganizationId,
  team: string,
): Promise<{ name: string } | undefined> {
  const query = transaction.selectFrom("teams").select("name").where("id", "=", team);
  return query.where("organization_id", "=", organization).executeTakeFirst();
}

async function addMember(change: Change, organization: OrganizationId, team: string, user: UserId): Promise<boolean> {
  const { transaction, now, audit } = change;
  if ((await teamRow(change, organization, team)) === undefined) return false;
  if ((await selectMembership(transaction, organization, user)) === undefined) {
    throw new CodedError("NOT_FOUND", "The organisation has no such member.");
  }
  await transaction
    .insertInto("team_members")
    .values({ team_id: team, user_id: user, created_at: now })
    .onConflict((on) => on.columns(["team_id", "user_id"]).doNothing())
    .execute();
  const target = { kind: "team", id: team };
  audit({ action: "team.add_member", organizationId: organization, target, after: { user_id: user } });
  return true;
}

async function removeMember(
  change: Change,
  organization: OrganizationId,
  team: string,
  user: UserId,
): Promise<boolean> {
  if ((await teamRow(change, organization, team)) === undefined) return false;
  const { numDeletedRows } = await change.transaction
    .deleteFrom("team_members")
    .where("team_id", "=", team)
    .where("user_id", "=", user)
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  const target = { kind: "team", id: team };
  change.audit({ action: "team.remove_member", organizationId: organization, target, before: { user_id: user } });
  return true;
}
