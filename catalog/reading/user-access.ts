import { greaterRole, type MemberRole, type OrganizationId, type ProjectId } from "@weir/model";
import type { SnapshotRows } from "./snapshot-rows.ts";

/** What one person may reach. A role on an organisation holds on each of its projects; a project's own may be greater. */
export interface UserAccess {
  /** Also of members without a role of their own. */
  isMember(organization: OrganizationId): boolean;
  organizationRole(organization: OrganizationId): MemberRole | undefined;
  /** Undefined for who is no member of the project's organisation, whatever was given before. */
  projectRole(project: { readonly id: ProjectId; readonly organizationId: OrganizationId }): MemberRole | undefined;
}

/** Answers from memory for every person of the catalog. */
export function accessByUser(rows: SnapshotRows): (user: string) => UserAccess {
  const memberships = new Map(rows.memberships.map((row) => [pair(row.organization_id, row.user_id), row.role]));
  const given = new Map<string, MemberRole>();
  for (const { project_id, user_id, role } of rows.project_roles) {
    const place = pair(project_id, user_id);
    given.set(place, greaterRole(given.get(place), role) ?? role);
  }
  return (user) => ({
    isMember: (organization) => memberships.has(pair(organization, user)),
    organizationRole: (organization) => memberships.get(pair(organization, user)) ?? undefined,
    projectRole({ id, organizationId }) {
      const own = memberships.get(pair(organizationId, user));
      return own === undefined ? undefined : greaterRole(own ?? undefined, given.get(pair(id, user)));
    },
  });
}

function pair(place: string, user: string): string {
  return `${place}\n${user}`;
}
