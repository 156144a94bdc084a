import { type Action, isPermitted, type Me, type Project } from "@weir/api/contract";
import { useScope } from "./scope.ts";

type Role = Me["organizations"][number]["role"];

/** What the viewer is to the organisation of the project that is shown, and what they may do there. */
export interface OrganizationScope {
  readonly organization: string;
  readonly name: string;
  readonly role: Role;
  /** The API asks again; this only spares buttons that would be refused. */
  may(action: Action): boolean;
}

export function useOrganization(): OrganizationScope {
  const { me, projects, project } = useScope();
  const organization = organizationOf(projects, project) ?? me.organizations[0]?.id ?? "default";
  const found = me.organizations.find(({ id }) => id === organization);
  const role = me.is_machine_owner ? "owner" : (found?.role ?? null);
  return {
    organization,
    name: found?.name ?? organization,
    role,
    may: (action) => isPermitted(action, role ?? undefined),
  };
}

/** Whether the viewer may do this on the project that is shown. */
export function useMayOnProject(): (action: Action) => boolean {
  const { me, project } = useScope();
  const role = me.is_machine_owner ? "owner" : me.project_roles[project];
  return (action) => isPermitted(action, role);
}

function organizationOf(projects: readonly Project[], project: string): string | undefined {
  return projects.find(({ id }) => id === project)?.organization_id;
}
