/** What somebody is to an organisation or a project, from the least to the most. Each may do all that those before it may. */
export const memberRoles = ["viewer", "member", "admin", "owner"] as const;
export type MemberRole = (typeof memberRoles)[number];

/** What a Weir key may be used for. */
export const keyScopes = ["ingest", "query", "gateway", "manage"] as const;
export type KeyScope = (typeof keyScopes)[number];

/** What the holder of a personal key must be for each scope to work: who may only look neither sends nor spends. */
export const leastRoleOfScope: Readonly<Record<KeyScope, MemberRole>> = {
  query: "viewer",
  ingest: "member",
  gateway: "member",
  manage: "admin",
};

export function isMemberRole(text: unknown): text is MemberRole {
  return memberRoles.some((role) => role === text);
}

export function isKeyScope(text: unknown): text is KeyScope {
  return keyScopes.some((scope) => scope === text);
}

/** True when `role` is `least` or more; nobody without a role is. */
export function isAtLeast(role: MemberRole | undefined, least: MemberRole): boolean {
  return role !== undefined && memberRoles.indexOf(role) >= memberRoles.indexOf(least);
}

/** The greater of two; undefined is none. */
export function greaterRole(one: MemberRole | undefined, other: MemberRole | undefined): MemberRole | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isAtLeast(one, other) ? one : other;
}
