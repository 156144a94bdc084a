import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type Telemetry } from "@weir/model";
import { typeOf } from "../clickhouse-error.ts";
import { storageEvents } from "../events.ts";
import type { SchemaConnection } from "./migrate.ts";

export interface LockOptions {
  readonly connection: SchemaConnection;
  readonly database: string;
  readonly telemetry: Telemetry;
  /** How long a holder may be silent before another takes over. */
  readonly staleAfterMs?: number;
}

/** Held until disposed of. */
export interface SchemaLock extends AsyncDisposable {
  /** Rejects with STORAGE_UNAVAILABLE when another has taken over, as it may when this process stood still. */
  check(): Promise<void>;
}

interface Holder {
  readonly table: string;
  readonly generation: number;
  readonly comment: string;
}

const prefix = "schema_lock_";
const released = "released";
const pollMs = 250;
const defaultStaleAfterMs = 20_000;

/**
 * A lock made of what every ClickHouse has: CREATE TABLE fails when the name is taken. The one who makes
 * `schema_lock_<n>` holds the lock; its comment says who that is and beats while the holder lives. Released or
 * abandoned, it makes way for `schema_lock_<n+1>`: numbers only go up, so that two who find the same lock abandoned
 * cannot both succeed it. Behind a load balancer all processes must reach the same server.
 */
export async function takeSchemaLock(options: LockOptions): Promise<SchemaLock> {
  const staleAfterMs = options.staleAfterMs ?? defaultStaleAfterMs;
  let seen: Holder | undefined;
  let seenAt = 0;
  for (;;) {
    const holder = await currentHolder(options);
    if (holder?.comment !== seen?.comment || holder?.generation !== seen?.generation) {
      seen = holder;
      seenAt = performance.now();
    }
    const isFree = holder === undefined || holder.comment === released;
    const isAbandoned = !isFree && (hasEnded(holder.comment) || performance.now() - seenAt > staleAfterMs);
    if (isFree || isAbandoned) {
      const lock = await tryToSucceed(options, holder, staleAfterMs);
      if (lock && isAbandoned) options.telemetry.emit(storageEvents.migrationLockTaken, { holder: holder?.comment });
      if (lock) return lock;
    }
    await sleep(pollMs);
  }
}

async function currentHolder({ connection, database }: LockOptions): Promise<Holder | undefined> {
  const rows = await connection.query<{ name: string; comment: string }>(
    `SELECT name, comment FROM system.tables WHERE database = {database:String} AND startsWith(name, '${prefix}')`,
    { database },
  );
  return rows
    .map(({ name, comment }) => ({ table: name, generation: Number(name.slice(prefix.length)), comment }))
    .sort((a, b) => b.generation - a.generation)[0];
}

async function tryToSucceed(
  options: LockOptions,
  before: Holder | undefined,
  staleAfterMs: number,
): Promise<SchemaLock | undefined> {
  const { connection } = options;
  const generation = (before?.generation ?? 0) + 1;
  const table = `${prefix}${generation}`;
  const create = `CREATE TABLE ${table} (nothing UInt8) ENGINE = Memory COMMENT '${beat(0)}'`;
  if (!(await createsFirst(connection.command(create)))) return undefined;
  if (before) await attempt(connection.command(`DROP TABLE IF EXISTS ${before.table}`));
  return holdLock(options, generation, staleAfterMs);
}

function holdLock(options: LockOptions, generation: number, staleAfterMs: number): SchemaLock {
  const { connection } = options;
  const setComment = (comment: string) =>
    connection.command(`ALTER TABLE ${prefix}${generation} MODIFY COMMENT '${comment}'`);
  let beats = 0;
  let beating: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    beats += 1;
    beating = attempt(setComment(beat(beats)));
  }, staleAfterMs / 5);
  return {
    async check() {
      const holder = await currentHolder(options);
      if (holder?.generation !== generation)
        throw new CodedError("STORAGE_UNAVAILABLE", "Another process has taken over the migration of the schema.");
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await beating;
      await attempt(setComment(released));
    },
  };
}

/** `host pid beats`: changes as long as the process lives. */
function beat(count: number): string {
  return `${safeHostname} ${process.pid} ${count}`;
}

const safeHostname = hostname().replaceAll(/[^\w.-]/g, "_");

/** Whether the comment is of a process of this machine that has ended: no need to wait until it is stale. */
function hasEnded(comment: string): boolean {
  const [host, pid] = comment.split(" ");
  if (host !== safeHostname || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function createsFirst(create: Promise<void>): Promise<boolean> {
  try {
    await create;
    return true;
  } catch (error) {
    if (error instanceof CodedError && typeOf(error.cause) === "TABLE_ALREADY_EXISTS") return false;
    throw error;
  }
}

/** For what may fail: without a beat or a release, the lock becomes stale and another takes over. */
async function attempt(statement: Promise<void>): Promise<void> {
  await statement.catch(() => {});
}
