/** Rows that can be read from now on. Without projects: of any project. */
export interface RowsTick {
  readonly projectIds?: ReadonlySet<string> | undefined;
}

export type TickListener = () => void;

/** Passes on that rows were inserted, from the writer to the open pages. Costs nothing while nobody listens. */
export class LiveTicks {
  readonly #listeners = new Map<TickListener, string>();

  publish(tick: RowsTick = {}): void {
    for (const [listener, project] of this.#listeners) {
      if (tick.projectIds === undefined || tick.projectIds.has(project)) listener();
    }
  }

  /** Calls back with each tick of the project until the returned function is called. */
  subscribe(project: string, listener: TickListener): () => void {
    this.#listeners.set(listener, project);
    return () => this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }
}
