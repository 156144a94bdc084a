import { CodedError, type ProjectId, projectId, type Telemetry } from "@weir/model";
import { sql } from "kysely";
import { type CatalogDatabase, type CatalogLocation, openDatabase, type Transacted } from "./database/database.ts";
import { migrate } from "./database/migrate.ts";
import { migrations } from "./database/migrations/index.ts";
import { type CatalogReader, openCatalogReader } from "./reading/reader.ts";
import type { CatalogSnapshot } from "./reading/snapshot.ts";
import {
  type ApiKey,
  type CreatedApiKey,
  insertApiKey,
  type NewApiKey,
  revokeKeyRow,
  selectApiKeys,
} from "./records/api-keys.ts";
import {
  type Connection,
  deleteConnectionRow,
  insertConnection,
  type NewConnection,
  selectConnections,
} from "./records/connections.ts";
import { checkInitial, ensureDefaults, ensureInitialKey, type InitialOptions } from "./records/initial.ts";
import { gatherLastUses, type LastUses } from "./records/last-uses.ts";
import {
  deleteProjectRow,
  insertProject,
  type NewProject,
  type Project,
  type ProjectChanges,
  selectProjects,
  updateProjectRow,
} from "./records/projects.ts";
import {
  type CreatedSession,
  deleteSession,
  insertSession,
  insertSignInLink,
  type Session,
  type SignInLink,
  selectSession,
  spendSignInLink,
} from "./records/sessions.ts";
import { selectUserByEmail, upsertUser } from "./records/users.ts";
import { type MasterKey, readOrCreateMasterKey } from "./secrets/master-key.ts";
import { hashPassword, verifyPassword } from "./secrets/password.ts";
import { newKeySecret } from "./secrets/secret-text.ts";

export type CatalogOptions = CatalogLocation & {
  /** Created, readable by this user alone, when there is none. */
  readonly secretKeyFile: string;
  readonly telemetry: Telemetry;
  readonly now?: () => number;
};

/**
 * The metadata: organisations, projects, keys, provider connections, users. For core, the only writer of a SQLite
 * file. What a method wrote is on disk when it resolves, whole or not at all, and `current()` shows it; readers in
 * other processes follow within a second. Every method rejects with a CodedError.
 */
export interface Catalog extends AsyncDisposable {
  /** The catalog in memory, for what is asked with every request. */
  current(): CatalogSnapshot;
  ping(): Promise<void>;
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
  listApiKeys(project: ProjectId): Promise<ApiKey[]>;
  revokeApiKey(project: ProjectId, id: string): Promise<boolean>;
  /** Costs nothing: uses are gathered and written every half minute. */
  recordKeyUse(id: string, at: Date): void;

  /** CONFLICT when the project has a connection for this provider. */
  createConnection(connection: NewConnection): Promise<Connection>;
  listConnections(project: ProjectId): Promise<Connection[]>;
  deleteConnection(project: ProjectId, id: string): Promise<boolean>;

  /** Good for 15 minutes and one use. Without a user it lets in the owner of this machine. */
  createSignInLink(forUser?: { userId: string }): Promise<SignInLink>;
  /** Undefined when the link is unknown, spent or expired. */
  redeemSignInLink(token: string): Promise<CreatedSession | undefined>;
  /** Undefined when the address or the password is wrong; takes the same time for either. */
  signIn(credentials: { email: string; password: string }): Promise<CreatedSession | undefined>;
  /** Lasts 30 days. */
  createSession(forUser?: { userId: string }): Promise<CreatedSession>;
  sessionBySecret(secret: string): Promise<Session | undefined>;
  endSession(secret: string): Promise<void>;
}

/** Brings the schema up to date first. Rejects with SCHEMA_TOO_NEW, CATALOG_UNAVAILABLE or CONFIG_INVALID. */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const { telemetry } = options;
  const key = readOrCreateMasterKey(options.secretKeyFile, telemetry);
  const database = openDatabase(options, telemetry);
  try {
    await migrate(database, migrations, telemetry);
    const reader = await openCatalogReader(options);
    const lastUses = gatherLastUses(database, telemetry);
    return new DatabaseCatalog({ database, reader, lastUses, key, now: options.now ?? Date.now });
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}

interface CatalogParts {
  readonly database: CatalogDatabase;
  readonly reader: CatalogReader;
  readonly lastUses: LastUses;
  readonly key: MasterKey;
  readonly now: () => number;
}

