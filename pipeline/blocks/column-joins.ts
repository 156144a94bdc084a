import type { Column } from "@weir/model";
import type { ColumnData } from "./block-encoder.ts";
import { type BlockSource, valueWidths, wrappedType } from "./block-source.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { Labels } from "./labels.ts";

const labelsType = "LowCardinality(String)";
const labelMapType = "Map(LowCardinality(String), String)";

/** Gathers the data that blocks have of one column. */
export interface ColumnJoin extends ColumnData {
  readonly rowCount: number;
  /** Takes a block's data of the column, which begins where the source stands. Throws a RangeError for another type. */
  append(source: BlockSource, type: string, rowCount: number): void;
  /** Takes so many rows of a block that leaves the column out. */
  appendBlank(rowCount: number): void;
  clear(): void;
}

/** A join for a column of `model/columns.ts`; `type` is what a block says it is. */
export function columnJoin({ stored }: Column, type: string): ColumnJoin {
  if (stored.startsWith(labelsType)) return new LabelJoin();
  if (type === "Map(String, String)" || type === labelMapType) return new MapJoin();
  if (type === "String") return new FlatJoin(type, 1, copyTexts);
  const [, wrapper, inner = type] = wrappedType.exec(type) ?? [];
  const width = valueWidths[inner];
  if (wrapper === "Array" && inner === "String") return new ListJoin(type, copyTexts);
  if (width === undefined) throw new RangeError(`a block of ours has no column of type ${type}`);
  if (wrapper === "Array") return new ListJoin(type, copyValues(width));
  return wrapper === "Nullable" ? new NullableJoin(type, width) : new FlatJoin(type, width, copyValues(width));
}

function checkType(type: string, ...known: readonly string[]): void {
  if (!known.includes(type)) throw new RangeError(`expected a column of type ${known.join(" or ")}, got ${type}`);
}

/** Values that stand one behind the other, a blank one as so many zero bytes. */
class FlatJoin implements ColumnJoin {
  readonly blockType: string;
  readonly #blankWidth: number;
  readonly #data = new GrowingBytes();
  readonly #copy: (source: BlockSource, data: GrowingBytes, count: number) => void;
  rowCount = 0;

  constructor(blockType: string, blankWidth: number, copy: typeof copyTexts) {
    this.blockType = blockType;
    this.#blankWidth = blankWidth;
    this.#copy = copy;
  }

  get byteLength(): number {
    return this.#data.length;
  }

  append(source: BlockSource, type: string, rowCount: number): void {
    checkType(type, this.blockType);
    this.#copy(source, this.#data, rowCount);
    this.rowCount += rowCount;
  }

  appendBlank(rowCount: number): void {
    this.#data.appendRepeated(0, rowCount * this.#blankWidth);
    this.rowCount += rowCount;
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#data.copyInto(target, offset);
  }

  clear(): void {
    this.rowCount = 0;
    this.#data.clear();
  }
}

function copyTexts(source: BlockSource, data: GrowingBytes, count: number): void {
  source.copyTextsInto(data, count);
}

function copyValues(width: number): typeof copyTexts {
  return (source, data, count) => source.copyInto(data, count * width);
}

/** Nullable(T): a byte a row that says whether it is null, then the values. */
class NullableJoin implements ColumnJoin {
  readonly blockType: string;
  readonly #width: number;
  readonly #nulls = new GrowingBytes();
  readonly #values = new GrowingBytes();

  constructor(blockType: string, width: number) {
    this.blockType = blockType;
    this.#width = width;
  }

  get rowCount(): number {
    return this.#nulls.length;
  }

  get byteLength(): number {
    return this.#nulls.length + this.#values.length;
  }

