import { hkdfSync } from "node:crypto";
import { CodedError, type ProjectId, projectId, type Telemetry, type UserId } from "@weir/model";
import { sql } from "kysely";
import { type AuditLog, auditLogOf } from "./audit-log.ts";
import { CatalogContext } from "./context.ts";
import { type CatalogDatabase, type CatalogLocation, openDatabase } from "./database/database.ts";
import { migrate } from "./database/migrate.ts";
import { migrations } from "./database/migrations/index.ts";
import { type Invitations, invitationsOf } from "./people/invitations.ts";
import { type Members, membersOf } from "./people/members.ts";
import { type Organizations, organizationsOf } from "./people/organizations.ts";
import { type Teams, teamsOf } from "./people/teams.ts";
import { type CatalogReader, openCatalogReader } from "./reading/reader.ts";
import type { CatalogSnapshot } from "./reading/snapshot.ts";
import {
  type ApiKey,
  type CreatedApiKey,
  insertApiKey,
  type NewApiKey,
  revokeKeyRow,
  selectApiKeys,
  selectPersonalKeys,
} from "./records/api-keys.ts";
import { type Actor, systemActor } from "./records/audit.ts";
import {
  type Connection,
  deleteConnectionRow,
  insertConnection,
  type NewConnection,
  selectConnections,
} from "./records/connections.ts";
import {
  checkInitial,
  ensureAdministrator,
  ensureDefaults,
  ensureInitialKey,
  type InitialOptions,
} from "./records/initial.ts";
import {
  deleteProjectRow,
  insertProject,
  type NewProject,
  type Project,
  type ProjectChanges,
  selectProjects,
  updateProjectRow,
} from "./records/projects.ts";
import { selectUserByEmail } from "./records/users.ts";
import { type KeyRing, type MasterKeyPlace, openKeyRing } from "./secrets/key-ring.ts";
import { hashPassword, verifyPassword } from "./secrets/password.ts";
import { isRotationOpen, type Rotation, rotateMasterKey } from "./secrets/rotation.ts";
import { newKeySecret } from "./secrets/secret-text.ts";
import { type Accounts, accountsOf, signInWithPassword } from "./sign-in/accounts.ts";
import { type IdentityProviders, identityProvidersOf } from "./sign-in/identity-providers.ts";
import {
  type CreatedSession,
  deleteSession,
  holderOf,
  insertSession,
  insertSignInLink,
  type LinkFor,
  type NewSession,
  type Session,
  type Sessions,
  type SignInLink,
  sessionBySecret,
  sessionsOf,
  spendSignInLink,
} from "./sign-in/sessions.ts";
import { gatherLastUses, type LastUses, storeUses } from "./uses/last-uses.ts";
import { drainSpool } from "./uses/use-spool.ts";

export type CatalogOptions = CatalogLocation &
  MasterKeyPlace & {
    readonly telemetry: Telemetry;
    readonly now?: () => number;
  };

/**
 * The metadata: organisations, projects, keys, provider connections, users. For core, the only writer of a SQLite
 * file. What a method wrote is on disk when it resolves, whole or not at all, and `current()` shows it; readers in
 * other processes follow within a second. Every method rejects with a CodedError.
 */
export interface Catalog extends AsyncDisposable {
  readonly organizations: Organizations;
  readonly members: Members;
  readonly teams: Teams;
  readonly invitations: Invitations;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly identityProviders: IdentityProviders;
  readonly auditLog: AuditLog;
  /** The same catalog; what is changed through it is in the audit log under this name. Without it, Weir itself acts. */
  actingAs(actor: Actor): Catalog;
  /** The catalog in memory, for what is asked with every request. */
  current(): CatalogSnapshot;
  ping(): Promise<void>;
  /** 32 bytes for this purpose alone, the same in every process that has the master key. */
  derivedSecret(purpose: string): Uint8Array;
  /** Seals every secret anew, with a new master key or the first of those that are given. Access tokens end at the next start. */
  rotateMasterKey(): Promise<Rotation>;
  /** The default organisation and project, the configured key and administrator. To be called at each start. */
  ensureInitial(options?: InitialOptions): Promise<void>;

  listProjects(): Promise<Project[]>;
  /** CONFLICT when the id is taken. */
  createProject(project: NewProject): Promise<Project>;
  /** The project as it then is; undefined when there is none of that id. */
  updateProject(project: ProjectId, changes: ProjectChanges): Promise<Project | undefined>;
  /** With its keys and connections; false when there was none. Recorded calls are not the catalog's. */
  deleteProject(project: ProjectId): Promise<boolean>;

