import { otherLabel } from "./metric-store.ts";

const longestLabel = 120;

/**
 * The values that one label may take. Callers choose model names, so that their number has a limit here: the first
 * ones stay, later ones become `_OTHER`.
 */
export class LabelValues {
  readonly #admitted = new Map<string, string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admit(value: string): string {
    const admitted = this.#admitted.get(value);
    if (admitted !== undefined) return admitted;
    if (value.length > longestLabel || this.#admitted.size >= this.#limit) return value === "" ? "" : otherLabel;
    this.#admitted.set(value, value);
    return value;
  }
}