  append(source: BlockSource, type: string, rowCount: number): void {
    checkType(type, this.blockType);
    source.copyInto(this.#nulls, rowCount);
    source.copyInto(this.#values, rowCount * this.#width);
  }

  appendBlank(rowCount: number): void {
    this.#nulls.appendRepeated(1, rowCount);
    this.#values.appendRepeated(0, rowCount * this.#width);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#values.copyInto(target, this.#nulls.copyInto(target, offset));
  }

  clear(): void {
    this.#nulls.clear();
    this.#values.clear();
  }
}

/** LowCardinality(String), or String where that is the shorter; see `Labels`. */
class LabelJoin implements ColumnJoin {
  readonly #labels = new Labels();

  get rowCount(): number {
    return this.#labels.length;
  }

  get blockType(): string {
    return this.#labels.isDictionary ? labelsType : "String";
  }

  get byteLength(): number {
    return this.#labels.byteLength;
  }

  append(source: BlockSource, type: string, rowCount: number): void {
    checkType(type, labelsType, "String");
    if (type === labelsType) source.skipDictionaryVersion();
    appendLabels(this.#labels, source, type === labelsType, rowCount);
  }

  appendBlank(rowCount: number): void {
    this.#labels.appendRepeated(this.#labels.numberOf(""), rowCount);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#labels.copyInto(target, this.#labels.copyPrefixInto(target, offset));
  }

  clear(): void {
    this.#labels.clear();
  }
}

function appendLabels(labels: Labels, source: BlockSource, isDictionary: boolean, count: number): void {
  const { numberAt } = labels;
  labels.appendAll(isDictionary ? source.labelNumbers(count, numberAt) : source.textNumbers(count, numberAt));
}

/** The running counts of elements at the ends of rows. */
class JoinedEnds {
  readonly #data = new GrowingBytes();
  #count = 0;

  get rowCount(): number {
    return this.#data.length / 8;
  }

  get byteLength(): number {
    return this.#data.length;
  }

  /** Returns how many elements the rows have. */
  append(source: BlockSource, rowCount: number): number {
    const { bytes, count } = source.ends(rowCount);
    if (count > source.byteLength) throw new RangeError("the block is cut short");
    for (let at = 0; at < bytes.length; at += 8) this.#data.appendInt64(this.#count + bytes.readUInt32LE(at));
    this.#count += count;
    return count;
  }

  appendBlank(rowCount: number): void {
    for (let row = 0; row < rowCount; row++) this.#data.appendInt64(this.#count);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#data.copyInto(target, offset);
  }

  clear(): void {
    this.#count = 0;
    this.#data.clear();
  }
}

/** Array(T) of texts, or of elements of one width. */
class ListJoin implements ColumnJoin {
  readonly blockType: string;
  readonly #ends = new JoinedEnds();
  readonly #elements = new GrowingBytes();
  readonly #copy: typeof copyTexts;

  constructor(blockType: string, copy: typeof copyTexts) {
    this.blockType = blockType;
    this.#copy = copy;
  }

  get rowCount(): number {
    return this.#ends.rowCount;
  }

  get byteLength(): number {
    return this.#ends.byteLength + this.#elements.length;
  }

  append(source: BlockSource, type: string, rowCount: number): void {
    checkType(type, this.blockType);
    this.#copy(source, this.#elements, this.#ends.append(source, rowCount));
  }

  appendBlank(rowCount: number): void {
    this.#ends.appendBlank(rowCount);
  }

  copyInto(target: Buffer, offset: number): number {
    return this.#elements.copyInto(target, this.#ends.copyInto(target, offset));
  }

  clear(): void {
    this.#ends.clear();
    this.#elements.clear();
  }
}

/** Map(LowCardinality(String), String), or with plain texts as keys where that is the shorter. */
class MapJoin implements ColumnJoin {
  readonly #ends = new JoinedEnds();
  readonly #keys = new Labels();
  readonly #values = new GrowingBytes();

  get rowCount(): number {
    return this.#ends.rowCount;
  }

  get blockType(): string {
    return this.#keys.isDictionary ? labelMapType : "Map(String, String)";
  }

  get byteLength(): number {
    return this.#ends.byteLength + this.#keys.byteLength + this.#values.length;
  }

  append(source: BlockSource, type: string, rowCount: number): void {
    checkType(type, labelMapType, "Map(String, String)");
    if (type === labelMapType) source.skipDictionaryVersion();
    const count = this.#ends.append(source, rowCount);
    appendLabels(this.#keys, source, type === labelMapType, count);
    source.copyTextsInto(this.#values, count);
  }

  appendBlank(rowCount: number): void {
    this.#ends.appendBlank(rowCount);
  }

  copyInto(target: Buffer, offset: number): number {
    const ends = this.#ends.copyInto(target, this.#keys.copyPrefixInto(target, offset));
    return this.#values.copyInto(target, this.#keys.copyInto(target, ends));
  }

  clear(): void {
    this.#ends.clear();
    this.#keys.clear();
    this.#values.clear();
  }
}
