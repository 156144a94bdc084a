import type { Catalog, Organization, Project, UserAccess } from "@weir/catalog";
import {
  CodedError,
  defaultProjectId,
  greaterRole,
  isAtLeast,
  type MemberRole,
  type OrganizationId,
  type ProjectId,
  projectId,
  type UserId,
} from "@weir/model";
import { type Caller, isMachineOwner, personOf } from "./caller.ts";
import { type AccessRule, isPermitted, permissions } from "./contract/index.ts";

/** What a request was allowed to be about, decided before its handler runs. */
export interface Grant {
  /** Set on routes whose rule is about a project. */
  readonly project?: ProjectId | undefined;
  /** Set on routes whose rule is about a project or an organisation. */
  readonly organization?: OrganizationId | undefined;
  /** The caller's role there; the owner of this machine is above them all. */
  readonly role?: MemberRole | "machine" | undefined;
}

/** Ids that a request names, wherever it does. */
export interface TargetWish {
  readonly project_id?: string | undefined;
  readonly organization_id?: string | undefined;
}

/** The one guard: throws FORBIDDEN, or NOT_FOUND for what the caller may not even know of. */
export function authorize(caller: Caller, rule: AccessRule, wish: TargetWish, catalog: Catalog): Grant {
  switch (rule.for) {
    case "anybody":
    case "caller":
      return {};
    case "person":
      if (caller.via === "key") throw new CodedError("FORBIDDEN", "A key cannot do this; sign in.");
      return {};
    case "machine":
      if (isMachineOwner(caller)) return { role: "machine" };
      throw new CodedError("FORBIDDEN", "Only the owner of this machine may do this; run `weir` there.");
    case "action":
      return rule.on === "project"
        ? authorizeOnProject(caller, rule, wish, catalog)
        : authorizeOnOrganization(caller, rule, wish, catalog);
  }
}

type ActionRule = Extract<AccessRule, { for: "action" }>;

function authorizeOnProject(caller: Caller, rule: ActionRule, wish: TargetWish, catalog: Catalog): Grant {
  const gone = rule.mayBeGone === true && isMachineOwner(caller) ? goneProject(wish, catalog) : undefined;
  if (gone !== undefined) return { project: gone, role: "machine" };
  const project = projectFor(caller, wish, catalog);
  const role = roleOnProject(caller, project, catalog);
  checkPermitted(caller, rule, role);
  return { project: project.id, organization: project.organizationId, role };
}

/** The project that the request is about: one that exists and that the caller may know of. */
export function projectFor(caller: Caller, wish: TargetWish, catalog: Catalog): Project {
  const snapshot = catalog.current();
  const wanted = wish.project_id ?? defaultProjectOf(caller, catalog);
  if (caller.via === "key" && caller.key.userId === null && wanted !== caller.key.projectId) {
    throw new CodedError("FORBIDDEN", "This key belongs to another project.");
  }
  const project = snapshot.project(wanted);
  if (project === undefined || roleOnProject(caller, project, catalog) === undefined) {
    throw new CodedError("NOT_FOUND", `There is no project ${JSON.stringify(wanted)}.`);
  }
  if (wish.organization_id !== undefined && wish.organization_id !== project.organizationId) {
    throw new CodedError("NOT_FOUND", `The organisation has no project ${JSON.stringify(wanted)}.`);
  }
  return project;
}

/** A key's own; of a person the default project, or the first that they may see. */
function defaultProjectOf(caller: Caller, catalog: Catalog): string {
  if (caller.via === "key") return caller.key.projectId;
  const visible = visibleProjects(caller, catalog);
  return visible.some(({ id }) => id === defaultProjectId) ? defaultProjectId : (visible[0]?.id ?? defaultProjectId);
}

function goneProject({ project_id: id }: TargetWish, catalog: Catalog): ProjectId | undefined {
  return id === undefined || catalog.current().project(id) !== undefined ? undefined : projectId(id);
}

