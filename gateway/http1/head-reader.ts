import { HttpFault } from "./http-fault.ts";

const headEnd = Buffer.from("\r\n\r\n");
const carriageReturn = 13;
const lineFeed = 10;

/**
 * Gathers the bytes of a message's head, wherever the reads cut it. A head that comes in one read, as nearly all do,
 * is not copied.
 */
export class HeadReader {
  /** Offset in the last pushed chunk of the byte after the head. */
  end = 0;
  readonly #limitBytes: number;
  readonly #begins: string;
  #held: Buffer | undefined;
  #heldLength = 0;

  /** `begins`: how every head of the kind begins; what does not is refused at once, not when its end fails to come. */
  constructor(limitBytes: number, begins = "") {
    this.#limitBytes = limitBytes;
    this.#begins = begins;
  }

  /** A head has begun and is not whole yet. */
  get isWithin(): boolean {
    return this.#heldLength > 0;
  }

  /**
   * The head's text without its blank line, once the chunk from `start` on completes it; undefined before. Empty lines
   * before the head are skipped (RFC 9112 section 2.2). Throws `HttpFault`.
   */
  push(chunk: Buffer, start: number): string | undefined {
    let from = start;
    if (this.#endsEmptyLine(chunk, from)) from += 1;
    if (this.#held === undefined) {
      while (from + 1 < chunk.length && chunk[from] === carriageReturn && chunk[from + 1] === lineFeed) from += 2;
      const end = chunk.indexOf(headEnd, from);
      if (end !== -1) {
        if (end - from > this.#limitBytes) throw tooLong(chunk, from, end);
        this.end = end + headEnd.length;
        return chunk.toString("latin1", from, end);
      }
    }
    return from === chunk.length ? undefined : this.#gather(chunk, from);
  }

  #gather(chunk: Buffer, from: number): string | undefined {
    const before = this.#heldLength;
    const held = this.#append(chunk, from);
    const end = held.indexOf(headEnd, Math.max(0, before - headEnd.length + 1));
    if (end === -1) {
      if (held.length > this.#limitBytes) throw tooLong(held, 0, held.length);
      refuseBareLineFeed(held, before);
      this.#refuseOtherProtocol();
      return undefined;
    }
    if (end > this.#limitBytes) throw tooLong(held, 0, end);
    this.end = from + (end + headEnd.length - before);
    this.#held = undefined;
    this.#heldLength = 0;
    return held.toString("latin1", 0, end);
  }

  /** All that is held, the chunk included. The room doubles, so that a head of single bytes is not copied each time. */
  #append(chunk: Buffer, from: number): Buffer {
    // What is more than a head may be is not copied.
    const size = Math.min(chunk.length - from, this.#limitBytes + headEnd.length + 1);
    const needed = this.#heldLength + size;
    let held = this.#held;
    if (held === undefined || held.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(1024, needed, (held?.length ?? 0) * 2));
      held?.copy(grown, 0, 0, this.#heldLength);
      held = grown;
      this.#held = grown;
    }
    chunk.copy(held, this.#heldLength, from, from + size);
    this.#heldLength = needed;
    return held.subarray(0, needed);
  }

  /** HTTP/2, TLS or SSH on a connection would wait for us as we wait for them. */
  #refuseOtherProtocol(): void {
    const length = Math.min(this.#heldLength, this.#begins.length);
    if (length === 0 || this.#held?.[0] === carriageReturn) return;
    if (this.#held?.toString("latin1", 0, length) === this.#begins.slice(0, length)) return;
    throw new HttpFault(400, "The message is not valid HTTP/1.1: it does not begin as one.");
  }

  /** An empty line that was cut within ends with the chunk's first byte; what is held of it is dropped. */
  #endsEmptyLine(chunk: Buffer, from: number): boolean {
    if (this.#heldLength !== 1 || this.#held?.[0] !== carriageReturn || chunk[from] !== lineFeed) return false;
    this.#held = undefined;
    this.#heldLength = 0;
    return true;
  }
}

/** Refused at once: its sender takes the head for whole and waits. */
function refuseBareLineFeed(bytes: Buffer, from: number): void {
  let at = bytes.indexOf(lineFeed, from);
  while (at !== -1) {
    if (bytes[at - 1] !== carriageReturn) throw new HttpFault(400, "A line of the head ends in a bare line feed.");
    at = bytes.indexOf(lineFeed, at + 1);
  }
}

function tooLong(bytes: Buffer, from: number, end: number): HttpFault {
  const firstLine = bytes.indexOf(lineFeed, from);
  const isInFirstLine = firstLine === -1 || firstLine >= end;
  return isInFirstLine
    ? new HttpFault(414, "The request's path is too long.")
    : new HttpFault(431, "The headers are larger than this gateway takes.");
}
