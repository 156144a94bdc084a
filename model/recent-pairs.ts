/**
 * Remembers values by pairs of texts: at least those of the last `limit` / 2 pairs that were asked for, and never more
 * than `limit`. Nothing is joined or moved to find one.
 */
export class RecentPairs<Value> {
  readonly #limit: number;
  #recent = new Map<string, Map<string, Value>>();
  #recentCount = 0;
  #older = new Map<string, Map<string, Value>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(first: string, second: string): Value | undefined {
    const found = this.#recent.get(first)?.get(second);
    if (found !== undefined) return found;
    const older = this.#older.get(first)?.get(second);
    if (older !== undefined) this.set(first, second, older);
    return older;
  }

  set(first: string, second: string, value: Value): void {
    let seconds = this.#recent.get(first);
    if (seconds === undefined) {
      seconds = new Map();
      this.#recent.set(first, seconds);
    }
    if (!seconds.has(second)) this.#recentCount++;
    seconds.set(second, value);
    if (this.#recentCount < this.#limit / 2) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#recentCount = 0;
  }
}
