import { queryOptions } from "@tanstack/react-query";
import type {
  AuditPage,
  IdentityProviderList,
  InvitationList,
  KeyList,
  ListAuditQuery,
  MemberList,
  Organization,
  ProjectRoleList,
  SessionList,
  SignInOptions,
  TeamList,
} from "@weir/api/contract";
import { ask } from "./client.ts";

/** Questions about an organisation; each is keyed by it, so that changes can ask all of them again. */
export function organizationQuery(organization: string) {
  return queryOptions({
    queryKey: ["organization", organization],
    queryFn: ({ signal }) =>
      ask<Organization>("/api/v1/organizations/:organization_id", {
        params: { organization_id: organization },
        signal,
      }),
  });
}

export function membersQuery(organization: string) {
  return queryOptions({
    queryKey: ["organization", organization, "members"],
    queryFn: ({ signal }) =>
      ask<MemberList>("/api/v1/organizations/:organization_id/members", {
        params: { organization_id: organization },
        signal,
      }),
  });
}

export function invitationsQuery(organization: string) {
  return queryOptions({
    queryKey: ["organization", organization, "invitations"],
    queryFn: ({ signal }) =>
      ask<InvitationList>("/api/v1/organizations/:organization_id/invitations", {
        params: { organization_id: organization },
        signal,
      }),
  });
}

export function teamsQuery(organization: string) {
  return queryOptions({
    queryKey: ["organization", organization, "teams"],
    queryFn: ({ signal }) =>
      ask<TeamList>("/api/v1/organizations/:organization_id/teams", {
        params: { organization_id: organization },
        signal,
      }),
  });
}

export function identityProvidersQuery(organization: string) {
  return queryOptions({
    queryKey: ["organization", organization, "identity-providers"],
    queryFn: ({ signal }) =>
      ask<IdentityProviderList>("/api/v1/organizations/:organization_id/identity-providers", {
        params: { organization_id: organization },
        signal,
      }),
  });
}

export function projectRolesQuery(project: string) {
  return queryOptions({
    queryKey: ["project-roles", project],
    queryFn: ({ signal }) =>
      ask<ProjectRoleList>("/api/v1/projects/:project_id/roles", { params: { project_id: project }, signal }),
  });
}

export type AuditFilters = Pick<ListAuditQuery, "organization_id" | "q" | "action" | "before">;

export function auditQuery(filters: AuditFilters) {
  return queryOptions({
    queryKey: ["audit", filters],
    queryFn: ({ signal }) =>
      ask<AuditPage>("/api/v1/audit", {
        query: { ...filters, before: filters.before as number | undefined, limit: 50 },
        signal,
      }),
  });
}

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => ask<SessionList>("/api/v1/auth/sessions", { signal }),
});

export const personalKeysQuery = queryOptions({
  queryKey: ["personal-keys"],
  queryFn: ({ signal }) => ask<KeyList>("/api/v1/auth/keys", { signal }),
});

export const signInOptionsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ["sign-in-options", organization],
    queryFn: ({ signal }) =>
      ask<SignInOptions>("/api/v1/auth/options", {
        signal,
        ...(organization !== undefined && { query: { organization } }),
      }),
  });
