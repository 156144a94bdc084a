/** The results of late calls that were recorded: each counts once, however often it is asked for. Bounded. */
export class LateResults {
  readonly #limit: number;
  readonly #known = new Set<string>();

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Whether it is told for the first time. */
  isFirst(projectId: string, responseId: string): boolean {
    const key = `${projectId} ${responseId}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    if (this.#known.size > this.#limit) {
      const [oldest] = this.#known;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return true;
  }
}
