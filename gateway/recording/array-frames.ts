import type { EventSink, Framer } from "./frames.ts";

const quote = 0x22;
const backslash = 0x5c;

/**
 * Cuts one JSON document into the objects of its top-level array as its bytes pass: the streams of Gemini and Vertex
 * without `alt=sse`. A document that is a single object is one event, and so are objects that stand side by side.
 */
export class ArrayFramer implements Framer {
  skippedEvents = 0;
  readonly isDamaged = false;

  readonly #sink: EventSink;
  readonly #limitBytes: number;
  /** Braces and brackets that are open within the object under way. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #carried: Buffer[] = [];
  #carriedLength = 0;

  constructor(sink: EventSink, limitBytes: number) {
    this.#sink = sink;
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    let start = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isInString) {
        at = this.#stringEnd(chunk, at);
        continue;
      }
      const byte = chunk[at] as number;
      if (this.#depth === 0) {
        // Outside of objects there are only the array's own brackets, commas and spaces.
        if (byte !== 0x7b) continue;
        start = at;
        this.#depth = 1;
      } else if (byte === quote) this.#isInString = true;
      else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
      else if (byte === 0x7d || byte === 0x5d) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        this.#endObject(chunk, start, at + 1);
        start = -1;
      }
    }
    if (start !== -1) this.#carry(chunk.subarray(start));
  }

  end(): void {
    // An object that was cut off is no event.
    this.#carried = [];
    this.#carriedLength = 0;
  }

  /** Index of the string's closing quote, or of the chunk's last byte. */
  #stringEnd(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === backslash) this.#isEscaped = true;
      else if (byte === quote) {
        this.#isInString = false;
        return at;
      }
    }
    return chunk.length - 1;
  }

  #carry(part: Buffer): void {
    this.#carriedLength += part.length;
    if (this.#carriedLength <= this.#limitBytes) this.#carried.push(part);
    else this.#carried = [];
  }

  #endObject(chunk: Buffer, start: number, end: number): void {
    if (this.#carriedLength === 0) {
      this.#sink.onEvent(chunk, start, end, "");
      return;
    }
    this.#carry(chunk.subarray(start, end));
    const object = this.#carriedLength <= this.#limitBytes ? Buffer.concat(this.#carried) : undefined;
    this.#carried = [];
    this.#carriedLength = 0;
    if (object === undefined) this.skippedEvents += 1;
    else this.#sink.onEvent(object, 0, object.length, "");
  }
}
