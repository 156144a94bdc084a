const literalLimit = 60;

/**
 * Bytes in Snappy's block format, as remote write wants them, put down as they are: what a process has counted is a
 * few hundred kilobytes a minute, which is not worth a compressor.
 * https://github.com/google/snappy/blob/main/format_description.txt
 */
export function snappyBlock(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from(varint(bytes.length))];
  for (let at = 0; at < bytes.length; at += 0x1_0000) {
    const literal = bytes.subarray(at, at + 0x1_0000);
    parts.push(literalTag(literal.length - 1), literal);
  }
  return Buffer.concat(parts);
}

/** The length less one: in the tag up to 59, else in the one or two bytes behind it. */
function literalTag(length: number): Buffer {
  if (length < literalLimit) return Buffer.of(length << 2);
  if (length < 0x100) return Buffer.of(60 << 2, length);
  return Buffer.of(61 << 2, length & 0xff, length >> 8);
}

/** Protobuf's and Snappy's spelling of an unsigned integer up to 2^53. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