export function roleOnProject(caller: Caller, project: Project, catalog: Catalog): Grant["role"] {
  if (isMachineOwner(caller)) return "machine";
  if (caller.via === "key" && caller.key.userId === null) {
    return project.id === caller.key.projectId ? "admin" : undefined;
  }
  if (!reaches(caller, project.organizationId)) return undefined;
  return accessOf(caller, catalog)?.projectRole(project);
}

export function roleOnOrganization(caller: Caller, organization: OrganizationId, catalog: Catalog): Grant["role"] {
  if (isMachineOwner(caller)) return "machine";
  return reaches(caller, organization) ? accessOf(caller, catalog)?.organizationRole(organization) : undefined;
}

function accessOf(caller: Caller, catalog: Catalog): UserAccess | undefined {
  const person = personOf(caller);
  return person === undefined ? undefined : catalog.current().access(person);
}

/**
 * The organisation that a credential stays within, whatever else its holder belongs to: that of a key's project, and
 * that whose single sign-on opened a session. Else an organisation's identity provider could open another's doors.
 */
export function limitOf(caller: Caller): OrganizationId | null {
  return caller.via === "key" ? caller.key.organizationId : (caller.session?.organizationId ?? null);
}

function reaches(caller: Caller, organization: OrganizationId): boolean {
  const limit = limitOf(caller);
  return limit === null || limit === organization;
}

function authorizeOnOrganization(caller: Caller, rule: ActionRule, wish: TargetWish, catalog: Catalog): Grant {
  const known = visibleOrganizations(caller, catalog);
  const wanted = wish.organization_id ?? known[0]?.id;
  const organization = known.find(({ id }) => id === wanted);
  if (organization === undefined) {
    if (caller.via === "key") throw new CodedError("FORBIDDEN", "This key may not do this.");
    throw new CodedError("NOT_FOUND", "There is no such organisation.");
  }
  const role = roleOnOrganization(caller, organization.id, catalog);
  checkPermitted(caller, rule, role);
  return { organization: organization.id, role };
}

function checkPermitted(caller: Caller, { action }: ActionRule, role: Grant["role"]): void {
  if (role === "machine") return;
  const { role: least, scope } = permissions[action];
  if (caller.via === "key" && (scope === null || !caller.key.scopes.includes(scope))) {
    const what = caller.key.userId === null ? "This key's scopes" : "This key's scopes, or its holder's role,";
    const lacking = scope === null ? "A key cannot do this; sign in." : `${what} lack \`${scope}\`.`;
    throw new CodedError("FORBIDDEN", lacking);
  }
  if (isPermitted(action, role, caller.via === "key" ? caller.key.scopes : "person")) return;
  throw new CodedError("FORBIDDEN", `This needs the role ${least}; yours is ${role ?? "none"}.`);
}

/** Nobody gives a role above their own, nor takes one away. */
export function checkMayGive({ role: own }: Grant, role: MemberRole | null): void {
  if (own === "machine" || role === null || isAtLeast(own, role)) return;
  throw new CodedError("FORBIDDEN", `Only somebody with the role ${role} may do this; yours is ${own ?? "none"}.`);
}

/** The greatest role that somebody has in an organisation: on itself, or on any of its projects by name or by team. */
export function greatestRoleOf(user: UserId, organization: OrganizationId, catalog: Catalog): MemberRole | null {
  const access = catalog.current().access(user);
  const projects = catalog.current().projects();
  const roles = projects
    .filter(({ organizationId }) => organizationId === organization)
    .map((project) => access.projectRole(project));
  return roles.reduce(greaterRole, access.organizationRole(organization)) ?? null;
}

/** The projects that the caller has any role on. */
export function visibleProjects(caller: Caller, catalog: Catalog): readonly Project[] {
  return catalog
    .current()
    .projects()
    .filter((project) => roleOnProject(caller, project, catalog) !== undefined);
}

/** The organisations that the caller belongs to; a project's key belongs to none. */
export function visibleOrganizations(caller: Caller, catalog: Catalog): readonly Pick<Organization, "id" | "name">[] {
  const all = catalog.current().organizations();
  if (isMachineOwner(caller)) return all;
  const access = accessOf(caller, catalog);
  return all.filter(({ id }) => reaches(caller, id) && access?.isMember(id) === true);
}
