import { Readable } from "node:stream";
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { CodedError, type TableName, type Telemetry } from "@weir/model";
import { type Capabilities, type CapabilitiesRow, capabilitiesSql, toCapabilities } from "./capabilities.ts";
import { insertError, queryError, reasonOf, timeoutError, typeOf } from "./clickhouse-error.ts";
import { type MigrationReport, migrate, type SchemaConnection } from "./schema/migrate.ts";
import { mutationStatement, mutationsSource } from "./schema/mutation.ts";
import { quoteName } from "./schema/render.ts";

export interface StoreOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Made by `migrate` when missing. */
  readonly database: string;
  readonly telemetry: Telemetry;
  /** The server's name of the cluster to spread the tables over; undefined: a single node. */
  readonly cluster?: string | undefined;
  readonly limits?: Partial<QueryLimits>;
}

export interface QueryLimits {
  /** Of one read; a query says otherwise by `timeoutMs`. */
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly resultBytes: number;
  /** Few, so that one wide query does not take the machine from the gateway. */
  readonly threads: number;
}

const defaultLimits: QueryLimits = {
  timeoutMs: 30_000,
  memoryBytes: 1024 ** 3,
  resultBytes: 256 * 1024 ** 2,
  threads: 2,
};

/** Rows of one table as Native blocks, and a token that no other rows ever come with. */
export interface InsertRequest {
  readonly table: TableName;
  readonly blocks: Iterable<Uint8Array>;
  readonly rowCount: number;
  readonly token: string;
}

export interface QueryOptions {
  readonly timeoutMs?: number | undefined;
  /** Fewer than those of the limits where more would only read what is not needed. */
  readonly threads?: number | undefined;
  /** Ends the query in ClickHouse too; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export type QueryParams = Readonly<Record<string, unknown>>;

/** The one way to ClickHouse, be it the embedded engine or a server. Opening connects to nothing. */
export interface Store extends AsyncDisposable {
  readonly database: string;
  /**
   * Stores the rows once, however often they come with the same token (the last thousand inserts are remembered).
   * Rejects with a CodedError: STORAGE_REJECTED when these rows will never be taken, else retryable.
   */
  insert(request: InsertRequest): Promise<void>;
  /**
   * Rows of a SELECT, with values bound as `{name:Type}`. It cannot write, whatever its text. 64-bit integers come as
   * numbers, exact up to 2^53: select `toString(…)` where they may be larger.
   */
  query<Row>(sql: string, params?: QueryParams, options?: QueryOptions): Promise<Row[]>;
  /**
   * The same as texts of JSON, some at a time, for answers that no memory holds: their size has no limit. Fails with a
   * CodedError, also after rows were given.
   */
  lines(sql: string, params?: QueryParams, options?: QueryOptions): AsyncIterable<readonly string[]>;
  /** A statement without an answer. */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** `DELETE WHERE …` or `UPDATE … WHERE …` on a table's rows, on every node; carried out in the background. */
  mutate(table: string, change: string, params?: QueryParams): Promise<void>;
  /** Whether a change whose text has `mark` in it is still to be carried out anywhere. */
  isMutating(mark: string): Promise<boolean>;
  /** Why ClickHouse does not answer with these credentials, naming its address; undefined when it does. Never rejects. */
  whyUnavailable(): Promise<string | undefined>;
  /** Brings the schema to what this program knows; see `schema/migrate.ts`. */
  migrate(): Promise<MigrationReport>;
  capabilities(): Promise<Capabilities>;
}

export function openStore(options: StoreOptions): Store {
  return new ClickHouseStore(options);
}

const insertTimeoutMs = 300_000;
/** How long after its own limit a query may still answer that it was over it. */
const timeoutGraceMs = 2000;

class ClickHouseStore implements Store {
  readonly database: string;
  readonly #client: ClickHouseClient;
  /** Keeps no connection: one that the server has just closed would fail a statement that cannot be given twice. */
  readonly #commands: ClickHouseClient;
  readonly #options: StoreOptions;
  readonly #limits: QueryLimits;
  #capabilities: Promise<Capabilities> | undefined;

