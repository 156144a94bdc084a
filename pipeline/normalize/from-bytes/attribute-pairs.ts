import { type SpanCursor, valueKinds } from "@weir/otlp";
import type { GrowingBytes } from "../../blocks/growing-bytes.ts";
import type { Labels } from "../../blocks/labels.ts";
import { WrittenMap } from "../../blocks/written-map.ts";
import { AttributeList } from "./attribute-list.ts";
import { keyChunk, type SpanShape } from "./span-shapes.ts";

const { string: stringKind, bool: boolKind, int: intKind, double: doubleKind } = valueKinds;

/** The map of attributes of the cursor's span, as `keptAttributes` would make it, written without being made. */
export class AttributePairs extends WrittenMap {
  /** By attribute: the text of a value that is no text, number or bool. */
  readonly texts: string[] = [];
  /** Attributes whose values a column holds, in their order. */
  readonly inColumns = new AttributeList();
  /** Attributes of our own making. */
  added: Readonly<Record<string, string>> | undefined;
  /** Of the span. To be set before it is written. */
  shape: SpanShape | undefined;
  readonly #cursor: SpanCursor;

  constructor(cursor: SpanCursor) {
    super();
    this.#cursor = cursor;
  }

  writeInto(keys: Labels, values: GrowingBytes): void {
    const { added, inColumns, shape } = this;
    if (shape === undefined) throw new TypeError("a span's attributes have no shape");
    keys.appendChunk(keyChunk(shape, inColumns, keys));
    const { attributeCount } = this.#cursor;
    let skipped = 0;
    for (let index = 0; index < attributeCount; index++) {
      if (skipped < inColumns.count && inColumns.at(skipped) === index) skipped++;
      else this.#writeValue(values, index);
    }
    values.appendBytes(shape.section.valueBytes);
    for (const key in added) {
      keys.append(keys.numberOf(key));
      values.appendText(added[key] as string);
    }
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
