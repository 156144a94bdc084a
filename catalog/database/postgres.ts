import { PostgresDialect } from "kysely";
import pg from "pg";

/** What PostgreSQL shows of our connections. */
export const applicationName = "weir-catalog";

/** One address for both: the pool that the catalog uses, and the readers' own connections. */
export function postgresConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: 3000,
    query_timeout: 10_000,
    statement_timeout: 10_000,
    keepAlive: true,
    application_name: applicationName,
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  };
}

/** `bigint` holds times and counts of under 53 bits: a number, as in SQLite. */
function typeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
  return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format);
}

export function openPostgres(url: string, onIdleError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...postgresConfig(url), max: 5, idleTimeoutMillis: 30_000 });
  // Without a listener, a connection that breaks while idle would end the process.
  pool.on("error", onIdleError);
  return pool;
}

export function postgresDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({ pool });
}
