import { isAtLeast, type KeyScope, type MemberRole } from "@weir/model/browser";

interface Permission {
  /** The least role, on the project or the organisation that it is about. */
  readonly role: MemberRole;
  /** What a key needs besides; null: no key may do it, people alone. */
  readonly scope: KeyScope | null;
}

/**
 * Who may do what: the one table, which the API's guard and the UI read. A project's own key acts as an admin of its
 * project within its scopes; a personal key acts with its holder's role within its scopes.
 */
export const permissions = {
  /** Calls, traces, logs and metrics, with what was asked and answered. */
  "telemetry.read": { role: "viewer", scope: "query" },
  "telemetry.delete": { role: "admin", scope: "manage" },
  "project.read": { role: "viewer", scope: "query" },
  "project.create": { role: "admin", scope: null },
  "project.update": { role: "admin", scope: null },
  /** Everything that a project has, as files. */
  "project.export": { role: "admin", scope: null },
  "project.delete": { role: "owner", scope: null },
  "key.manage": { role: "admin", scope: "manage" },
  "connection.manage": { role: "admin", scope: "manage" },
  "organization.read": { role: "viewer", scope: null },
  "organization.update": { role: "owner", scope: null },
  "organization.delete": { role: "owner", scope: null },
  "member.read": { role: "viewer", scope: null },
  "member.manage": { role: "admin", scope: null },
  "identity_provider.manage": { role: "owner", scope: null },
  "audit.read": { role: "admin", scope: "manage" },
} as const satisfies Record<string, Permission>;

export type Action = keyof typeof permissions;

/** True when somebody with this role, through a key with these scopes where it is one, may do it. */
export function isPermitted(
  action: Action,
  role: MemberRole | undefined,
  scopes: readonly KeyScope[] | "person" = "person",
): boolean {
  const needed: Permission = permissions[action];
  if (!isAtLeast(role, needed.role)) return false;
  return scopes === "person" || (needed.scope !== null && scopes.includes(needed.scope));
}
