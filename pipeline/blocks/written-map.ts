import type { GrowingBytes } from "./growing-bytes.ts";

/** A map of texts that writes itself into a column, without ever being an object. */
export abstract class WrittenMap {
  /** Appends each key to `keys` and its value to `values`, as texts, and returns how many there were. */
  abstract writeInto(keys: GrowingBytes, values: GrowingBytes): number;
}
