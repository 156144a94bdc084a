import { readAttribute } from "./any-value.ts";
import type { Attributes, InstrumentationScope } from "./span.ts";
import type { WireReader } from "./wire-reader.ts";

/** Places in the bytes, `from, to, from, to …`: the parts of a message, which protobuf merges in their order. */
export type Ranges = number[];

/** Reads each range with `read`, which is given the range's end. */
export function eachRange(reader: WireReader, ranges: Ranges, read: (end: number) => void): void {
  for (let index = 0; index < ranges.length; index += 2) {
    reader.at = ranges[index] as number;
    read(ranges[index + 1] as number);
  }
}

export function readResource(reader: WireReader, ranges: Ranges): Attributes {
  const attributes: Attributes = {};
  eachRange(reader, ranges, (end) => {
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === 10) readAttribute(reader, end, attributes);
      else reader.skip(tag, end);
    }
    reader.close(end);
  });
  return attributes;
}

export function readScope(reader: WireReader, ranges: Ranges): InstrumentationScope {
  const attributes: Attributes = {};
  let name = "";
  let version = "";
  eachRange(reader, ranges, (end) => {
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === 10) name = reader.text(end);
      else if (tag === 18) version = reader.text(end);
      else if (tag === 26) readAttribute(reader, end, attributes);
      else reader.skip(tag, end);
    }
    reader.close(end);
  });
  return { name, version, attributes };
}

/**
 * Walks a request's two outer levels, which all three signals share: ResourceSpans and ScopeSpans and their like.
 * The parts of resource and scope may stand behind the items that they are about, so each level is looked through
 * once before its items are read.
 */
export class Sections {
  readonly #reader: WireReader;
  #requestAt = 0;
  #requestEnd = 0;
  #resourceAt = 0;
  #resourceEnd = 0;
  #scopeAt = 0;
  #scopeEnd = 0;
  readonly #resourceRanges: Ranges = [];
  readonly #scopeRanges: Ranges = [];
  #resource: Attributes | undefined;
  #scope: InstrumentationScope | undefined;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  /** Starts at the beginning of the reader's bytes. */
  open(): void {
    this.#requestAt = 0;
    this.#requestEnd = this.#reader.bytes.length;
    this.#resourceAt = this.#resourceEnd = this.#scopeAt = this.#scopeEnd = 0;
    this.#resource = this.#scope = undefined;
  }

  /** The attributes of the resource of the present item. One object for all items of the resource. */
  get resource(): Attributes {
    if (this.#resource === undefined) {
      const { at } = this.#reader;
      this.#resource = readResource(this.#reader, this.#resourceRanges);
      this.#reader.at = at;
    }
    return this.#resource;
  }

  /** The scope of the present item. One object for all items of the scope. */
  get scope(): InstrumentationScope {
    if (this.#scope === undefined) {
      const { at } = this.#reader;
      this.#scope = readScope(this.#reader, this.#scopeRanges);
      this.#reader.at = at;
    }
    return this.#scope;
  }

  /** Puts the reader on the next item (a span, a log record, a metric) and returns its end; -1 when there is none. */
  next(): number {
    const reader = this.#reader;
    for (;;) {
      reader.at = this.#scopeAt;
      while (reader.at < this.#scopeEnd) {
        const tag = reader.tag();
        if (tag === 18) {
          const end = reader.lengthEnd(this.#scopeEnd);
          this.#scopeAt = end;
          return end;
        }
        reader.skip(tag, this.#scopeEnd);
      }
      this.#scopeAt = this.#scopeEnd;
      if (!this.#nextScope() && !this.#nextResource()) return -1;
    }
  }

  #nextResource(): boolean {
    const reader = this.#reader;
    reader.at = this.#requestAt;
    while (reader.at < this.#requestEnd) {
      const tag = reader.tag();
      if (tag === 10) {
        const end = reader.lengthEnd(this.#requestEnd);
        this.#resourceAt = reader.at;
        this.#resourceEnd = this.#requestAt = end;
        this.#resource = undefined;
        this.#lookThrough(end, this.#resourceRanges);
        return true;
      }
      reader.skip(tag, this.#requestEnd);
    }
    reader.close(this.#requestEnd);
    this.#requestAt = this.#requestEnd;
    return false;
  }

  #nextScope(): boolean {
    const reader = this.#reader;
    reader.at = this.#resourceAt;
    while (reader.at < this.#resourceEnd) {
      const tag = reader.tag();
      if (tag === 18) {
        const end = reader.lengthEnd(this.#resourceEnd);
        this.#scopeAt = reader.at;
        this.#scopeEnd = this.#resourceAt = end;
        this.#scope = undefined;
        this.#lookThrough(end, this.#scopeRanges);
        return true;
      }
      reader.skip(tag, this.#resourceEnd);
    }
    this.#resourceAt = this.#resourceEnd;
    return false;
  }

  /** Checks a section's frame and finds the parts of what its items share, which is field 1. */
  #lookThrough(end: number, found: Ranges): void {
    const reader = this.#reader;
    found.length = 0;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === 10) {
        const to = reader.lengthEnd(end);
        found.push(reader.at, to);
        reader.at = to;
      } else reader.skip(tag, end);
    }
    reader.close(end);
  }
}