  /** NOT_FOUND when there is no such project. The secret is shown this once. */
  createApiKey(key: NewApiKey): Promise<CreatedApiKey>;
  /** The project's own; personal keys are their holders'. */
  listApiKeys(project: ProjectId): Promise<ApiKey[]>;
  revokeApiKey(project: ProjectId, id: string): Promise<boolean>;
  listPersonalKeys(user: UserId): Promise<ApiKey[]>;
  revokePersonalKey(user: UserId, id: string): Promise<boolean>;
  /** Costs nothing: uses are gathered and written every half minute. */
  recordKeyUse(id: string, at: Date): void;
  /** Takes over what gateway and receivers noted in the spool of `openKeyUses`. */
  collectKeyUses(spoolDirectory: string): Promise<void>;

  /** CONFLICT when the project has a connection for this provider. */
  createConnection(connection: NewConnection): Promise<Connection>;
  listConnections(project: ProjectId): Promise<Connection[]>;
  deleteConnection(project: ProjectId, id: string): Promise<boolean>;

  /** Good for 15 minutes and one use. Without a user it lets in the owner of this machine. */
  createSignInLink(forUser?: LinkFor): Promise<SignInLink>;
  /** Undefined when the link is unknown, spent or expired, or another browser's. */
  redeemSignInLink(token: string, attempt?: string): Promise<CreatedSession | undefined>;
  /**
   * Undefined when the address or the password is wrong; takes the same time for either. Rejects with
   * TOO_MANY_ATTEMPTS after many failures, and with FORBIDDEN where an organisation wants single sign-on.
   */
  signIn(credentials: { email: string; password: string }): Promise<CreatedSession | undefined>;
  /** Lasts 30 days, by single sign-on one. Default: of the owner of this machine. */
  createSession(session?: NewSession): Promise<CreatedSession>;
  sessionBySecret(secret: string): Promise<Session | undefined>;
  endSession(secret: string): Promise<void>;
}

/** Brings the schema up to date first. Rejects with SCHEMA_TOO_NEW, CATALOG_UNAVAILABLE or CONFIG_INVALID. */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const { telemetry } = options;
  const keys = openKeyRing(options, telemetry);
  const database = openDatabase(options, telemetry);
  try {
    await migrate(database, migrations, telemetry);
    const reader = await openCatalogReader(options);
    const lastUses = gatherLastUses((batch) => storeUses(database, batch), telemetry);
    const { now = Date.now } = options;
    const catalog = new DatabaseCatalog({ database, reader, lastUses, keys, keyPlace: options, now }, systemActor);
    if (isRotationOpen(options)) await catalog.rotateMasterKey();
    return catalog;
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}

interface CatalogParts {
  readonly database: CatalogDatabase;
  readonly reader: CatalogReader;
  readonly lastUses: LastUses;
  readonly keyPlace: MasterKeyPlace;
  keys: KeyRing;
  readonly now: () => number;
}

class DatabaseCatalog implements Catalog {
  readonly organizations: Organizations;
  readonly members: Members;
  readonly teams: Teams;
  readonly invitations: Invitations;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly identityProviders: IdentityProviders;
  readonly auditLog: AuditLog;
  readonly #parts: CatalogParts;
  readonly #context: CatalogContext;

