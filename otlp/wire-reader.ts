import { MalformedOtlpError } from "./malformed.ts";

/** Groups inside groups, and AnyValues inside AnyValues, that are followed; deeper ones are refused. */
export const deepestNesting = 64;

/**
 * Reads protobuf's wire format from one place on. Nothing is copied. Each method leaves `at` behind what it read and
 * throws a MalformedOtlpError when that cannot be; a number that runs over the end of its message is noticed by
 * `close`, which ends the reading of each message.
 */
export class WireReader {
  bytes: Buffer = emptyBytes;
  at = 0;

  /** The tag of the next field: its number times 8, and its wire type. */
  tag(): number {
    const first = this.bytes[this.at] as number;
    if (first < 0x80 && first > 7) {
      this.at++;
      return first;
    }
    const from = this.at;
    const tag = this.varint();
    if (tag < 8 || tag > 0xffff_ffff) throw MalformedOtlpError.at(from, "there is no such field number");
    return tag;
  }

  /** An unsigned varint, exact up to 2^53. */
  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < 10; count++) {
      byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw MalformedOtlpError.at(this.at - 10, "a number has no end");
  }

  /** A varint of 64 bits in two's complement: a number where it is exact, else a bigint. */
  int64(): number | bigint {
    const from = this.at;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return int64Of(high, low);
    }
    throw MalformedOtlpError.at(from, "a number has no end");
  }

  /** A varint of 32 bits in two's complement; higher bits are dropped. */
  int32(): number {
    const value = this.int64();
    return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
  }

  sint32(): number {
    const value = this.int32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    return this.int64() !== 0;
  }

  fixed64(): bigint {
    const from = this.#fixed(8);
    return this.bytes.readBigUInt64LE(from);
  }

  double(): number {
    const from = this.#fixed(8);
    return this.bytes.readDoubleLE(from);
  }

  fixed32(): number {
    const from = this.#fixed(4);
    return this.bytes.readUInt32LE(from);
  }

  #fixed(byteCount: number): number {
    const from = this.at;
    this.at += byteCount;
    if (this.at > this.bytes.length) throw MalformedOtlpError.at(from, "a number is cut off");
    return from;
  }

  /** Reads a length; returns where what it measures ends. */
  lengthEnd(end: number): number {
    const length = this.varint();
    const to = this.at + length;
    // Written so that NaN, from beyond the bytes, fails too.
    if (!(to <= end)) throw MalformedOtlpError.at(this.at, "a length runs over the end of its message");
    return to;
  }

  /** The text of a length-delimited field. Invalid UTF-8 is replaced. */
  text(end: number): string {
    const to = this.lengthEnd(end);
    const text = this.bytes.toString("utf8", this.at, to);
    this.at = to;
    return text;
  }

  /** Bytes as lower-case hex. */
  hex(end: number): string {
    const to = this.lengthEnd(end);
    const text = this.bytes.toString("hex", this.at, to);
    this.at = to;
    return text;
  }

  /** Passes over a field of any type. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.at += 8;
        return;
      case 2:
        this.at = this.lengthEnd(end);
        return;
      case 3:
        this.#skipGroup(tag, end, depth);
        return;
      case 5:
        this.at += 4;
        return;
      default:
        throw MalformedOtlpError.at(this.at, `a field is of the unknown wire type ${tag & 7}`);
    }
  }

  #skipGroup(startTag: number, end: number, depth: number): void {
    if (depth >= deepestNesting) throw MalformedOtlpError.at(this.at, "groups are nested too deep");
    while (this.at < end) {
      const tag = this.tag();
      if ((tag & 7) === 4) {
        if (tag !== startTag + 1) throw MalformedOtlpError.at(this.at, "a group ends that did not begin");
        return;
      }
      this.skip(tag, end, depth + 1);
    }
    throw MalformedOtlpError.at(this.at, "a group has no end");
  }

  /** To be called once a message's fields are read: throws when the last one ran over the message's end. */
  close(end: number): void {
    if (this.at !== end) throw MalformedOtlpError.at(end, "the last field runs over the end of its message");
  }
}

const emptyBytes = Buffer.alloc(0);

function int64Of(high: number, low: number): number | bigint {
  const value = high * 0x1_0000_0000 + (low >>> 0);
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** The bytes as a Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
