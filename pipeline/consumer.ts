import type { SpanRow, TableName } from "@weir/model";

/**
 * Rows of one table, already encoded as one ClickHouse Native block (see `blocks/`). The block is ready to be part
 * of an INSERT body: blocks of the same table and `columnsVersion` may be concatenated.
 */
export interface Batch {
  readonly table: TableName;
  readonly rowCount: number;
  readonly block: Uint8Array;
  /** Numbers of announced calls that these rows complete; see `CallLog`. Durable in the same frame as the rows. */
  readonly closes?: readonly number[];
}

/**
 * Where a receiver or the gateway hands its rows on.
 *
 * `consume` takes ownership of the batch and its bytes: the caller must not touch them again. It resolves once the
 * rows are durable on disk (2xx may be answered then), and rejects with a CodedError: JOURNAL_FULL and
 * JOURNAL_DISK_FULL are retryable and mean that nothing was kept. Calls may overlap; batches handed over first are
 * durable first.
 */
export interface Consumer {
  consume(batch: Batch): Promise<void>;
}

/** A call that is under way: what its row says if this process dies before the call ends. */
export interface OpenCall {
  /** Unique within the process, never reused. */
  readonly callNumber: number;
  /** Status, duration and content are filled in when the row is needed. */
  readonly row: SpanRow;
}

/**
 * Remembers calls under way, so that one in flight when the process is killed appears as interrupted. Announce only
 * calls that have lasted longer than a tick; a call that ends sooner needs none. An announced call must be closed by
 * a batch that lists its number.
 */
export interface CallLog extends Consumer {
  /** Resolves once the announcement has been handed to the operating system. Never rejects: a lost announcement only loses the "interrupted" row. */
  announce(calls: readonly OpenCall[]): Promise<void>;
}
