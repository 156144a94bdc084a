/** Takes the events of a stream, in order. */
export interface EventSink {
  /**
   * One event's data, and its name where the framing has one beside the data ("" where not). The bytes are only lent:
   * they may be overwritten after the call returns.
   */
  onEvent(data: Buffer, start: number, end: number, type: string): void;
}

/** Cuts a stream into events as its bytes pass; a read may end anywhere. */
export interface Framer {
  /** Events that were longer than the limit and therefore skipped. */
  readonly skippedEvents: number;
  /** The stream is not what it should be: nothing more can be read from it. */
  readonly isDamaged: boolean;
  push(chunk: Buffer): void;
  /** The stream is over. */
  end(): void;
}

const lineFeed = 10;
const carriageReturn = 13;
const colon = 0x3a;
const space = 0x20;
const newline = Buffer.from("\n");

/**
 * Cuts a Server-Sent Events stream into events as its bytes pass: lines may end in LF, CRLF or a lone CR, `data:` may
 * lack its space, an event may have several data lines, comments and other fields are skipped, and a read may end
 * anywhere, inside a UTF-8 sequence or between CR and LF too. Event names are not read: every API that has them says
 * the same in its data.
 */
export class EventFramer implements Framer {
  skippedEvents = 0;
  readonly isDamaged = false;

  readonly #sink: EventSink;
  readonly #lineLimitBytes: number;
  #carried: Buffer[] = [];
  #carriedLength = 0;
  #lineIsTooLong = false;
  #skipLineFeed = false;
  #isFirstLine = true;
  #data: Buffer | undefined;
  #dataStart = 0;
  #dataEnd = 0;

  constructor(sink: EventSink, lineLimitBytes: number) {
    this.#sink = sink;
    this.#lineLimitBytes = lineLimitBytes;
  }

  push(chunk: Buffer): void {
    let position = 0;
    if (this.#skipLineFeed && chunk.length > 0) {
      this.#skipLineFeed = false;
      if (chunk[0] === lineFeed) position = 1;
    }
    // The next line feed and carriage return are looked up once each, so that a chunk is scanned twice at most.
    let nextLf = chunk.indexOf(lineFeed, position);
    let nextCr = chunk.indexOf(carriageReturn, position);
    while (nextLf !== -1 || nextCr !== -1) {
      const isCr = nextLf === -1 || (nextCr !== -1 && nextCr < nextLf);
      const lineEnd = isCr ? nextCr : nextLf;
      let next = lineEnd + 1;
      if (isCr) {
        if (chunk[next] === lineFeed) next += 1;
        else if (next === chunk.length) this.#skipLineFeed = true;
      }
      this.#endLine(chunk, position, lineEnd);
      position = next;
      if (nextLf !== -1 && nextLf < next) nextLf = chunk.indexOf(lineFeed, next);
      if (nextCr !== -1 && nextCr < next) nextCr = chunk.indexOf(carriageReturn, next);
    }
    if (position < chunk.length) this.#carry(chunk.subarray(position));
  }

  /** The stream is over: an event that lacks its blank line (some servers forget the last one) is handed on too. */
  end(): void {
    if (this.#carriedLength > 0) this.#endLine(newline, 0, 0);
    this.#dispatch();
  }

  #carry(rest: Buffer): void {
    this.#carriedLength += rest.length;
    if (this.#carriedLength > this.#lineLimitBytes) {
      this.#lineIsTooLong = true;
      this.#carried = [];
    } else {
      this.#carried.push(rest);
    }
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#carriedLength === 0) {
      this.#line(chunk, start, end);
      return;
    }
    this.#carry(chunk.subarray(start, end));
    const line = this.#lineIsTooLong ? undefined : Buffer.concat(this.#carried, this.#carriedLength);
    this.#carried = [];
    this.#carriedLength = 0;
    this.#lineIsTooLong = false;
    if (line === undefined) this.skippedEvents += 1;
    else this.#line(line, 0, line.length);
  }

  #line(bytes: Buffer, lineStart: number, end: number): void {
    let start = lineStart;
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3;
    }
    if (start === end) {
      this.#dispatch();
      return;
    }
    if (!isDataLine(bytes, start, end)) return;
    let valueStart = Math.min(start + 5, end);
    if (valueStart < end && bytes[valueStart] === space) valueStart += 1;
    this.#addData(bytes, valueStart, end);
  }

  #addData(bytes: Buffer, start: number, end: number): void {
    if (this.#data === undefined) {
      this.#data = bytes;
      this.#dataStart = start;
      this.#dataEnd = end;
      return;
    }
    const before = this.#data.subarray(this.#dataStart, this.#dataEnd);
    this.#data = Buffer.concat([before, newline, bytes.subarray(start, end)]);
    this.#dataStart = 0;
    this.#dataEnd = this.#data.length;
  }

  #dispatch(): void {
    const data = this.#data;
    if (data === undefined) return;
    this.#data = undefined;
    this.#sink.onEvent(data, this.#dataStart, this.#dataEnd, "");
  }
}

function isDataLine(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x64 || bytes[start + 1] !== 0x61 || bytes[start + 2] !== 0x74 || bytes[start + 3] !== 0x61) {
    return false;
  }
  return start + 4 === end || (start + 4 < end && bytes[start + 4] === colon);
}
