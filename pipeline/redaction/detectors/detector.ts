/** One kind of text that is not to be kept. Patterns see bytes as Latin-1: a unit is a byte. */
export interface Detector {
  /** What stands in the place of a match: `[redacted:<name>]`. Also a metric's label. */
  readonly name: string;
  readonly meaning: string;
}

/** Bytes that a detector has found, from `from` up to `to`. */
export interface Match {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}
