/** What the reads need of a store: statements are constant text, everything foreign is a bound parameter. */
export interface SqlReader {
  query<Row>(sql: string, params: SqlParams, options?: ReadOptions): Promise<Row[]>;
}

/** What deletion and expiry need besides. */
export interface SqlWriter extends SqlReader {
  command(sql: string, params?: SqlParams): Promise<void>;
  /** `DELETE WHERE …` or `UPDATE … WHERE …` on a table's rows, wherever they are; carried out in the background. */
  mutate(table: string, change: string, params?: SqlParams): Promise<void>;
  /** Whether a change whose text has `mark` in it is still to be carried out anywhere. */
  isMutating(mark: string): Promise<boolean>;
}

export type SqlParams = Readonly<Record<string, unknown>>;

export interface ReadOptions {
  /** Ends the query in ClickHouse too. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Fewer than the store's own where more would only read what is not needed. */
  readonly threads?: number | undefined;
}

/** Answers of any length, as they come. */
export interface SqlLines {
  /** Rows as texts of JSON, some at a time. Fails with a CodedError, also after rows were given. */
  lines(sql: string, params: SqlParams, options?: ReadOptions): AsyncIterable<readonly string[]>;
}
