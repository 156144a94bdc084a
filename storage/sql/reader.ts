/** What the reads need of a store: statements are constant text, everything foreign is a bound parameter. */
export interface SqlReader {
  query<Row>(sql: string, params: SqlParams, options?: ReadOptions): Promise<Row[]>;
}

/** What deletion needs besides. */
export interface SqlWriter extends SqlReader {
  command(sql: string, params?: SqlParams): Promise<void>;
}

export type SqlParams = Readonly<Record<string, unknown>>;

export interface ReadOptions {
  /** Ends the query in ClickHouse too. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}
