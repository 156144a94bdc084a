import type { EventSink, Framer } from "./frames.ts";

const lineFeed = 10;
const carriageReturn = 13;
const space = 0x20;

/** Cuts newline-delimited JSON into its lines as its bytes pass. Empty lines are none; the last may lack its end. */
export class LineFramer implements Framer {
  skippedEvents = 0;
  readonly isDamaged = false;

  readonly #sink: EventSink;
  readonly #lineLimitBytes: number;
  #carried: Buffer[] = [];
  #carriedLength = 0;

  constructor(sink: EventSink, lineLimitBytes: number) {
    this.#sink = sink;
    this.#lineLimitBytes = lineLimitBytes;
  }

  push(chunk: Buffer): void {
    let position = 0;
    let lineEnd = chunk.indexOf(lineFeed, position);
    while (lineEnd !== -1) {
      this.#endLine(chunk, position, lineEnd);
      position = lineEnd + 1;
      lineEnd = chunk.indexOf(lineFeed, position);
    }
    if (position < chunk.length) this.#carry(chunk.subarray(position));
  }

  end(): void {
    if (this.#carriedLength > 0) this.#endLine(Buffer.alloc(0), 0, 0);
  }

  #carry(rest: Buffer): void {
    this.#carriedLength += rest.length;
    if (this.#carriedLength <= this.#lineLimitBytes) this.#carried.push(rest);
    else this.#carried = [];
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#carriedLength === 0) {
      this.#line(chunk, start, end);
      return;
    }
    this.#carry(chunk.subarray(start, end));
    const line = this.#carriedLength <= this.#lineLimitBytes ? Buffer.concat(this.#carried) : undefined;
    this.#carried = [];
    this.#carriedLength = 0;
    if (line === undefined) this.skippedEvents += 1;
    else this.#line(line, 0, line.length);
  }

  #line(bytes: Buffer, lineStart: number, lineEnd: number): void {
    let start = lineStart;
    let end = lineEnd;
    while (end > start && isBlank(bytes[end - 1])) end -= 1;
    while (start < end && isBlank(bytes[start])) start += 1;
    if (start < end) this.#sink.onEvent(bytes, start, end, "");
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === carriageReturn || byte === 9;
}
