import { crc32 } from "node:zlib";
import { columnsVersion, type TableName } from "@weir/model";
import type { SegmentKey } from "./layout.ts";

/*
 * A frame, little-endian:
 *   0 magic u32           of the segment
 *   4 length u32          of what follows the header
 *   8 crc u32             over length, the header from byte 12 on, and what follows
 *  12 kind u8, table u8, columnsVersion u16
 *  16 rowCount u32
 *  20 closesCount u32
 *  24 time f64            ms since 1970, when it was written
 *  32 closes, u64 each; then the block (ROWS) or JSON (OPEN, SNAPSHOT)
 */
export const headerLength = 32;
const crcFrom = 12;
/** No frame is longer; a length beyond it is damage. */
export const longestFrame = 512 << 20;

/** Rows, and the numbers of the announced calls that they complete. */
export const rowsKind = 1;
/** Calls that were announced. */
export const openKind = 2;
/** First in each segment: the calls still open then, and where the segment before it ends. */
export const snapshotKind = 3;
type FrameKind = typeof rowsKind | typeof openKind | typeof snapshotKind;

/** The number of a table in a frame. Never reused. */
const tableNumbers = { spans: 1, logs: 2, metric_points: 3 } as const satisfies Record<TableName, number>;
const tableNames = new Map<number, TableName>(
  Object.entries(tableNumbers).map(([name, number]) => [number, name as TableName]),
);
const noTable = 0;

export interface FrameContent {
  readonly kind: FrameKind;
  readonly table?: TableName;
  readonly rowCount?: number;
  readonly closes?: readonly number[];
  readonly body: Uint8Array;
}

/** A frame as buffers to be written one behind the other. The body is not copied. */
export interface EncodedFrame {
  readonly head: Buffer;
  readonly body: Uint8Array;
  readonly length: number;
}

/** Lays the frame out but for magic and checksum, which `sealFrame` sets once its segment is known. */
export function encodeFrame(content: FrameContent, timeMs: number): EncodedFrame {
  const closes = content.closes ?? [];
  const head = Buffer.allocUnsafe(headerLength + closes.length * 8);
  const length = head.length + content.body.length;
  head.writeUInt32LE(length - headerLength, 4);
  head.writeUInt8(content.kind, 12);
  head.writeUInt8(content.table === undefined ? noTable : tableNumbers[content.table], 13);
  head.writeUInt16LE(columnsVersion, 14);
  head.writeUInt32LE(content.rowCount ?? 0, 16);
  head.writeUInt32LE(closes.length, 20);
  head.writeDoubleLE(timeMs, 24);
  closes.forEach((callNumber, index) => {
    head.writeBigUInt64LE(BigInt(callNumber), headerLength + index * 8);
  });
  return { head, body: content.body, length };
}

export function sealFrame({ head, body }: EncodedFrame, { magic, seed }: SegmentKey): void {
  head.writeUInt32LE(magic, 0);
  const overHead = crc32(head.subarray(crcFrom), crc32(head.subarray(4, 8), seed));
  head.writeUInt32LE(crc32(body, overHead), 8);
}

/** A frame read back. `closes` and `body` are views on the bytes it was read from. */
export interface Frame {
  readonly kind: FrameKind;
  readonly table: TableName | undefined;
  readonly columnsVersion: number;
  readonly rowCount: number;
  readonly closes: readonly number[];
  readonly timeMs: number;
  readonly body: Buffer;
  /** Where it stands in its segment. */
  readonly start: number;
  readonly end: number;
}

/** `missing`: the bytes end before the frame does, if it is one. */
export type FrameFault = { readonly fault: "damaged" } | { readonly fault: "missing"; readonly wanted: number };

const damaged: FrameFault = { fault: "damaged" };

/** Reads the frame at `offset` of `bytes`, which stand at `base` in the segment. Never throws, whatever the bytes. */
export function readFrame(bytes: Buffer, offset: number, base: number, key: SegmentKey): Frame | FrameFault {
  if (offset + headerLength > bytes.length) return { fault: "missing", wanted: headerLength };
  if (bytes.readUInt32LE(offset) !== key.magic) return damaged;
  const length = bytes.readUInt32LE(offset + 4);
  const closesCount = bytes.readUInt32LE(offset + 20);
  if (length > longestFrame || closesCount * 8 > length) return damaged;
  const end = offset + headerLength + length;
  if (end > bytes.length) return { fault: "missing", wanted: headerLength + length };
  const overLength = crc32(bytes.subarray(offset + 4, offset + 8), key.seed);
  if (crc32(bytes.subarray(offset + crcFrom, end), overLength) !== bytes.readUInt32LE(offset + 8)) return damaged;
  const closesFrom = offset + headerLength;
  return {
    kind: bytes.readUInt8(offset + 12) as FrameKind,
    table: tableNames.get(bytes.readUInt8(offset + 13)),
    columnsVersion: bytes.readUInt16LE(offset + 14),
    rowCount: bytes.readUInt32LE(offset + 16),
    closes: Array.from({ length: closesCount }, (_, index) => Number(bytes.readBigUInt64LE(closesFrom + index * 8))),
    timeMs: bytes.readDoubleLE(offset + 24),
    body: bytes.subarray(closesFrom + closesCount * 8, end),
    start: base + offset,
    end: base + end,
  };
}

/** A part of a segment that is no frame. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface ReadFrames {
  readonly frames: readonly Frame[];
  /** Damage between whole frames. */
  readonly gaps: readonly Gap[];
  /** Where reading stopped: the end of the last whole frame, in the segment. */
  readonly end: number;
  /** What stands there: nothing more, a frame that the bytes cut off, or damage with no whole frame behind it. */
  readonly rest: "nothing" | FrameFault;
}

/** Reads whole frames until the bytes end, skipping damage when a whole frame follows it. Never throws. */
export function readFrames(bytes: Buffer, base: number, key: SegmentKey): ReadFrames {
  const frames: Frame[] = [];
  const gaps: Gap[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const frame = readFrame(bytes, offset, base, key);
    if ("fault" in frame) {
      const next = findFrame(bytes, offset + 1, base, key);
      if (next === undefined) return { frames, gaps, end: base + offset, rest: frame };
      gaps.push({ from: base + offset, to: base + next });
      offset = next;
    } else {
      frames.push(frame);
      offset = frame.end - base;
    }
  }
  return { frames, gaps, end: base + offset, rest: "nothing" };
}

/** The offset of the first whole frame at or behind `from`. */
function findFrame(bytes: Buffer, from: number, base: number, key: SegmentKey): number | undefined {
  const magic = Buffer.allocUnsafe(4);
  magic.writeUInt32LE(key.magic);
  for (let at = bytes.indexOf(magic, from); at !== -1; at = bytes.indexOf(magic, at + 1)) {
    if (!("fault" in readFrame(bytes, at, base, key))) return at;
  }
  return undefined;
}
