import type { GrowingBytes } from "./growing-bytes.ts";
import type { Labels } from "./labels.ts";

/** A map of texts that writes itself into a column, without ever being an object. */
export abstract class WrittenMap {
  /** Appends each key to `keys` and its value to `values`, as a text. */
  abstract writeInto(keys: Labels, values: GrowingBytes): void;
}
