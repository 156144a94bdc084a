import type { BodySink } from "./body-reader.ts";
import { HttpFault } from "./http-fault.ts";

const carriageReturn = 13;
const lineFeed = 10;
/** A size over 2^48 bytes is no size. */
const sizeDigits = 12;
const lineLimitBytes = 4 << 10;
const trailersLimitBytes = 16 << 10;
/** Sizes with their extensions (RFC 9112 section 7.1.1), which are checked and otherwise ignored. */
const sizeLine = new RegExp(
  "^[0-9A-Fa-f]{1,12}(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+" +
    '(?:=(?:[!#$%&\'*+.^_`|~0-9A-Za-z-]+|"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"))?)*$',
);
/** What may not come as a trailer, being needed before it (RFC 9110 section 6.5.1); one who heeds it is out of step. */
const framingFields = /^(?:transfer-encoding|content-length|host)$/i;
const trailerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/** Undoes the chunked transfer coding (RFC 9112 section 7.1), cut by reads anywhere. Strict: only CRLF ends a line. */
export class ChunkedReader {
  /** Names and values in turn. */
  readonly trailers: string[] = [];
  /** Up to where the last pushed bytes were read and found right. */
  position = 0;

  #state: "size" | "data" | "dataEnd" | "trailers" | "ended" = "size";
  #leftBytes = 0;
  /** The part of a line that came with an earlier read. */
  #line = "";
  #trailerBytes = 0;

  /** Hands on the data; true when the body's end was met. Throws `HttpFault`. */
  push(bytes: Buffer, start: number, sink: BodySink): boolean {
    this.position = start;
    while (this.position < bytes.length && this.#state !== "ended") {
      if (this.#state === "data") this.#readData(bytes, sink);
      else if (this.#state === "dataEnd") this.#readDataEnd(bytes);
      else if (this.#state === "size") this.#readSize(bytes);
      else this.#readTrailer(bytes);
    }
    return this.#state === "ended";
  }

  #readData(bytes: Buffer, sink: BodySink): void {
    const from = this.position;
    const end = Math.min(bytes.length, from + this.#leftBytes);
    this.#leftBytes -= end - from;
    this.position = end;
    sink.onBodyData(bytes.subarray(from, end));
    if (this.#leftBytes === 0) {
      this.#state = "dataEnd";
      this.#leftBytes = 2;
    }
  }

  #readDataEnd(bytes: Buffer): void {
    if (bytes[this.position] !== (this.#leftBytes === 2 ? carriageReturn : lineFeed)) {
      throw broken("a chunk is longer than its size");
    }
    this.position += 1;
    this.#leftBytes -= 1;
    if (this.#leftBytes === 0) this.#state = "size";
  }

  #readSize(bytes: Buffer): void {
    const size = this.#line === "" ? this.#plainSize(bytes) : -1;
    if (size !== -1) {
      this.#beginChunk(size);
      return;
    }
    const from = this.position;
    const line = this.#readLine(bytes);
    if (line === undefined) return;
    if (!sizeLine.test(line)) throw this.#brokenAt(from, "a chunk has no valid size");
    this.#beginChunk(Number.parseInt(line, 16));
  }

  /** The size when its line is whole and has nothing else, as nearly all have; else -1. */
  #plainSize(bytes: Buffer): number {
    let at = this.position;
    let size = 0;
    const limit = Math.min(bytes.length - 1, at + sizeDigits + 1);
    for (; at < limit; at += 1) {
      const code = bytes[at] as number;
      if (code === carriageReturn) break;
      const digit = hexDigit(code);
      if (digit === -1) return -1;
      size = size * 16 + digit;
    }
    if (at >= limit || at === this.position || bytes[at + 1] !== lineFeed) return -1;
    this.position = at + 2;
    return size;
  }

  #beginChunk(size: number): void {
    this.#leftBytes = size;
    this.#state = size === 0 ? "trailers" : "data";
  }

  #readTrailer(bytes: Buffer): void {
    const from = this.position;
    const line = this.#readLine(bytes);
    if (line === undefined) return;
    if (line === "") {
      this.#state = "ended";
      return;
    }
    this.#trailerBytes += line.length;
    const match = trailerLine.exec(line);
    if (match === null) throw this.#brokenAt(from, "a trailer is no header line");
    if (framingFields.test(match[1] as string)) throw this.#brokenAt(from, "a trailer says how it is framed");
    if (this.#trailerBytes > trailersLimitBytes) throw this.#brokenAt(from, "its trailers are too long");
    this.trailers.push(match[1] as string, match[2] as string);
  }

  /** What was read up to there is right. */
  #brokenAt(position: number, what: string): HttpFault {
    this.position = position;
    return broken(what);
  }

  /** The line under way, once its CRLF is there. */
  #readLine(bytes: Buffer): string | undefined {
    const end = bytes.indexOf(lineFeed, this.position);
    const part = bytes.toString("latin1", this.position, end === -1 ? bytes.length : end);
    const line = this.#line + part;
    if (line.length > lineLimitBytes) throw broken("a line of its framing is too long");
    if (end === -1) {
      // Refused as soon as it is seen, not when the line ends.
      const isCrElsewhere = line.indexOf("\r") !== -1 && line.indexOf("\r") !== line.length - 1;
      if (isCrElsewhere) throw broken("a bare carriage return");
      this.#line = line;
      this.position = bytes.length;
      return undefined;
    }
    if (!line.endsWith("\r")) throw broken("a bare line feed");
    this.#line = "";
    this.position = end + 1;
    return line.slice(0, -1);
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function broken(what: string): HttpFault {
  return new HttpFault(400, `The chunked body is broken: ${what}.`);
}
