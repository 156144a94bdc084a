import type { MemberRole } from "@weir/model";

/**
 * The tables, as both databases have them. Only the common subset is used: text, and whole numbers of up to 53 bits.
 * Times are milliseconds since 1970; lists and settings are JSON in text; sealed secrets and hashes are text.
 */
export interface CatalogTables {
  /** One row: `version` goes up with each change that a reader must see. */
  catalog_state: { id: number; version: number };
  organizations: { id: string; name: string; created_at: number; password_sign_in: PasswordSignIn };
  projects: {
    id: string;
    organization_id: string;
    name: string;
    created_at: number;
    /** Days that each kind of data is kept; null as the configuration has it. */
    spans_days: number | null;
    content_days: number | null;
    logs_days: number | null;
    metric_points_days: number | null;
  };
  api_keys: {
    id: string;
    project_id: string;
    /** Null: the project's own; else whose it is. */
    user_id: string | null;
    name: string;
    secret_hash: string;
    mask: string;
    scopes: string;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    last_used_at: number | null;
  };
  provider_connections: {
    id: string;
    project_id: string;
    provider: string;
    base_url: string | null;
    sealed_secret: string;
    created_at: number;
  };
  users: { id: string; email: string; name: string; password_hash: string | null; created_at: number };
  /** A role of null: only what projects and teams give. */
  memberships: {
    organization_id: string;
    user_id: string;
    role: MemberRole | null;
    source: MembershipSource;
    created_at: number;
  };
  teams: { id: string; organization_id: string; name: string; created_at: number };
  team_members: { team_id: string; user_id: string; created_at: number };
  project_members: { project_id: string; user_id: string; role: MemberRole; created_at: number };
  project_teams: { project_id: string; team_id: string; role: MemberRole; created_at: number };
  invitations: {
    id: string;
    organization_id: string;
    email: string;
    role: MemberRole | null;
    project_id: string | null;
    project_role: MemberRole | null;
    token_hash: string;
    invited_by: string;
    created_at: number;
    expires_at: number;
  };
  /** Only ever appended to; a trigger refuses anything else. */
  audit_entries: {
    sequence: number;
    id: string;
    time: number;
    organization_id: string | null;
    project_id: string | null;
    actor_kind: string;
    actor_id: string;
    actor_name: string;
    address: string;
    user_agent: string;
    action: string;
    target_kind: string;
    target_id: string;
    before_value: string | null;
    after_value: string | null;
    previous_hash: string;
    hash: string;
  };
  /** One row: the last entry's number and hash. */
  audit_head: { id: number; sequence: number; hash: string };
  /** `user_id` is null for the owner of this machine, who came by a sign-in link. */
  sessions: {
    id: string;
    secret_hash: string;
    /** The secret before the last rotation: good for a moment more. */
    previous_hash: string | null;
    user_id: string | null;
    /** Set by single sign-on: the session reaches this organisation alone. */
    organization_id: string | null;
    method: SignInMethod;
    address: string;
    user_agent: string;
    created_at: number;
    rotated_at: number;
    last_seen_at: number;
    expires_at: number;
  };
  sign_in_links: {
    token_hash: string;
    user_id: string | null;
    organization_id: string | null;
    /** The browser's sign-in attempt that alone may use it. */
    attempt: string | null;
    created_at: number;
    expires_at: number;
  };
  password_resets: { token_hash: string; user_id: string; created_at: number; expires_at: number };
  sign_in_failures: { subject: string; failures: number; failed_at: number; blocked_until: number };
  identity_providers: {
    id: string;
    organization_id: string;
    kind: IdentityProviderKind;
    name: string;
    settings: string;
    sealed_secret: string | null;
    created_at: number;
  };
  user_identities: { provider_id: string; subject: string; user_id: string; created_at: number };
}

/** Who of an organisation may sign in with a password. */
export type PasswordSignIn = "everyone" | "owners";
/** How somebody became a member: by hand, or by what an identity provider said. */
export type MembershipSource = "direct" | "sso";
export type SignInMethod = "link" | "password" | "sso" | "invitation" | "reset";
export type IdentityProviderKind = "oidc" | "oauth" | "saml";

/** The migrations that were applied. */
export interface MigrationTables {
  catalog_migrations: { number: number; name: string; applied_at: number };
}