  constructor(options: StoreOptions) {
    this.database = options.database;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const access = {
      url: options.url,
      username: options.username,
      password: options.password,
      database: options.database,
      application: "weir",
      request_timeout: insertTimeoutMs,
      max_open_connections: 32,
      log: { level: ClickHouseLogLevel.OFF },
    };
    this.#client = createClient(access);
    this.#commands = createClient({ ...access, keep_alive: { enabled: false } });
  }

  async insert(request: InsertRequest): Promise<void> {
    try {
      const settings = insertSettings(request.token, await this.capabilities());
      const { stream } = await this.#client.exec({
        query: `INSERT INTO ${quoteName(request.table)} FORMAT Native`,
        values: Readable.from(request.blocks, { objectMode: false }),
        clickhouse_settings: settings,
      });
      for await (const _ of stream);
    } catch (error) {
      throw error instanceof CodedError ? error : insertError(error);
    }
  }

  async query<Row>(sql: string, params: QueryParams = {}, options: QueryOptions = {}): Promise<Row[]> {
    const timeoutMs = options.timeoutMs ?? this.#limits.timeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs + timeoutGraceMs);
    const { signal, threads = this.#limits.threads } = options;
    signal?.throwIfAborted();
    const ask = async () => {
      const result = await this.#client.query({
        query: sql,
        query_params: { ...params },
        format: "JSONEachRow",
        abort_signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        clickhouse_settings: readSettings({ ...this.#limits, threads, timeoutMs }),
      });
      return await result.json<Row>();
    };
    try {
      return await ask().catch((error: unknown) => (isBrokenConnection(error) ? ask() : Promise.reject(error)));
    } catch (error) {
      signal?.throwIfAborted();
      throw deadline.aborted ? timeoutError(error) : queryError(error);
    }
  }

  async *lines(sql: string, params: QueryParams = {}, options: QueryOptions = {}): AsyncIterable<readonly string[]> {
    const timeoutMs = options.timeoutMs ?? this.#limits.timeoutMs;
    const { signal } = options;
    signal?.throwIfAborted();
    try {
      const result = await this.#client.query({
        query: sql,
        query_params: { ...params },
        format: "JSONEachRow",
        ...(signal !== undefined && { abort_signal: signal }),
        clickhouse_settings: { ...readSettings({ ...this.#limits, timeoutMs }), ...unboundedAnswer },
      });
      for await (const rows of result.stream()) yield rows.map(({ text }) => text);
    } catch (error) {
      signal?.throwIfAborted();
      throw queryError(error);
    }
  }

  command(sql: string, params: QueryParams = {}): Promise<void> {
    return this.#run({ query: sql, query_params: { ...params } });
  }

  async #run(statement: Parameters<ClickHouseClient["command"]>[0]): Promise<void> {
    try {
      await this.#commands.command(statement);
    } catch (error) {
      throw queryError(error);
    }
  }

  mutate(table: string, change: string, params: QueryParams = {}): Promise<void> {
    return this.command(mutationStatement(table, change, this.#options.cluster), params);
  }

  async isMutating(mark: string): Promise<boolean> {
    const [row] = await this.query<{ running: unknown }>(
      `SELECT count() AS running FROM ${mutationsSource(this.#options.cluster)}
WHERE database = {database:String} AND NOT is_done AND position(command, {mark:String}) > 0`,
      { database: this.database, mark },
    );
    return Number(row?.running ?? 0) > 0;
  }

  async whyUnavailable(): Promise<string | undefined> {
    const ping = await this.#client.ping({ select: true, abort_signal: AbortSignal.timeout(5000) });
    if (ping.success) return undefined;
    return `ClickHouse at ${this.#options.url} is not available (${reasonOf(ping.error)}).`;
  }

  capabilities(): Promise<Capabilities> {
    this.#capabilities ??= this.query<CapabilitiesRow>(capabilitiesSql).then(
      ([row]) => toCapabilities(row as CapabilitiesRow),
      (error: unknown) => {
        this.#capabilities = undefined;
        throw error;
      },
    );
    return this.#capabilities;
  }

  async migrate(): Promise<MigrationReport> {
    await this.#createDatabase();
    const { features } = await this.capabilities();
    const { cluster, telemetry } = this.#options;
    const connection: SchemaConnection = {
      query: (sql, params) => this.query(sql, params),
      command: (sql, queryId) => this.#run(queryId === undefined ? { query: sql } : alone(sql, queryId)),
    };
    return migrate({ connection, target: { database: this.database, cluster, features }, telemetry });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.close(), this.#commands.close()]);
  }

  /** By a client without a database: the server refuses a session in one that it does not have. */
  async #createDatabase(): Promise<void> {
    const { url, username, password, cluster } = this.#options;
    const client = createClient({ url, username, password, log: { level: ClickHouseLogLevel.OFF } });
    const onCluster = cluster === undefined ? "" : `ON CLUSTER ${quoteName(cluster)}`;
    try {
      await client.command({
        query: `CREATE DATABASE IF NOT EXISTS ${quoteName(this.database)} ${onCluster} ENGINE = Atomic`,
      });
    } catch (error) {
      // A server's user may be granted one database that exists, and no more.
      if (typeOf(error) !== "ACCESS_DENIED") throw queryError(error);
    } finally {
      await client.close();
    }
  }
}

