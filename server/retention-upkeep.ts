import type { Catalog, Project } from "@weir/catalog";
import { projectId, type RetentionSettings, retentionOf, type Telemetry } from "@weir/model";
import { deletedProjects, expireData, hasRows, type SqlWriter, startDeletion } from "@weir/storage";
import { dataExpired, expiryFailed, lateRowsDeleted } from "./events.ts";
import { RepeatedLooks } from "./repeated-looks.ts";

export interface RetentionUpkeepOptions {
  readonly store: SqlWriter;
  readonly catalog: Pick<Catalog, "current">;
  /** What holds in projects that do not say so themselves. */
  readonly settings: RetentionSettings;
  readonly telemetry: Telemetry;
  readonly now?: () => number;
}

const lookEveryMs = 30_000;
const sweepEveryMs = 6 * 60 * 60_000;

/**
 * Takes away what retention that was shortened, or that is shorter for content, leaves in storage: of every project at
 * the start and every six hours, and of one within a minute of a change of its retention. Between those it looks at
 * the catalog in memory and nothing else.
 */
export class RetentionUpkeep implements AsyncDisposable {
  readonly #options: RetentionUpkeepOptions;
  readonly #looks: RepeatedLooks;
  /** The settings that each project was last swept with. */
  readonly #swept = new Map<string, string>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RetentionUpkeepOptions) {
    this.#options = options;
    this.#looks = new RepeatedLooks({
      everyMs: lookEveryMs,
      look: () => this.look(),
      onFailure: ({ message }) => options.telemetry.emit(expiryFailed, { error: message }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  /** Does what is due. */
  async look(): Promise<void> {
    const { catalog, now = Date.now } = this.#options;
    const isDue = now() - this.#sweptAtMs >= sweepEveryMs;
    for (const project of catalog.current().projects()) {
      const settings = JSON.stringify(project.retention);
      if (!isDue && this.#swept.get(project.id) === settings) continue;
      await this.#sweep(project, now());
      this.#swept.set(project.id, settings);
    }
    if (!isDue) return;
    await this.#deleteLateRows();
    this.#sweptAtMs = now();
  }

  async #sweep({ id, retention }: Project, nowMs: number): Promise<void> {
    const { store, settings, telemetry } = this.#options;
    const going = await expireData(store, id, retentionOf(retention, settings), BigInt(nowMs) * 1_000_000n);
    if (Object.keys(going).length > 0) telemetry.emit(dataExpired, { project_id: id, rows: JSON.stringify(going) });
  }

  /** Rows that were still in a journal when their project's deletion was done. */
  async #deleteLateRows(): Promise<void> {
    const { store, catalog, telemetry } = this.#options;
    for (const id of await deletedProjects(store)) {
      const project = projectId(id);
      if (catalog.current().project(id) !== undefined || !(await hasRows(store, project))) continue;
      const { deletion_id } = await startDeletion(store, project, { wholeProject: true });
      telemetry.emit(lateRowsDeleted, { project_id: id, deletion_id });
    }
  }
}
