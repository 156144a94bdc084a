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

/**
 * Has the words of rows indexed soon after a burst. They are when parts are merged, but what comes last in a burst would
 * wait for the next one to be merged with. Asks nothing of storage unless rows came since it last found nothing to do.
 */
export class IndexUpkeep implements AsyncDisposable {
  readonly #options: IndexUpkeepOptions;
  readonly #looks: RepeatedLooks;
  #rowsCame = true;
  #isMerging = false;

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
    this.#rowsCame = false;
    const [first] = await unindexedRows(this.#options.store);
    if (first === undefined) return;
    // What is still being inserted, and what remains after this merge, is looked at again.
    this.#rowsCame = true;
    if (first.quiet_seconds < quietSeconds) return;
    this.#isMerging = true;
    void this.#merge(first).finally(() => {
      this.#isMerging = false;
    });
  }

  async #merge(rows: UnindexedRows): Promise<void> {
    const { store, telemetry } = this.#options;
    try {
      await mergeInserted(store, rows);
      telemetry.emit(wordsIndexed, { table: rows.table, rows: rows.rows });
    } catch (thrown) {
      telemetry.emit(wordsNotIndexed, { error: (thrown as Error).message });
    }
  }
}
