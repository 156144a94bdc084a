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
  /** A consumer that keeps nothing of the block once it has resolved or rejected may say so: its memory is used again. */
  readonly release?: () => void;
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

/** Rows on their way into storage: whole blocks of one table and one `columnsVersion`, in the order they were taken. */
export interface InsertBatch {
  readonly table: TableName;
  /**
   * The bytes of all blocks, one piece behind the other; a piece may end within a block. They may be made while they are
   * gone through, each time for the same rows, and are used again once the insert has resolved.
   */
  readonly blocks: Iterable<Uint8Array>;
  readonly rowCount: number;
  /** The same rows always come with the same token, and no other rows ever do: a token seen before is dropped. */
  readonly token: string;
}

/**
 * Where the writer hands its batches on. `insert` resolves once the rows are stored and rejects with a CodedError:
 * a retryable one means "the same batch again, later", any other that these rows will never be taken. An insert that
 * rejects may have stored the rows nevertheless; the token makes the next try harmless. Calls may overlap.
 */
export interface Inserter {
  insert(batch: InsertBatch): Promise<void>;
}
