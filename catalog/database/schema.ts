/**
 * The tables, as both databases have them. Only the common subset is used: text, and whole numbers of up to 53 bits.
 * Times are milliseconds since 1970; lists are JSON in text; sealed secrets and hashes are text.
 */
export interface CatalogTables {
  /** One row: `version` goes up with each change that a reader must see. */
  catalog_state: { id: number; version: number };
  organizations: { id: string; name: string; created_at: number };
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
  users: { id: string; email: string; password_hash: string | null; created_at: number };
  /** `user_id` is null for the owner of this machine, who came by a sign-in link. */
  sessions: { secret_hash: string; user_id: string | null; created_at: number; expires_at: number };
  sign_in_links: { token_hash: string; user_id: string | null; created_at: number; expires_at: number };
}

/** The migrations that were applied. */
export interface MigrationTables {
  catalog_migrations: { number: number; name: string; applied_at: number };
}
