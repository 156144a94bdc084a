import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OpenCall } from "../consumer.ts";
import {
  type Frame,
  type Gap,
  headerLength,
  longestFrame,
  openKind,
  type ReadFrames,
  readFrame,
  readFrames,
  rowsKind,
  snapshotKind,
} from "../journal/frame.ts";
import { listSegments, segmentFile, segmentKey } from "../journal/layout.ts";
import { openCallsAfter, type PreviousEnd, previousEnd } from "../journal/open-calls.ts";
import { ownerIsAlive } from "../journal/owner.ts";
import { type Position, readPosition } from "../journal/position.ts";
import type { Cursor, Range } from "./batch-log.ts";

/** Frames that were read as part of a batch, and what in between could not be read. */
export interface TakenRange {
  readonly range: Range;
  /** Frames with rows; their bodies are views on one buffer, the reader of the range may change them. */
  readonly frames: readonly Frame[];
  readonly damage: readonly DamagedPart[];
  /** Bytes of a frame that its owner did not live to finish. */
  readonly tornBytes: number;
}

interface DamagedPart extends Gap {
  readonly bytes: Buffer;
}

export interface Pending {
  readonly bytes: number;
  readonly rows: number;
}

/** Gives a buffer of that length, with anything in it. */
export type Allocate = (length: number) => Buffer;

/** A place in a journal. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

/** Where the frames of a segment end, and which segment follows. */
interface Bound {
  readonly end: number;
  readonly next: number | undefined;
  /** Up to here everything was acknowledged: a part that cannot be read is damage, not a torn tail. */
  readonly acknowledgedEnd: number;
}

const nothingPending: Pending = { bytes: 0, rows: 0 };

/**
 * Reads one journal from where the writer left it. It sees only what is durable while the owner lives, and every
 * whole frame once the owner is dead. It never changes a file but to remove what was drained.
 */
export class JournalReader {
  readonly producer: string;
  readonly incarnation: string;
  readonly folder: string;
  #cursor: Cursor;
  #isAlive = true;
  #position: Position = { segment: 0, end: 0, rows: 0 };
  #segments: readonly number[] = [];
  #pending = nothingPending;
  #isDrained = false;

  constructor(directory: string, producer: string, incarnation: string, cursor: Cursor) {
    this.producer = producer;
    this.incarnation = incarnation;
    this.folder = join(directory, producer, incarnation);
    this.#cursor = cursor;
  }

  get key(): string {
    return `${this.producer}/${this.incarnation}`;
  }

  /** As of the last look. */
  get pending(): Pending {
    return this.#pending;
  }

