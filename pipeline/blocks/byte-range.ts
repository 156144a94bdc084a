/**
 * Bytes that stand in a larger buffer, such as a request's body: a column copies them, and no string is made of them.
 * Reusable: a column has read it when `append` returns, and keeps nothing of it.
 */
export class ByteRange {
  bytes: Buffer = noBytes;
  from = 0;
  to = 0;

  /** True where the bytes are known to be ASCII, so that nobody need look again. */
  isAscii = false;

  /** Points at other bytes; returns itself. */
  set(bytes: Buffer, from: number, to: number, isAscii = false): this {
    this.isAscii = isAscii;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    return this;
  }
}

const noBytes = Buffer.alloc(0);
