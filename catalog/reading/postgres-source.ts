import pg from "pg";
import { changeChannel } from "../database/database.ts";
import { postgresConfig } from "../database/postgres.ts";
import { type SnapshotRows, snapshotParts, snapshotQueries, versionQuery } from "./snapshot-rows.ts";
import type { SnapshotSource, SourceListener } from "./source.ts";

const connectTimeoutMs = 2000;
/** How often a connection that has heard nothing is asked: a lost one may be silent. */
const checkIntervalMs = 15_000;
/** How often before core has made the tables. */
const waitingIntervalMs = 1000;
const retryMs = { first: 250, last: 5000 } as const;
const undefinedTable = "42P01";

/** Listens on one connection of its own; when it breaks, connects again until it is disposed. */
export function watchPostgres(url: string, listener: SourceListener): SnapshotSource {
  return new PostgresSource(url, listener);
}

class PostgresSource implements SnapshotSource {
  readonly firstAttempt: Promise<void>;
  readonly #url: string;
  readonly #listener: SourceListener;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs: number = retryMs.first;
  #version = -1;
  #disposed = false;
  /** Reads follow each other: one connection, one query at a time. */
  #last: Promise<void> = Promise.resolve();

  constructor(url: string, listener: SourceListener) {
    this.#url = url;
    this.#listener = listener;
    this.firstAttempt = this.refresh();
  }

  refresh(): Promise<void> {
    this.#last = this.#last.then(() => this.#readOnce());
    return this.#last;
  }

  async #readOnce(): Promise<void> {
    if (this.#disposed) return;
    clearTimeout(this.#timer);
    try {
      this.#client ??= await this.#connect();
      const isThere = await this.#readRows(this.#client);
      this.#retryMs = retryMs.first;
      this.#readAgainIn(isThere ? checkIntervalMs : waitingIntervalMs);
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...postgresConfig(this.#url), connectionTimeoutMillis: connectTimeoutMs });
    client.on("notification", () => void this.refresh());
    client.on("error", (error) => {
      if (client === this.#client) this.#broken(error);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${changeChannel}`);
      return client;
    } catch (thrown) {
      client.end().catch(() => undefined);
      throw thrown;
    }
  }

  /** False while the tables do not exist. */
  async #readRows(client: pg.Client): Promise<boolean> {
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const version = await this.#changedVersion(client);
      if (version !== undefined) this.#listener.rows(await readAll(client, version));
      if (version !== undefined) this.#version = version;
      return true;
    } catch (thrown) {
      if (thrown instanceof pg.DatabaseError && thrown.code === undefinedTable) return false;
      throw thrown;
    } finally {
      await client.query("ROLLBACK").catch(() => undefined);
    }
  }

  async #changedVersion(client: pg.Client): Promise<number | undefined> {
    const { rows } = await client.query<{ version: number }>(versionQuery);
    const version = rows[0]?.version;
    return version === this.#version ? undefined : version;
  }

  #broken(error: unknown): void {
    this.#close();
    if (this.#disposed) return;
    this.#listener.failed(error);
    this.#readAgainIn(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.last);
  }

  #readAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#disposed) this.#timer = setTimeout(() => void this.refresh(), delayMs).unref();
  }

  #close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#timer);
    await this.#last;
    await this.#client?.end().catch(() => undefined);
  }
}

async function readAll(client: pg.Client, version: number): Promise<SnapshotRows> {
  const parts: Record<string, unknown> = { version };
  for (const part of snapshotParts) parts[part] = (await client.query(snapshotQueries[part])).rows;
  return parts as unknown as SnapshotRows;
}