  /** Up to where the frames were durable at the last look; a dead owner's journal is read until it is gone. */
  get durableEnd(): Place {
    if (!this.#isAlive) return { segment: Number.POSITIVE_INFINITY, offset: 0 };
    return { segment: this.#position.segment, offset: this.#position.end };
  }

  /** Whether everything up to the place was taken. */
  hasPassed(place: Place | undefined): boolean {
    if (place === undefined || this.#cursor.segment > place.segment) return true;
    return this.#cursor.segment === place.segment && this.#cursor.offset >= place.offset;
  }

  /** The owner is dead and everything was taken. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** Sees what has come since. The owner's life is asked for only where told, it costs a little. */
  async look(withOwner: boolean): Promise<void> {
    if (this.#isDrained) return;
    // Asked before the sizes are read: a dead owner adds nothing after this.
    if (withOwner && this.#isAlive) this.#isAlive = ownerIsAlive(this.folder);
    this.#position = (await readPosition(this.folder)) ?? this.#position;
    if (this.#isAlive && this.#position.segment === this.#cursor.segment) {
      this.#count(this.#position.end - this.#cursor.offset);
      return;
    }
    this.#segments = await listSegments(this.folder);
    let bytes = 0;
    for (const segment of this.#segments.filter((segment) => this.#isReadable(segment))) {
      const size = await sizeOf(join(this.folder, segmentFile(segment)));
      bytes += segment === this.#cursor.segment ? size - this.#cursor.offset : size;
    }
    this.#count(bytes);
    this.#isDrained = !this.#isAlive && bytes <= 0;
  }

  #count(bytes: number): void {
    this.#pending = bytes <= 0 ? nothingPending : { bytes, rows: Math.max(0, this.#position.rows - this.#cursor.rows) };
  }

  #isReadable(segment: number): boolean {
    return segment >= this.#cursor.segment && (!this.#isAlive || segment <= this.#position.segment);
  }

  /**
   * The next frames, about as many as the limits allow, in memory that `allocate` gives; and moves behind them.
   * Undefined when there are none.
   */
  async take(rowLimit: number, byteLimit: number, allocate: Allocate): Promise<TakenRange | undefined> {
    for (;;) {
      if (!this.#segments.includes(this.#cursor.segment)) this.#segments = await listSegments(this.folder);
      const bound = await this.#bound(this.#cursor.segment);
      if (this.#cursor.offset < bound.end) {
        const taken = await this.#takeFrom(this.#cursor, bound, { rowLimit, byteLimit, allocate });
        const { segment, from, to, rows } = taken.range;
        this.#cursor = { segment, offset: to, rows: this.#cursor.rows + rows };
        this.#count(this.#pending.bytes - (to - from));
        if (taken.frames.length > 0 || taken.damage.length > 0 || taken.tornBytes > 0) return taken;
      } else if (bound.next !== undefined) {
        this.#cursor = { segment: bound.next, offset: 0, rows: this.#cursor.rows };
      } else {
        this.#pending = nothingPending;
        this.#isDrained = !this.#isAlive;
        return undefined;
      }
    }
  }

  /** The same range as it was taken once. Undefined when its segment was removed, which happens only after its insert. */
  async retake(range: Range): Promise<TakenRange | undefined> {
    const bytes = await readPart(this.#path(range.segment), range.from, range.to).catch(undefinedWhenMissing);
    if (bytes === undefined) return undefined;
    const { frames } = readFrames(bytes, range.from, segmentKey(this.incarnation, range.segment));
    return { range, frames: frames.filter(hasRows), damage: [], tornBytes: 0 };
  }

  /** The calls that were open when the owner died, and the time of its last frame. For drained journals. */
  async openCalls(): Promise<{ calls: readonly OpenCall[]; lastTimeMs: number }> {
    const frames: Frame[] = [];
    this.#segments = await listSegments(this.folder);
    let segment = this.#segments[0];
    while (segment !== undefined) {
      const { end, next } = await this.#bound(segment);
      const bytes = await readPart(this.#path(segment), 0, end);
      frames.push(...readFrames(bytes, 0, segmentKey(this.incarnation, segment)).frames);
      segment = next;
    }
    return {
      calls: openCallsAfter(frames),
      lastTimeMs: frames.reduce((last, { timeMs }) => Math.max(last, timeMs), 0),
    };
  }

  /**
   * Deletes the segments that were left behind, but for those that a batch under way still needs, and those that
   * still tell which calls are open because the snapshot after them cannot be read.
   */
  async removeDrained(isNeeded: (segment: number) => boolean): Promise<void> {
    const behind = this.#segments.filter((segment) => segment < this.#cursor.segment);
    if (behind.every(isNeeded)) return;
    const base = await this.#lastSnapshot();
    const drained = behind.filter((segment) => segment < base && !isNeeded(segment));
    for (const segment of drained) await rm(this.#path(segment), { force: true });
    this.#segments = this.#segments.filter((segment) => !drained.includes(segment));
  }

  /** The last segment that was reached and begins with a snapshot that can be read; 0 when none does. */
  async #lastSnapshot(): Promise<number> {
    for (const segment of this.#segments.filter((number) => number <= this.#cursor.segment).reverse()) {
      if ((await this.#previousEnd(segment)) !== undefined) return segment;
    }
    return 0;
  }

  /** Deletes the whole journal. */
  async remove(): Promise<void> {
    const removed = join(dirname(this.folder), `.${this.incarnation}.removed`);
    await rename(this.folder, removed).catch(undefinedWhenMissing);
    await rm(removed, { recursive: true, force: true });
  }

  #path(segment: number): string {
    return join(this.folder, segmentFile(segment));
  }

  async #takeFrom(
    cursor: Cursor,
    bound: Bound,
    { rowLimit, byteLimit, allocate }: { rowLimit: number; byteLimit: number; allocate: Allocate },
  ): Promise<TakenRange> {
    const key = segmentKey(this.incarnation, cursor.segment);
    let to = Math.min(bound.end, cursor.offset + byteLimit);
    const readOn = async () => {
      const bytes = await readPart(this.#path(cursor.segment), cursor.offset, to, allocate);
      return { bytes, read: readFrames(bytes, cursor.offset, key) };
    };
    let part = await readOn();
    if (part.read.frames.length === 0 && to < bound.end) {
      // A frame longer than the limit, or damage that looks like one: only the whole rest tells which.
      const { rest } = part.read;
      const isLonger = rest !== "nothing" && rest.fault === "missing" && cursor.offset + rest.wanted > to;
      to = isLonger ? Math.min(bound.end, cursor.offset + rest.wanted) : bound.end;
      part = await readOn();
      if (part.read.frames.length === 0 && to < bound.end) {
        to = bound.end;
        part = await readOn();
      }
    }
    return this.#taken(cursor, bound, rowLimit, part.bytes, part.read, to === bound.end);
  }

  #taken(
    cursor: Cursor,
    bound: Bound,
    rowLimit: number,
    bytes: Buffer,
    read: ReadFrames,
    isWhole: boolean,
  ): TakenRange {
    const frames = firstRows(read.frames, rowLimit);
    const isCut = frames.length < read.frames.length;
    const hasTail = !isCut && isWhole && read.end < bound.end;
    const to = isCut ? (frames.at(-1)?.end ?? read.end) : hasTail ? bound.end : read.end;
    const isDamaged = hasTail && read.end < bound.acknowledgedEnd;
    const gaps = [
      ...read.gaps,
      ...frames.filter(isForeign).map(({ start, end }) => ({ from: start, to: end })),
      ...(isDamaged ? [{ from: read.end, to: bound.end }] : []),
    ];
    const kept = frames.filter(hasRows);
    return {
      range: {
        producer: this.producer,
        incarnation: this.incarnation,
        segment: cursor.segment,
        from: cursor.offset,
        to,
        rows: kept.reduce((sum, { rowCount }) => sum + rowCount, 0),
      },
      frames: kept,
      damage: gaps
        .filter((gap) => gap.to <= to)
        .map((gap) => ({ ...gap, bytes: bytes.subarray(gap.from - cursor.offset, gap.to - cursor.offset) })),
      tornBytes: hasTail && !isDamaged ? bound.end - read.end : 0,
    };
  }

  async #bound(segment: number): Promise<Bound> {
    const position = this.#position;
    const acknowledgedEnd = position.segment === segment ? position.end : position.segment > segment ? Infinity : 0;
    if (this.#isAlive && position.segment === segment) return { end: position.end, next: undefined, acknowledgedEnd };
    const size = this.#segments.includes(segment) ? await sizeOf(this.#path(segment)) : 0;
    const successor = await this.#successor(segment);
    const end = Math.min(size, successor?.end ?? size);
    return { end, next: successor?.segment, acknowledgedEnd: successor?.end === undefined ? acknowledgedEnd : end };
  }

  /**
   * The segment that follows, by what the snapshots say: a segment that was given up is followed by none. `end` is
   * unknown when the snapshot of the successor cannot be read.
   */
  async #successor(segment: number): Promise<{ segment: number; end: number | undefined } | undefined> {
    let unreadable: number | undefined;
    for (const later of this.#segments.filter((number) => number > segment && this.#isReadable(number))) {
      const previous = await this.#previousEnd(later);
      if (previous === undefined) unreadable ??= later;
      else if (previous.segment === segment) return { segment: later, end: previous.end };
      else if (previous.segment < segment) return { segment: later, end: 0 };
      else return { segment: unreadable ?? later, end: undefined };
    }
    return unreadable === undefined ? undefined : { segment: unreadable, end: undefined };
  }

  async #previousEnd(segment: number): Promise<PreviousEnd | undefined> {
    const key = segmentKey(this.incarnation, segment);
    const head = await readPart(this.#path(segment), 0, headerLength).catch(undefinedWhenMissing);
    if (head === undefined || head.length < headerLength || head.readUInt32LE(0) !== key.magic) return undefined;
    const length = headerLength + head.readUInt32LE(4);
    if (length > longestFrame) return undefined;
    const frame = readFrame(await readPart(this.#path(segment), 0, length), 0, 0, key);
    return "fault" in frame ? undefined : previousEnd(frame);
  }
}

const hasRows = (frame: Frame) => frame.kind === rowsKind && frame.rowCount > 0 && frame.table !== undefined;

/** Written by a newer version: whole, but not to be understood. */
function isForeign({ kind, table, rowCount }: Frame): boolean {
  if (kind === rowsKind) return rowCount > 0 && table === undefined;
  return kind !== openKind && kind !== snapshotKind;
}

/** The first frames, until they have so many rows; at least one. */
function firstRows(frames: readonly Frame[], rowLimit: number): readonly Frame[] {
  let rows = 0;
  const enough = frames.findIndex((frame) => {
    rows += frame.rowCount;
    return rows >= rowLimit;
  });
  return enough === -1 ? frames : frames.slice(0, enough + 1);
}

/** The bytes between two offsets, fewer when the file ends before. */
async function readPart(
  path: string,
  from: number,
  to: number,
  allocate: Allocate = Buffer.allocUnsafeSlow,
): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    return await readFully(file, from, Math.min(to, Math.max(from, (await file.stat()).size)), allocate);
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, from: number, to: number, allocate: Allocate): Promise<Buffer> {
  const bytes = allocate(to - from);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(undefinedWhenMissing))?.size ?? 0;
}

function undefinedWhenMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
