import { isUtf8 } from "node:buffer";

/** Texts up to this many UTF-16 units are written by a plain loop, which beats a call into the runtime. */
const loopLimit = 48;
/** The same for copies of so many bytes. */
const copyLoopLimit = 48;
/** Texts beyond this many units are measured first instead of reserving their worst case of three bytes a unit. */
const measuredLimit = 4096;
const initialCapacity = 1024;
/** A buffer that one large batch grew beyond this is given back once the batch is finished. */
const keptCapacity = 4 << 20;

const notHex = 0xff;
const hexValues = new Uint8Array(0x80).fill(notHex);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

const scratch = new BigInt64Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);
const scratchFloat = new Float64Array(scratch.buffer);

/** Copies `length` bytes from the start of `source` and returns the offset behind them. A few are copied by a loop. */
export function copyBytes(source: Uint8Array, length: number, target: Uint8Array, offset: number): number {
  if (length > copyLoopLimit) target.set(length === source.length ? source : source.subarray(0, length), offset);
  else for (let index = 0; index < length; index++) target[offset + index] = source[index] as number;
  return offset + length;
}

/** How many bytes the number takes as a varuint (LEB128). */
function varuintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Bytes that grow by doubling and are reused over batches. Appending allocates only when the capacity is used up. */
export class GrowingBytes {
  #bytes = Buffer.allocUnsafeSlow(initialCapacity);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Cuts back to a length that `length` gave before. */
  truncate(length: number): void {
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > keptCapacity) this.#bytes = Buffer.allocUnsafeSlow(initialCapacity);
  }

  /** Copies everything to `target` at `offset` and returns the offset behind it. */
  copyInto(target: Uint8Array, offset: number): number {
    return copyBytes(this.#bytes, this.#length, target, offset);
  }

  /** The same for what stands between two offsets. */
  copyRangeInto(from: number, to: number, target: Uint8Array, offset: number): number {
    return copyBytes(this.#bytes.subarray(from, to), to - from, target, offset);
  }

  appendByte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  appendRepeated(value: number, count: number): void {
    this.#reserve(count);
    const end = this.#length + count;
    if (count > copyLoopLimit) this.#bytes.fill(value, this.#length, end);
    else for (let at = this.#length; at < end; at++) this.#bytes[at] = value;
    this.#length = end;
  }

  /** Appends what the last `length` bytes are so many times. */
  repeatEnd(length: number, times: number): void {
    const start = this.#length - length;
    const end = this.#length + length * times;
    this.#reserve(length * times);
    const bytes = this.#bytes;
    // Doubled each time: a few calls for however many rows.
    for (let to = this.#length; to < end; ) {
      const count = Math.min(to - start, end - to);
      bytes.copyWithin(to, start, start + count);
      to += count;
    }
    this.#length = end;
  }

  appendUint16(value: number): void {
    this.#reserve(2);
    const bytes = this.#bytes;
    bytes[this.#length] = value;
    bytes[this.#length + 1] = value >>> 8;
    this.#length += 2;
  }

  appendUint32(value: number): void {
    this.#reserve(4);
    this.#putUint32(this.#length, value);
    this.#length += 4;
  }

  /** An integer between -2^53 and 2^53 as two's complement of 64 bits. */
  appendInt64(value: number): void {
    this.#reserve(8);
    this.#putUint32(this.#length, value >>> 0);
    this.#putUint32(this.#length + 4, Math.floor(value / 0x1_0000_0000) >>> 0);
    this.#length += 8;
  }

  appendBigInt64(value: bigint): void {
    scratch[0] = value;
    this.#reserve(8);
    copyBytes(scratchBytes, 8, this.#bytes, this.#length);
    this.#length += 8;
  }

  appendFloat64(value: number): void {
    scratchFloat[0] = value;
    this.#reserve(8);
    copyBytes(scratchBytes, 8, this.#bytes, this.#length);
    this.#length += 8;
  }

  appendVaruint(value: number): void {
    this.#reserve(10);
    this.#length = this.#putVaruint(this.#length, value);
  }

  appendBytes(value: Uint8Array): void {
    this.#reserve(value.length);
    copyBytes(value, value.length, this.#bytes, this.#length);
    this.#length += value.length;
  }

  /** The pairs of hex digits as bytes, exactly `byteLength` of them; throws a TypeError for any other text. */
  appendHex(hex: string, byteLength: number): void {
    this.#reserve(byteLength);
    const bytes = this.#bytes;
    let faults = hex.length ^ (byteLength * 2);
    for (let index = 0; index < byteLength; index++) {
      const high = hexValues[hex.charCodeAt(index * 2)] ?? notHex;
      const low = hexValues[hex.charCodeAt(index * 2 + 1)] ?? notHex;
      faults |= (high | low) & 0xf0;
      bytes[this.#length + index] = (high << 4) | low;
    }
    if (faults !== 0) {
      throw new TypeError(`expected ${byteLength * 2} hex digits, got ${JSON.stringify(hex.slice(0, 80))}`);
    }
    this.#length += byteLength;
  }

  /** A text as ClickHouse's String: its length in bytes as a varuint, then its UTF-8. */
  appendText(text: string): void {
    if (text.length === 0) this.appendByte(0);
    else if (text.length > loopLimit || !this.#appendShortAscii(text)) this.#appendUtf8(text);
  }

  /** The same for bytes that are UTF-8 already. */
  appendUtf8Bytes(bytes: Uint8Array): void {
    this.appendVaruint(bytes.length);
    this.appendBytes(bytes);
  }

  /** The bytes between the offsets, as they are. */
  appendRange(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.#reserve(length);
    const target = this.#bytes;
    const start = this.#length;
    if (length > copyLoopLimit) target.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length), start);
    else for (let index = 0; index < length; index++) target[start + index] = bytes[from + index] as number;
    this.#length = start + length;
  }

  /** A text whose UTF-8 stands between the offsets. Invalid UTF-8 is replaced, as `toString` does. */
  appendTextRange(bytes: Buffer, from: number, to: number, isAscii = false): void {
    const length = to - from;
    if (length > copyLoopLimit) {
      if (!isAscii && !isUtf8(bytes.subarray(from, to))) {
        this.appendText(bytes.toString("utf8", from, to));
        return;
      }
      this.#reserve(length + 10);
      const start = this.#putVaruint(this.#length, length);
      bytes.copy(this.#bytes, start, from, to);
      this.#length = start + length;
      return;
    }
    this.#reserve(length + 1);
    const target = this.#bytes;
    const start = this.#length + 1;
    let all = 0;
    for (let index = 0; index < length; index++) {
      const byte = bytes[from + index] as number;
      target[start + index] = byte;
      all |= byte;
    }
    if (all > 0x7f && !isUtf8(bytes.subarray(from, to))) this.appendText(bytes.toString("utf8", from, to));
    else {
      target[start - 1] = length;
      this.#length = start + length;
    }
  }

  /** A whole number as text: its decimal digits. Safe integers only. */
  appendIntegerText(value: number): void {
    if (value < 0 || value > 0x7fff_ffff) {
      this.appendText(String(value));
      return;
    }
    let digits = 1;
    for (let rest = value; rest > 9; rest = (rest / 10) | 0) digits++;
    this.#reserve(digits + 1);
    const bytes = this.#bytes;
    bytes[this.#length] = digits;
    const end = this.#length + digits;
    for (let at = end, rest = value; at > this.#length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = 48 + rest - next * 10;
      rest = next;
    }
    this.#length = end + 1;
  }

  #appendShortAscii(text: string): boolean {
    const length = text.length;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const start = this.#length;
    bytes[start] = length;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[start + 1 + index] = unit;
    }
    this.#length = start + 1 + length;
    return true;
  }

  // The prefix is written for a text of ASCII, which most are, and moved when the text turns out to be longer.
  #appendUtf8(text: string): void {
    const worstLength = text.length > measuredLimit ? Buffer.byteLength(text) : text.length * 3;
    this.#reserve(worstLength + 10);
    const start = this.#length;
    const guessed = varuintLength(text.length);
    const written = this.#bytes.write(text, start + guessed);
    const needed = varuintLength(written);
    if (needed !== guessed) this.#bytes.copyWithin(start + needed, start + guessed, start + guessed + written);
    this.#length = this.#putVaruint(start, written) + written;
  }

  #putUint32(offset: number, value: number): void {
    const bytes = this.#bytes;
    bytes[offset] = value;
    bytes[offset + 1] = value >>> 8;
    bytes[offset + 2] = value >>> 16;
    bytes[offset + 3] = value >>> 24;
  }

  #putVaruint(offset: number, value: number): number {
    let rest = value;
    let end = offset;
    while (rest >= 0x80) {
      this.#bytes[end++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[end++] = rest;
    return end;
  }

  #reserve(byteCount: number): void {
    if (this.#length + byteCount <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + byteCount));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
