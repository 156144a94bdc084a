import type { Telemetry } from "@weir/model";
import { mergeInserted, type SqlWriter, type UnindexedRows, unindexedRows } from "@weir/storage";
import { wordsIndexed, wordsNotIndexed } from "./events.ts";
import { RepeatedLooks } from "./repeated-looks.ts";

export interface IndexUpkeepOptions {
  readonly store: SqlWriter;
  readonly telemetry: Telemetry;
}

const lookEveryMs = 5000;
const quietSeconds = 5;
/** After a merge that storage refused, as while a disk is full. */
const retryMs = 10 * 60_000;

/**
 * Has the words of rows indexed soon after a burst. They are when parts are merged, but what comes last in a burst would
 * wait for the next one to be merged with. Asks nothing of storage unless rows came since it last found nothing to do.
 */
export class IndexUpkeep implements AsyncDisposable {
  readonly #options: IndexUpkeepOptions;
  readonly #looks: RepeatedLooks;
  #rowsCame = false;
  #isMerging = false;
  /** When partitions may be merged again, by table and partition. */
  readonly #retryAtMs = new Map<string, number>();

  constructor(options: IndexUpkeepOptions) {
    this.#options = options;
    this.#looks = new RepeatedLooks({
      everyMs: lookEveryMs,
      look: () => this.look(),
      onFailure: ({ message }) => options.telemetry.emit(wordsNotIndexed, { error: message }),
    });
  }

  /** Waits for no merge, which the engine finishes or forgets. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  /** To be told with each insert. */
  rowsInserted(): void {
    this.#rowsCame = true;
  }

  /** Starts what is due; a merge goes on after it. */
  async look(): Promise<void> {
    if (!this.#rowsCame || this.#isMerging) return;
    const waiting = await this.#waiting();
    // What is still being inserted, and what remains after a merge, is looked at again.
    if (waiting.length > 0) this.#rowsCame = true;
    const due = waiting.find((rows) => rows.quiet_seconds >= quietSeconds && !rows.is_merging && this.#mayMerge(rows));
    if (due === undefined) return;
    this.#isMerging = true;
    void this.#merge(due).finally(() => {
      this.#isMerging = false;
    });
  }

  async #waiting(): Promise<UnindexedRows[]> {
    this.#rowsCame = false;
    try {
      return await unindexedRows(this.#options.store);
    } catch (error) {
      this.#rowsCame = true;
      throw error;
    }
  }

  #mayMerge(rows: UnindexedRows): boolean {
    return performance.now() >= (this.#retryAtMs.get(keyOf(rows)) ?? 0);
  }

  async #merge(rows: UnindexedRows): Promise<void> {
    const { store, telemetry } = this.#options;
    try {
      await mergeInserted(store, rows);
      telemetry.emit(wordsIndexed, { table: rows.table, rows: rows.rows });
    } catch (thrown) {
      this.#retryAtMs.set(keyOf(rows), performance.now() + retryMs);
      telemetry.emit(wordsNotIndexed, { error: (thrown as Error).message });
    }
  }
}

const keyOf = ({ table, partition_id }: UnindexedRows) => `${table} ${partition_id}`;