/** The server closed a kept connection just as it was used again, which says nothing of the query. */
function isBrokenConnection(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE" || message === "socket hang up";
}

/** A statement that ends the one before it under its id, and is done on all shards when it is done. */
function alone(query: string, queryId: string): Parameters<ClickHouseClient["command"]>[0] {
  return { query, query_id: queryId, clickhouse_settings: { replace_running_query: 1, insert_distributed_sync: 1 } };
}

/** The indexes of words, of attributes and of the weeks of traces, built when parts are merged. */
const laterIndexes =
  "input_words,output_words,name_words,error_words,body_words,by_attribute_key,by_attribute_value,has_trace";

/**
 * The batch becomes one part a partition, so that the token recognises it whole: blocks are squashed up to sizes that
 * no batch reaches, and by one thread. Each rollup remembers the token too. Words and attributes are indexed when parts are
 * merged. What views have grouped is not merged once more before it is written, and their expressions are not compiled:
 * both cost an insert more than they spare it.
 */
function insertSettings(token: string, { features }: Capabilities): ClickHouseSettings {
  return {
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: 1,
    min_insert_block_size_rows: "100000000",
    min_insert_block_size_bytes: "4000000000",
    max_insert_threads: "1",
    max_threads: 1,
    max_partitions_per_insert_block: "0",
    input_format_native_allow_types_conversion: 1,
    input_format_skip_unknown_fields: 0,
    async_insert: 0,
    insert_distributed_sync: 1,
    optimize_on_insert: 0,
    compile_expressions: 0,
    compile_aggregate_expressions: 0,
    compile_sort_description: 0,
    ...(features.has("text_index") && { exclude_materialize_skip_indexes_on_insert: laterIndexes }),
  };
}

/** Whole rows with their content: few at a time, and numbers that JSON does not have as texts. */
const unboundedAnswer: ClickHouseSettings = {
  max_result_bytes: "0",
  max_block_size: "1000",
  output_format_parallel_formatting: 1,
  output_format_json_quote_denormals: 1,
};

/**
 * `readonly` makes a SELECT all that is possible, and its query ends when the connection does. Answers are ten thousand
 * rows at most, which one thread has written before several have shared them out.
 */
function readSettings(limits: QueryLimits): ClickHouseSettings {
  return {
    readonly: "1",
    cancel_http_readonly_queries_on_client_close: 1,
    max_execution_time: limits.timeoutMs / 1000,
    max_memory_usage: String(limits.memoryBytes),
    max_bytes_before_external_group_by: String(Math.floor(limits.memoryBytes / 2)),
    max_bytes_before_external_sort: String(Math.floor(limits.memoryBytes / 2)),
    max_result_bytes: String(limits.resultBytes),
    result_overflow_mode: "throw",
    max_threads: limits.threads,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_denormals: 0,
    output_format_parallel_formatting: 0,
    log_queries: 0,
  };
}
