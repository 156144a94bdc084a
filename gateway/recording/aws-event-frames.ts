import { crc32 } from "node:zlib";
import type { EventSink, Framer } from "./frames.ts";

/** Total length, length of the headers, and their CRC. */
const preludeBytes = 12;
const crcBytes = 4;

/**
 * Cuts `application/vnd.amazon.eventstream` into messages as its bytes pass. Each is: total length and headers' length
 * (big-endian, 32 bits), CRC-32 of these, headers, payload, CRC-32 of all before it. After a message whose checksum or
 * lengths are wrong nothing more can be told apart, so that the rest is left alone.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export class AwsEventFramer implements Framer {
  skippedEvents = 0;
  isDamaged = false;

  readonly #sink: EventSink;
  readonly #limitBytes: number;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of a message that was too long to hold which are still to come. */
  #toSkip = 0;
  #parts: Buffer[] = [];
  #partsLength = 0;
  /** How many bytes must be there before it is worth looking again. */
  #needed = preludeBytes;

  constructor(sink: EventSink, limitBytes: number) {
    this.#sink = sink;
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    if (this.isDamaged) return;
    let rest = chunk;
    if (this.#toSkip > 0) {
      const skipped = Math.min(this.#toSkip, rest.length);
      this.#toSkip -= skipped;
      rest = rest.subarray(skipped);
    }
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#partsLength += rest.length;
    if (this.#partsLength < this.#needed) return;
    const [only] = this.#parts;
    this.#held = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    this.#cut();
  }

  end(): void {
    this.#parts = [];
    this.#partsLength = 0;
  }

  #cut(): void {
    const bytes = this.#held;
    let at = 0;
    this.#needed = preludeBytes;
    while (bytes.length - at >= preludeBytes) {
      const total = bytes.readUInt32BE(at);
      const headersLength = bytes.readUInt32BE(at + 4);
      if (!isPrelude(bytes, at, total, headersLength)) {
        this.isDamaged = true;
        return;
      }
      if (total > this.#limitBytes) {
        this.skippedEvents += 1;
        const there = Math.min(total, bytes.length - at);
        this.#toSkip = total - there;
        at += there;
        continue;
      }
      if (bytes.length - at < total) {
        this.#needed = total;
        break;
      }
      if (crc32(bytes.subarray(at, at + total - crcBytes)) !== bytes.readUInt32BE(at + total - crcBytes)) {
        this.isDamaged = true;
        return;
      }
      this.#message(bytes, at, total, headersLength);
      at += total;
    }
    const rest = bytes.subarray(at);
    this.#held = Buffer.alloc(0);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#partsLength = rest.length;
  }

  #message(bytes: Buffer, at: number, total: number, headersLength: number): void {
    const headersEnd = at + preludeBytes + headersLength;
    const headers = stringHeaders(bytes, at + preludeBytes, headersEnd);
    const type = headers[":event-type"] ?? headers[":exception-type"] ?? headers[":error-code"] ?? "";
    this.#sink.onEvent(bytes, headersEnd, at + total - crcBytes, type);
  }
}

function isPrelude(bytes: Buffer, at: number, total: number, headersLength: number): boolean {
  if (total < preludeBytes + headersLength + crcBytes) return false;
  return crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32BE(at + 8);
}

/** Bytes of a header's value by its type; -1: the first two say how many. 7 is a string. */
const valueBytes: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const stringType = 7;

function stringHeaders(bytes: Buffer, start: number, end: number): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = start;
  while (at < end) {
    const nameEnd = at + 1 + (bytes[at] as number);
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const type = bytes[nameEnd];
    const fixed = valueBytes[type ?? -1];
    let valueStart = nameEnd + 1;
    if (fixed === undefined || valueStart > end) break;
    let length = fixed;
    if (length === -1) {
      if (valueStart + 2 > end) break;
      length = bytes.readUInt16BE(valueStart);
      valueStart += 2;
    }
    if (valueStart + length > end) break;
    if (type === stringType) headers[name] = bytes.toString("utf8", valueStart, valueStart + length);
    at = valueStart + length;
  }
  return headers;
}

/** One message with string headers: what `AwsEventFramer` reads. For mock providers and tests. */
export function encodeAwsEvent(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const encoded = Object.entries(headers).map(([name, value]) => {
    const text = Buffer.from(value);
    const head = Buffer.from([
      name.length,
      ...Buffer.from(name, "latin1"),
      stringType,
      text.length >> 8,
      text.length & 255,
    ]);
    return Buffer.concat([head, text]);
  });
  const headerBytes = Buffer.concat(encoded);
  const message = Buffer.alloc(preludeBytes + headerBytes.length + payload.length + crcBytes);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headerBytes.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headerBytes.copy(message, preludeBytes);
  message.set(payload, preludeBytes + headerBytes.length);
  message.writeUInt32BE(crc32(message.subarray(0, message.length - crcBytes)), message.length - crcBytes);
  return message;
}
