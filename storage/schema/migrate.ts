import { CodedError, type Telemetry } from "@weir/model";
import { storageEvents } from "../events.ts";
import { type SchemaLock, takeSchemaLock } from "./lock.ts";
import { type Migration, readMigrations } from "./migrations.ts";
import { type RenderTarget, renderMigration } from "./render.ts";

export interface SchemaConnection {
  query<Row>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<Row[]>;
  /**
   * Runs a statement. With a `queryId` it ends one that runs under that id before it begins: a statement goes on in the
   * server when its client dies. What it inserts on a cluster is in its shards when it resolves.
   */
  command(sql: string, queryId?: string): Promise<void>;
}

export interface MigrateOptions {
  readonly connection: SchemaConnection;
  readonly target: RenderTarget;
  readonly telemetry: Telemetry;
  readonly migrations?: readonly Migration[];
  readonly staleAfterMs?: number;
}

export interface MigrationReport {
  /** The numbers applied now; empty when there was nothing to do. */
  readonly applied: readonly number[];
  readonly schemaVersion: number;
}

interface AppliedMigration {
  readonly number: number;
  readonly checksum: string;
}

/**
 * Applies the migrations that the data has not seen, one process at a time. Each is recorded after its statements,
 * which can all be repeated (CREATE … IF NOT EXISTS): one interrupted halfway is applied again. Rejects with
 * SCHEMA_TOO_NEW, and changes nothing, when the data has seen one that this program does not know.
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const migrations = options.migrations ?? readMigrations();
  const before = await readApplied(options);
  reportChanged(migrations, before, options.telemetry);
  const schemaVersion = newestOf(migrations);
  if (pending(migrations, before).length === 0) return { applied: [], schemaVersion };
  const { connection, target, telemetry, staleAfterMs } = options;
  const lockOptions = { connection, telemetry, database: target.database, ...(staleAfterMs && { staleAfterMs }) };
  await using lock = await takeSchemaLock(lockOptions);
  await createRecord(options);
  const applied: number[] = [];
  for (const migration of pending(migrations, await readApplied(options))) {
    await apply(options, migration, lock);
    applied.push(migration.number);
  }
  return { applied, schemaVersion };
}

async function apply(options: MigrateOptions, migration: Migration, lock: SchemaLock): Promise<void> {
  const startedAt = performance.now();
  const { connection, target, telemetry } = options;
  for (const statement of renderMigration(migration.template, target)) {
    await lock.check();
    await connection.command(statement, `weir-migration-${target.database}`);
  }
  const { number, name, checksum } = migration;
  await connection.command(
    `INSERT INTO schema_migrations (number, name, checksum) SETTINGS insert_distributed_sync = 1
     VALUES (${number}, '${name}', '${checksum}')`,
  );
  telemetry.emit(storageEvents.migrationApplied, { number, name, ms: Math.round(performance.now() - startedAt) });
}

function pending(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const newest = newestOf(applied);
  if (newest > newestOf(migrations))
    throw new CodedError(
      "SCHEMA_TOO_NEW",
      `The data has schema ${newest}, this version of Weir knows ${newestOf(migrations)}: install the newer version again, or restore a backup.`,
    );
  const numbers = new Set(applied.map(({ number }) => number));
  return migrations.filter(({ number }) => !numbers.has(number));
}

const newestOf = (migrations: readonly { readonly number: number }[]) =>
  Math.max(0, ...migrations.map(({ number }) => number));

function reportChanged(migrations: readonly Migration[], applied: readonly AppliedMigration[], telemetry: Telemetry) {
  for (const { number, checksum } of applied) {
    const migration = migrations.find((known) => known.number === number);
    if (migration && migration.checksum !== checksum)
      telemetry.emit(storageEvents.migrationChanged, { number, name: migration.name });
  }
}

async function createRecord({ connection, target }: MigrateOptions): Promise<void> {
  const template = `CREATE TABLE IF NOT EXISTS @table(schema_migrations) @on_cluster
    (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
    ENGINE = @engine(MergeTree) ORDER BY number SETTINGS @settings;
@distributed(schema_migrations, number)`;
  for (const statement of renderMigration(template, target)) await connection.command(statement);
}

async function readApplied({ connection, target }: MigrateOptions): Promise<AppliedMigration[]> {
  const { database } = target;
  const tables = await connection.query(
    "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
    { database },
  );
  if (tables.length === 0) return [];
  return connection.query<AppliedMigration>("SELECT number, checksum FROM schema_migrations ORDER BY number");
}
