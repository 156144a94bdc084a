import { readAttribute, readList, readMap, setOwn } from "./any-value.ts";
import { AttributeShapes } from "./attribute-shapes.ts";
import { KeyTable } from "./key-table.ts";
import { MalformedOtlpError } from "./malformed.ts";
import { eachRange, type Ranges, Sections } from "./sections.ts";
import type { AnyValue, Attributes, InstrumentationScope, Span, SpanEvent, SpanLink } from "./span.ts";
import { TextCache } from "./text-cache.ts";
import { asBuffer, WireReader } from "./wire-reader.ts";

/** What an attribute's value is; see `SpanCursor.kinds`. */
export const valueKinds = { null: 0, string: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;
const { null: nullKind, string: stringKind, bool: boolKind, int: intKind } = valueKinds;
const { double: doubleKind, array: arrayKind, map: mapKind, bytes: bytesKind } = valueKinds;

/** A span has no more attributes; one that has is refused as malformed. */
const mostAttributes = 65_536;
/** Room for attributes that is kept from one message to the next. */
const keptSlots = 1024;

/**
 * Walks the spans of an ExportTraceServiceRequest, one at a time, over its bytes: no string and no object is made but
 * those that are asked for. What it says of a span holds until the next `next`. Reusable, and better reused.
 *
 *   cursor.open(bytes);
 *   while (cursor.next()) rows.push(rowOf(cursor));
 *
 * `next` throws a MalformedOtlpError on bytes that are no such message; what is nested in values, events and links is
 * looked at only when it is asked for, and may throw then.
 */
export class SpanCursor {
  readonly keys: KeyTable;
  readonly #reader = new WireReader();
  readonly #sections = new Sections(this.#reader);
  readonly #texts = new TextCache();
  readonly #shapes = new AttributeShapes();
  readonly #keyOf = (index: number) => this.keyOf(index);
  #bytes: Buffer = this.#reader.bytes;
  #view: DataView = viewOf(this.#bytes);

  /** Where trace id, span id and parent id stand, and how long they are. */
  traceIdFrom = 0;
  traceIdLength = 0;
  spanIdFrom = 0;
  spanIdLength = 0;
  parentSpanIdFrom = 0;
  parentSpanIdLength = 0;
  nameFrom = 0;
  nameTo = 0;
  #traceStateFrom = 0;
  #traceStateTo = 0;
  kind = 0;
  flags = 0;
  /** Where the 8 bytes of the times stand; -1 when they are not given. */
  startTimeFrom = -1;
  endTimeFrom = -1;
  statusCode = 0;
  #statusMessageFrom = 0;
  #statusMessageTo = 0;
  readonly #eventRanges: Ranges = [];
  readonly #linkRanges: Ranges = [];

  attributeCount = 0;
  /** By attribute: the number that `keys` gives its key; 0 when it has none. */
  keyIds = new Int32Array(keptSlots);
  #keyFrom = new Int32Array(keptSlots);
  #keyTo = new Int32Array(keptSlots);
  /** By attribute: one of `valueKinds`. */
  kinds = new Uint8Array(keptSlots);
  /** By attribute: where the text, the bytes, or the nested message of the value stand. */
  valueFrom = new Int32Array(keptSlots);
  valueTo = new Int32Array(keptSlots);
  /** By attribute: a bool as 0 or 1, an int (rounded beyond 2^53), a double. */
  numbers = new Float64Array(keptSlots);
  /** Further parts of lists and maps: attribute, from, to. */
  readonly #moreParts: number[] = [];

  /** `known` keys have fixed numbers in `keys`, from 1 on. */
  constructor(known: readonly string[] = []) {
    this.keys = new KeyTable(known);
  }

  /** Begins with another message. Its bytes must not change while it is walked. */
  open(bytes: Uint8Array): void {
    this.#bytes = this.#reader.bytes = asBuffer(bytes);
    this.#view = viewOf(this.#bytes);
    this.#sections.open();
    if (this.keys.refresh()) this.#shapes.clear();
    if (this.keyIds.length > keptSlots) this.#resize(keptSlots);
  }

  /** Lets go of the message's bytes. */
  close(): void {
    this.open(Buffer.alloc(0));
  }

  /** Goes to the next span; false when there is none. */
  next(): boolean {
    const end = this.#sections.next();
    if (end < 0) return false;
    this.#reset();
    this.#readSpan(end);
    return true;
  }

  get resource(): Attributes {
    return this.#sections.resource;
  }

  get scope(): InstrumentationScope {
    return this.#sections.scope;
  }

  /** The bytes of the message; what `…From` and `…To` are offsets into. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The same bytes, for reading several at once. */
  get view(): DataView {
    return this.#view;
  }

  get hasEvents(): boolean {
    return this.#eventRanges.length > 0;
  }

  get hasLinks(): boolean {
    return this.#linkRanges.length > 0;
  }

  get hasStatusMessage(): boolean {
    return this.#statusMessageTo > this.#statusMessageFrom;
  }

  /** Whether a list or a map stands in several parts, as merged messages have them. */
  get hasSplitValues(): boolean {
    return this.#moreParts.length > 0;
  }

  /** Whether both times are given; false too for times from the year 2262 on, which no column holds. */
  get hasTimes(): boolean {
    const { startTimeFrom, endTimeFrom } = this;
    if (startTimeFrom < 0 || endTimeFrom < 0) return false;
    const bytes = this.#bytes;
    return (bytes[startTimeFrom + 7] as number) < 0x80 && (bytes[endTimeFrom + 7] as number) < 0x80;
  }

  /** Whether the parent's id is of the right length and not all zero. */
  get hasParent(): boolean {
    return this.parentSpanIdLength === 8 && !isZero(this.#bytes, this.parentSpanIdFrom, 8);
  }

  /** Whether trace id and span id are of the right length and not all zero. */
  get hasIds(): boolean {
    return (
      this.traceIdLength === 16 &&
      this.spanIdLength === 8 &&
      !isZero(this.#bytes, this.traceIdFrom, 16) &&
      !isZero(this.#bytes, this.spanIdFrom, 8)
    );
  }

  /** The key of an attribute. */
  keyOf(index: number): string {
    const id = this.keyIds[index] as number;
    if (id !== 0) return this.keys.textOf(id);
    return this.#bytes.toString("utf8", this.#keyFrom[index] as number, this.#keyTo[index] as number);
  }

  /** The value of an attribute. */
  valueOf(index: number): AnyValue {
    const from = this.valueFrom[index] as number;
    const to = this.valueTo[index] as number;
    switch (this.kinds[index]) {
      case stringKind:
        return this.#texts.textOf(this.#bytes, from, to);
      case boolKind:
        return this.numbers[index] === 1;
      case intKind:
        return Number.isSafeInteger(this.numbers[index]) ? (this.numbers[index] as number) : this.#bigintAt(from);
      case doubleKind:
        return this.numbers[index] as number;
      case arrayKind: {
        const list: AnyValue[] = [];
        this.#eachPart(index, (end) => readList(this.#reader, end, 1, list));
        return list;
      }
      case mapKind: {
        const map: Record<string, AnyValue> = {};
        this.#eachPart(index, (end) => readMap(this.#reader, end, 1, map));
        return map;
      }
      case bytesKind:
        return Uint8Array.from(this.#bytes.subarray(from, to));
      default:
        return null;
    }
  }

  /** All of the span as plain values. Resource and scope are shared by the spans that have them in common. */
  span(): Span {
    const bytes = this.#bytes;
    const { traceIdFrom, spanIdFrom, parentSpanIdFrom } = this;
    const { keyIds, attributeCount } = this;
    const attributes = this.#shapes.make(keyIds, attributeCount, this.#keyOf, this) ?? this.#attributesOneByOne();
    return {
      traceId: bytes.toString("hex", traceIdFrom, traceIdFrom + this.traceIdLength),
      spanId: bytes.toString("hex", spanIdFrom, spanIdFrom + this.spanIdLength),
      parentSpanId: this.#parentSpanId(parentSpanIdFrom),
      traceState: bytes.toString("utf8", this.#traceStateFrom, this.#traceStateTo),
      flags: this.flags,
      name: this.#texts.textOf(bytes, this.nameFrom, this.nameTo),
      kind: this.kind,
      startTimeUnixNano: this.#timeAt(this.startTimeFrom),
      endTimeUnixNano: this.#timeAt(this.endTimeFrom),
      attributes,
      events: this.#eventRanges.length === 0 ? noEvents : this.#readEvents(),
      links: this.#linkRanges.length === 0 ? noLinks : this.#readLinks(),
      statusCode: this.statusCode,
      statusMessage: bytes.toString("utf8", this.#statusMessageFrom, this.#statusMessageTo),
      scope: this.scope,
      resource: this.resource,
    };
  }

  #attributesOneByOne(): Attributes {
    const attributes: Record<string, AnyValue> = {};
    for (let index = 0; index < this.attributeCount; index++) {
      const key = this.keyOf(index);
      if (key === "__proto__") setOwn(attributes, key, this.valueOf(index));
      else attributes[key] = this.valueOf(index);
    }
    return attributes;
  }

  /** Some senders write "no parent" as zeros. */
  #parentSpanId(from: number): string {
    const length = this.parentSpanIdLength;
    return length === 0 || isZero(this.#bytes, from, length) ? "" : this.#bytes.toString("hex", from, from + length);
  }

  #timeAt(from: number): bigint {
    return from < 0 ? 0n : this.#bytes.readBigUInt64LE(from);
  }

  #bigintAt(from: number): AnyValue {
    this.#reader.at = from;
    return this.#reader.int64();
  }

  #eachPart(index: number, read: (end: number) => void): void {
    this.#reader.at = this.valueFrom[index] as number;
    read(this.valueTo[index] as number);
    const more = this.#moreParts;
    for (let at = 0; at < more.length; at += 3) {
      if (more[at] !== index) continue;
      this.#reader.at = more[at + 1] as number;
      read(more[at + 2] as number);
    }
  }

  #readStatus(reader: WireReader, end: number): void {
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === 18) {
        this.#statusMessageTo = reader.lengthEnd(end);
        this.#statusMessageFrom = reader.at;
        reader.at = this.#statusMessageTo;
      } else if (tag === 24) this.statusCode = reader.int32();
      else reader.skip(tag, end);
    }
    reader.close(end);
  }

  #readEvents(): SpanEvent[] {
    const reader = this.#reader;
    const events: SpanEvent[] = [];
    eachRange(reader, this.#eventRanges, (end) => {
      const attributes: Attributes = {};
      let timeUnixNano = 0n;
      let name = "";
      while (reader.at < end) {
        const tag = reader.tag();
        if (tag === 9) timeUnixNano = reader.fixed64();
        else if (tag === 18) name = reader.text(end);
        else if (tag === 26) readAttribute(reader, end, attributes);
        else reader.skip(tag, end);
      }
      reader.close(end);
      events.push({ timeUnixNano, name, attributes });
    });
    return events;
  }

  #readLinks(): SpanLink[] {
    const reader = this.#reader;
    const links: SpanLink[] = [];
    eachRange(reader, this.#linkRanges, (end) => {
      const attributes: Attributes = {};
      let traceId = "";
      let spanId = "";
      while (reader.at < end) {
        const tag = reader.tag();
        if (tag === 10) traceId = reader.hex(end);
        else if (tag === 18) spanId = reader.hex(end);
        else if (tag === 34) readAttribute(reader, end, attributes);
        else reader.skip(tag, end);
      }
      reader.close(end);
      links.push({ traceId, spanId, attributes });
    });
    return links;
  }

  #reset(): void {
    this.traceIdLength = this.spanIdLength = this.parentSpanIdLength = 0;
    this.nameFrom = this.nameTo = 0;
    this.#traceStateFrom = this.#traceStateTo = 0;
    this.kind = this.flags = this.statusCode = 0;
    this.startTimeFrom = this.endTimeFrom = -1;
    this.#statusMessageFrom = this.#statusMessageTo = 0;
    this.attributeCount = 0;
    if (this.#eventRanges.length > 0) this.#eventRanges.length = 0;
    if (this.#linkRanges.length > 0) this.#linkRanges.length = 0;
    if (this.#moreParts.length > 0) this.#moreParts.length = 0;
  }

  #readSpan(end: number): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const to = reader.lengthEnd(end);
          this.traceIdFrom = reader.at;
          this.traceIdLength = to - reader.at;
          reader.at = to;
          break;
        }
        case 18: {
          const to = reader.lengthEnd(end);
          this.spanIdFrom = reader.at;
          this.spanIdLength = to - reader.at;
          reader.at = to;
          break;
        }
        case 26:
          this.#traceStateTo = reader.lengthEnd(end);
          this.#traceStateFrom = reader.at;
          reader.at = this.#traceStateTo;
          break;
        case 34: {
          const to = reader.lengthEnd(end);
          this.parentSpanIdFrom = reader.at;
          this.parentSpanIdLength = to - reader.at;
          reader.at = to;
          break;
        }
        case 42:
          this.nameTo = reader.lengthEnd(end);
          this.nameFrom = reader.at;
          reader.at = this.nameTo;
          break;
        case 48:
          this.kind = reader.int32();
          break;
        case 57:
          this.startTimeFrom = reader.at;
          reader.at += 8;
          break;
        case 65:
          this.endTimeFrom = reader.at;
          reader.at += 8;
          break;
        case 74:
          this.#readAttribute(reader, reader.lengthEnd(end));
          break;
        case 90:
          this.#take(this.#eventRanges, reader, end);
          break;
        case 106:
          this.#take(this.#linkRanges, reader, end);
          break;
        case 122:
          this.#readStatus(reader, reader.lengthEnd(end));
          break;
        case 133:
          this.flags = reader.fixed32();
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.close(end);
  }

  #take(ranges: Ranges, reader: WireReader, end: number): void {
    const to = reader.lengthEnd(end);
    ranges.push(reader.at, to);
    reader.at = to;
  }

  #readAttribute(reader: WireReader, end: number): void {
    const index = this.attributeCount;
    if (index === this.keyIds.length) this.#grow();
    this.kinds[index] = nullKind;
    if (!this.#readUsualAttribute(reader, end, index)) this.#readAnyAttribute(reader, end, index);
    this.attributeCount = index + 1;
  }

  /** A short key and behind it one value, as all encoders write them. False when it is not of this form. */
  #readUsualAttribute(reader: WireReader, end: number, index: number): boolean {
    const bytes = this.#bytes;
    const keyFrom = reader.at + 2;
    const keyTo = keyFrom + (bytes[keyFrom - 1] as number);
    if (bytes[keyFrom - 2] !== 10 || keyTo - keyFrom > 127 || bytes[keyTo] !== 18) return false;
    let valueFrom = keyTo + 2;
    let valueLength = bytes[keyTo + 1] as number;
    if (valueLength > 127) valueLength += ((bytes[valueFrom++] as number) - 1) * 128;
    if (valueFrom + valueLength !== end || (bytes[valueFrom - 1] as number) > 127) return false;
    reader.at = valueFrom;
    this.#readValue(reader, end, index);
    // The spans of one instrumentation have the same keys in the same order.
    const guess = this.keyIds[index] as number;
    if (guess !== 0 && this.keys.isAt(guess, this.#view, keyFrom, keyTo)) return true;
    const id = this.keys.idOf(bytes, keyFrom, keyTo);
    this.keyIds[index] = id;
    if (id === 0) {
      this.#keyFrom[index] = keyFrom;
      this.#keyTo[index] = keyTo;
    }
    return true;
  }

  #readAnyAttribute(reader: WireReader, end: number, index: number): void {
    let keyFrom = 0;
    let keyTo = 0;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === 10) {
        keyTo = reader.lengthEnd(end);
        keyFrom = reader.at;
        reader.at = keyTo;
      } else if (tag === 18) this.#readValue(reader, reader.lengthEnd(end), index);
      else reader.skip(tag, end);
    }
    reader.close(end);
    this.keyIds[index] = this.keys.idOf(this.#bytes, keyFrom, keyTo);
    this.#keyFrom[index] = keyFrom;
    this.#keyTo[index] = keyTo;
  }

  #readValue(reader: WireReader, end: number, index: number): void {
    while (reader.at < end) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          this.#readRange(reader, end, index, stringKind);
          break;
        case 16:
          this.kinds[index] = boolKind;
          this.numbers[index] = reader.bool() ? 1 : 0;
          break;
        case 24:
          this.kinds[index] = intKind;
          this.valueFrom[index] = reader.at;
          this.numbers[index] = Number(reader.int64());
          break;
        case 33:
          this.kinds[index] = doubleKind;
          this.numbers[index] = reader.double();
          break;
        case 42:
          this.#readPart(reader, end, index, arrayKind);
          break;
        case 50:
          this.#readPart(reader, end, index, mapKind);
          break;
        case 58:
          this.#readRange(reader, end, index, bytesKind);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.close(end);
  }

  #readRange(reader: WireReader, end: number, index: number, kind: number): void {
    const to = reader.lengthEnd(end);
    this.kinds[index] = kind;
    this.valueFrom[index] = reader.at;
    this.valueTo[index] = to;
    reader.at = to;
  }

  /** A list or a map; a further part of the same one is added to it. */
  #readPart(reader: WireReader, end: number, index: number, kind: number): void {
    if (this.kinds[index] === kind) {
      const to = reader.lengthEnd(end);
      this.#moreParts.push(index, reader.at, to);
      reader.at = to;
      return;
    }
    const more = this.#moreParts;
    for (let at = 0; at < more.length; at += 3) if (more[at] === index) more[at] = -1;
    this.#readRange(reader, end, index, kind);
  }

  #grow(): void {
    const length = this.keyIds.length * 2;
    if (length > mostAttributes) {
      throw MalformedOtlpError.at(this.#reader.at, `a span has more than ${mostAttributes} attributes`);
    }
    this.#resize(length);
  }

  #resize(length: number): void {
    const resized = <Values extends Int32Array | Uint8Array | Float64Array>(values: Values, fresh: Values): Values => {
      fresh.set(values.subarray(0, Math.min(length, values.length)));
      return fresh;
    };
    this.keyIds = resized(this.keyIds, new Int32Array(length));
    this.#keyFrom = resized(this.#keyFrom, new Int32Array(length));
    this.#keyTo = resized(this.#keyTo, new Int32Array(length));
    this.kinds = resized(this.kinds, new Uint8Array(length));
    this.valueFrom = resized(this.valueFrom, new Int32Array(length));
    this.valueTo = resized(this.valueTo, new Int32Array(length));
    this.numbers = resized(this.numbers, new Float64Array(length));
  }
}

const noEvents: readonly SpanEvent[] = Object.freeze([]);
const noLinks: readonly SpanLink[] = Object.freeze([]);

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function isZero(bytes: Uint8Array, from: number, length: number): boolean {
  for (let at = from; at < from + length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** All spans of an ExportTraceServiceRequest as plain values. Throws a MalformedOtlpError. */
export function decodeTraces(bytes: Uint8Array): Span[] {
  const cursor = new SpanCursor();
  cursor.open(bytes);
  const spans: Span[] = [];
  while (cursor.next()) spans.push(cursor.span());
  return spans;
}
