import { type SpanCursor, valueKinds } from "@weir/otlp";
import type { GrowingBytes } from "../../blocks/growing-bytes.ts";
import { WrittenMap } from "../../blocks/written-map.ts";
import type { KeyPlan } from "./key-plans.ts";
import type { Section } from "./section.ts";

const { string: stringKind, bool: boolKind, int: intKind, double: doubleKind } = valueKinds;

/** The map of attributes of the cursor's span, as `keptAttributes` would make it, written without being made. */
export class AttributePairs extends WrittenMap {
  /** By attribute. */
  readonly plans: KeyPlan[] = [];
  /** By attribute: the text of a value that is no text, number or bool. */
  readonly texts: string[] = [];
  /** By attribute: 1 where a column holds the value. */
  readonly isInColumn: Uint8Array;
  /** Attributes of our own making, which come before any of the span's that has the same key. */
  added: Readonly<Record<string, string>> | undefined;
  section: Section | undefined;
  readonly #cursor: SpanCursor;

  constructor(cursor: SpanCursor, mostAttributes: number) {
    super();
    this.#cursor = cursor;
    this.isInColumn = new Uint8Array(mostAttributes);
  }

  writeInto(keys: GrowingBytes, values: GrowingBytes): number {
    const { attributeCount } = this.#cursor;
    const { added, section } = this;
    let count = 0;
    for (let index = 0; index < attributeCount; index++) {
      if (this.isInColumn[index] === 1) continue;
      const { encoded } = this.plans[index] as KeyPlan;
      keys.appendRange(encoded, 0, encoded.length);
      this.#writeValue(values, index);
      count++;
    }
    if (added !== undefined) {
      for (const key in added) {
        keys.appendText(key);
        values.appendText(added[key] as string);
        count++;
      }
    }
    if (section === undefined) return count;
    keys.appendRange(section.keyBytes, 0, section.keyBytes.length);
    values.appendRange(section.valueBytes, 0, section.valueBytes.length);
    return count + section.keys.length;
  }

  #writeValue(values: GrowingBytes, index: number): void {
    const cursor = this.#cursor;
    const number = cursor.numbers[index] as number;
    switch (cursor.kinds[index]) {
      case stringKind:
        values.appendTextRange(cursor.bytes, cursor.valueFrom[index] as number, cursor.valueTo[index] as number);
        return;
      case intKind:
        if (Number.isSafeInteger(number)) values.appendIntegerText(number);
        else values.appendText(String(cursor.valueOf(index)));
        return;
      case doubleKind:
        values.appendText(String(number));
        return;
      case boolKind:
        values.appendText(number === 1 ? "true" : "false");
        return;
      default:
        values.appendText(this.texts[index] as string);
    }
  }
}