class DatabaseCatalog implements Catalog {
  readonly #parts: CatalogParts;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
  }

  current(): CatalogSnapshot {
    return this.#parts.reader.current();
  }

  async ping(): Promise<void> {
    await this.#parts.database.read((connection) => sql`select 1`.execute(connection));
  }

  async ensureInitial(options: InitialOptions = {}): Promise<void> {
    checkInitial(options);
    const passwordHash = await this.#newPasswordHash(options);
    await this.#change(async (transaction, now) => {
      await ensureDefaults(transaction, now);
      if (options.initApiKey !== undefined) await ensureInitialKey(transaction, options.initApiKey, now);
      if (options.adminEmail !== undefined && passwordHash !== undefined) {
        await upsertUser(transaction, options.adminEmail, passwordHash, now);
      }
    });
  }

  /** Undefined when there is nothing to store: no administrator, or one with this very password. */
  async #newPasswordHash({ adminEmail, adminPassword }: InitialOptions): Promise<string | undefined> {
    if (adminEmail === undefined || adminPassword === undefined) return undefined;
    const user = await this.#parts.database.read((connection) => selectUserByEmail(connection, adminEmail));
    if (user !== undefined && (await verifyPassword(adminPassword, user.password_hash))) return undefined;
    return hashPassword(adminPassword);
  }

  listProjects(): Promise<Project[]> {
    return this.#parts.database.read(selectProjects);
  }

  async createProject(project: NewProject): Promise<Project> {
    if (project.id !== undefined) checkProjectId(project.id);
    return this.#change((transaction, now) => insertProject(transaction, project, now));
  }

  updateProject(project: ProjectId, changes: ProjectChanges): Promise<Project | undefined> {
    return this.#change((transaction) => updateProjectRow(transaction, project, changes));
  }

  deleteProject(project: ProjectId): Promise<boolean> {
    return this.#change((transaction) => deleteProjectRow(transaction, project));
  }

  createApiKey(key: NewApiKey): Promise<CreatedApiKey> {
    return this.#change((transaction, now) => insertApiKey(transaction, key, newKeySecret(), now));
  }

  listApiKeys(project: ProjectId): Promise<ApiKey[]> {
    return this.#parts.database.read((connection) => selectApiKeys(connection, project));
  }

  revokeApiKey(project: ProjectId, id: string): Promise<boolean> {
    return this.#change((transaction, now) => revokeKeyRow(transaction, project, id, now));
  }

  recordKeyUse(id: string, at: Date): void {
    this.#parts.lastUses.record(id, at);
  }

  createConnection(connection: NewConnection): Promise<Connection> {
    return this.#change((transaction, now) => insertConnection(transaction, connection, this.#parts.key, now));
  }

  listConnections(project: ProjectId): Promise<Connection[]> {
    return this.#parts.database.read((connection) => selectConnections(connection, project));
  }

  deleteConnection(project: ProjectId, id: string): Promise<boolean> {
    return this.#change((transaction) => deleteConnectionRow(transaction, project, id));
  }

  createSignInLink(forUser?: { userId: string }): Promise<SignInLink> {
    return this.#write((transaction, now) => insertSignInLink(transaction, forUser?.userId ?? null, now));
  }

  redeemSignInLink(token: string): Promise<CreatedSession | undefined> {
    return this.#write((transaction, now) => spendSignInLink(transaction, token, now));
  }

  async signIn({ email, password }: { email: string; password: string }): Promise<CreatedSession | undefined> {
    const user = await this.#parts.database.read((connection) => selectUserByEmail(connection, email));
    const isRight = await verifyPassword(password, user?.password_hash ?? null);
    return user !== undefined && isRight ? this.createSession({ userId: user.id }) : undefined;
  }

  createSession(forUser?: { userId: string }): Promise<CreatedSession> {
    return this.#write((transaction, now) => insertSession(transaction, forUser?.userId ?? null, now));
  }

  sessionBySecret(secret: string): Promise<Session | undefined> {
    return this.#parts.database.read((connection) => selectSession(connection, secret, this.#parts.now()));
  }

  endSession(secret: string): Promise<void> {
    return this.#write((transaction) => deleteSession(transaction, secret));
  }

  /** Writes what readers hold in memory, and waits until `current()` shows it. */
  async #change<Result>(statements: (transaction: Transacted, now: number) => Promise<Result>): Promise<Result> {
    const { database, reader, now } = this.#parts;
    const result = await database.change((transaction) => statements(transaction, now()));
    await reader.refresh();
    return result;
  }

  #write<Result>(statements: (transaction: Transacted, now: number) => Promise<Result>): Promise<Result> {
    const { database, now } = this.#parts;
    return database.write((transaction) => statements(transaction, now()));
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