  constructor(parts: CatalogParts, actor: Actor) {
    this.#parts = parts;
    this.#context = new CatalogContext(parts, actor);
    this.organizations = organizationsOf(this.#context);
    this.members = membersOf(this.#context);
    this.teams = teamsOf(this.#context);
    this.invitations = invitationsOf(this.#context);
    this.accounts = accountsOf(this.#context);
    this.sessions = sessionsOf(this.#context);
    this.identityProviders = identityProvidersOf(this.#context);
    this.auditLog = auditLogOf(this.#context);
  }

  actingAs(actor: Actor): Catalog {
    return new DatabaseCatalog(this.#parts, actor);
  }

  current(): CatalogSnapshot {
    return this.#parts.reader.current();
  }

  async ping(): Promise<void> {
    await this.#context.read((connection) => sql`select 1`.execute(connection));
  }

  derivedSecret(purpose: string): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#parts.keys.sealing.bytes, "", `weir ${purpose}`, 32));
  }

  async rotateMasterKey(): Promise<Rotation> {
    const parts = this.#parts;
    const { keys, rotation } = await rotateMasterKey(this.#context, parts.keyPlace, parts.keys);
    parts.keys = keys;
    return rotation;
  }

  async ensureInitial(options: InitialOptions = {}): Promise<void> {
    checkInitial(options);
    const passwordHash = await this.#newPasswordHash(options);
    await this.#context.change(async (change) => {
      await ensureDefaults(change.transaction, change.now);
      if (options.initApiKey !== undefined) await ensureInitialKey(change, options.initApiKey);
      if (options.adminEmail !== undefined && passwordHash !== undefined) {
        await ensureAdministrator(change, options.adminEmail, passwordHash);
      }
    });
  }

  /** Undefined when there is nothing to store: no administrator, or one with this very password. */
  async #newPasswordHash({ adminEmail, adminPassword }: InitialOptions): Promise<string | undefined> {
    if (adminEmail === undefined || adminPassword === undefined) return undefined;
    const user = await this.#context.read((connection) => selectUserByEmail(connection, adminEmail));
    if (user !== undefined && (await verifyPassword(adminPassword, user.password_hash))) return undefined;
    return hashPassword(adminPassword);
  }

  listProjects(): Promise<Project[]> {
    return this.#context.read(selectProjects);
  }

  async createProject(project: NewProject): Promise<Project> {
    if (project.id !== undefined) checkProjectId(project.id);
    return this.#context.change((change) => insertProject(change, project));
  }

  updateProject(project: ProjectId, changes: ProjectChanges): Promise<Project | undefined> {
    return this.#context.change((change) => updateProjectRow(change, project, changes));
  }

  deleteProject(project: ProjectId): Promise<boolean> {
    return this.#context.change((change) => deleteProjectRow(change, project));
  }

  createApiKey(key: NewApiKey): Promise<CreatedApiKey> {
    return this.#context.change((change) => insertApiKey(change, key, newKeySecret()));
  }

  listApiKeys(project: ProjectId): Promise<ApiKey[]> {
    return this.#context.read((connection) => selectApiKeys(connection, project));
  }

  revokeApiKey(project: ProjectId, id: string): Promise<boolean> {
    return this.#context.change((change) => revokeKeyRow(change, { project }, id));
  }

  listPersonalKeys(user: UserId): Promise<ApiKey[]> {
    return this.#context.read((connection) => selectPersonalKeys(connection, user));
  }

  revokePersonalKey(user: UserId, id: string): Promise<boolean> {
    return this.#context.change((change) => revokeKeyRow(change, { user }, id));
  }

  recordKeyUse(id: string, at: Date): void {
    this.#parts.lastUses.record(id, at);
  }

  collectKeyUses(spoolDirectory: string): Promise<void> {
    return drainSpool(spoolDirectory, (batch) => storeUses(this.#parts.database, batch));
  }

  createConnection(connection: NewConnection): Promise<Connection> {
    return this.#context.change((change) => insertConnection(change, connection, this.#parts.keys.sealing));
  }

  listConnections(project: ProjectId): Promise<Connection[]> {
    return this.#context.read((connection) => selectConnections(connection, project));
  }

  deleteConnection(project: ProjectId, id: string): Promise<boolean> {
    return this.#context.change((change) => deleteConnectionRow(change, project, id));
  }

  createSignInLink(forUser: LinkFor = {}): Promise<SignInLink> {
    return this.#context.write((change) => insertSignInLink(change, forUser));
  }

  redeemSignInLink(token: string, attempt?: string): Promise<CreatedSession | undefined> {
    return this.#context.write((change) => spendSignInLink(change, { token, attempt }, this.#context.actor));
  }

  signIn(credentials: { email: string; password: string }): Promise<CreatedSession | undefined> {
    return signInWithPassword(this.#context, credentials);
  }

  createSession(session: NewSession = { userId: null, method: "link" }): Promise<CreatedSession> {
    return this.#context.write(async (change) => {
      const created = await insertSession(change, session, this.#context.actor);
      const { userId: user_id, method, organizationId } = session;
      const target = { kind: "session", id: created.id };
      const by = await holderOf(change, user_id);
      change.audit({ action: "session.create", by, organizationId, target, after: { user_id, method } });
      return created;
    });
  }

  sessionBySecret(secret: string): Promise<Session | undefined> {
    return sessionBySecret(this.#context, secret);
  }

  endSession(secret: string): Promise<void> {
    return this.#context.write(async (change) => {
      const ended = await deleteSession(change, secret);
      if (ended === undefined) return;
      const { id, user_id, organization_id: organizationId } = ended;
      const by = await holderOf(change, user_id);
      change.audit({ action: "session.end", by, organizationId, target: { kind: "session", id } });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { database, reader, lastUses } = this.#parts;
    await lastUses[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
}

function checkProjectId(id: string): void {
  try {
    projectId(id);
  } catch (cause) {
    const shape = "a project's id is 1 to 64 of a-z, 0-9, _ and -, and begins with a letter or a digit";
    throw new CodedError("BAD_REQUEST", `${shape}.`, { cause });
  }
}
