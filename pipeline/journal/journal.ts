import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { CodedError, type EventFields } from "@weir/model";
import type { Batch, OpenCall } from "../consumer.ts";
import { journalFull, journalRecovered, journalWriteFailed } from "../events.ts";
import type { Journal, JournalOptions, JournalStatus } from "./contract.ts";
import { type EncodedFrame, encodeFrame, longestFrame, openKind, rowsKind, sealFrame, snapshotKind } from "./frame.ts";
import { checkProducer, newIncarnation, type SegmentKey, segmentFile, segmentKey } from "./layout.ts";
import { encodeOpen, encodeSnapshot, type PreviousEnd } from "./open-calls.ts";
import { OwnerLock } from "./owner.ts";
import { PositionFile } from "./position.ts";
import { diskFiles, type SegmentFile, syncFolder } from "./segment-file.ts";
import { Space } from "./space.ts";

const mebibyte = 1 << 20;
const defaults = {
  limitBytes: 4096 * mebibyte,
  segmentBytes: 64 * mebibyte,
  queueBytes: 64 * mebibyte,
  reserveBytes: 32 * mebibyte,
  commitIntervalMs: 5,
  now: () => Date.now(),
  files: diskFiles,
};
/** A sender that was refused is told to wait this long. */
const retryAfterMs = 1000;
/** After an error of the disk nothing is tried for so long. */
const pauseAfterFailureMs = 250;
const diskCheckIntervalMs = 500;

interface Queued {
  readonly frame: EncodedFrame;
  /** Rows are acknowledged after the sync, announcements after the write. */
  readonly isRows: boolean;
  readonly rowCount: number;
  readonly closes: readonly number[];
  resolve(): void;
  reject(error: CodedError): void;
}

/** What was written together. `error` when it was not, and is to be refused once those before it are settled. */
interface Group {
  readonly queued: readonly Queued[];
  readonly byteCount: number;
  readonly error?: unknown;
}

interface Segment {
  readonly number: number;
  readonly key: SegmentKey;
  readonly file: SegmentFile;
  /** Where the next frame goes. */
  end: number;
  /** Up to here everything was synced. */
  durableEnd: number;
}

type Refusal = "JOURNAL_FULL" | "JOURNAL_DISK_FULL" | "JOURNAL_FAILED";

const refusals: Record<Refusal, { state: JournalStatus["state"]; message: string }> = {
  JOURNAL_FULL: { state: "full", message: "The journal is at its size limit; storage has to catch up first." },
  JOURNAL_DISK_FULL: { state: "disk_full", message: "The disk of the journal is full." },
  JOURNAL_FAILED: { state: "failed", message: "The disk of the journal reports an error." },
};

function refusal(code: Refusal, cause?: unknown): CodedError {
  return new CodedError(code, refusals[code].message, { cause, retryAfterMs });
}

function refusalOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  return refusal(code === "ENOSPC" || code === "EDQUOT" ? "JOURNAL_DISK_FULL" : "JOURNAL_FAILED", error);
}

const closed = () => new CodedError("JOURNAL_CLOSED", "This process is shutting down.", { retryAfterMs });

/**
 * Everything queued is handed to the operating system at once with one writev, where it outlives this process; one
 * fdatasync after another makes what was written durable and acknowledges it, while the next groups are being written.
 * After any error what was not durable is refused whole, the segment is cut back to what was and given up, and the next
 * group begins a fresh one, whose snapshot says where the one before it ends: so what was refused is never read, and
 * what comes later always is.
 */
class SegmentedJournal implements Journal {
  readonly folder: string;
  readonly incarnation: string;
  readonly #options: JournalOptions & typeof defaults;
  readonly #owner: OwnerLock;
  readonly #position: PositionFile;
  readonly #space: Space;
  readonly #open = new Map<number, OpenCall>();
  /** Calls whose rows were refused: to be closed all the same, or they would seem interrupted. */
  #orphans: number[] = [];
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #segment: Segment | undefined;
  #segmentCount = 0;
  #previous: PreviousEnd = { segment: 0, end: 0 };
  /** Groups that the operating system has and the disk perhaps not, oldest first. */
  #written: Group[] = [];
  #running: Promise<void> | undefined;
  /** Never rejects; resolves when the write under way has ended. */
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #state: JournalStatus["state"] = "ok";
  #pausedUntil = 0;
  #diskCheckedAt = Number.NEGATIVE_INFINITY;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #acknowledgedRows = 0;
  #refusedRows = 0;
  /** Of the last frame that found no room. */
  #refusedLength = 0;
  #commits = 0;

  constructor(
    options: JournalOptions & typeof defaults,
    incarnation: string,
    folder: string,
    owner: OwnerLock,
    position: PositionFile,
  ) {
    this.#options = options;
    this.incarnation = incarnation;
    this.folder = folder;
    this.#owner = owner;
    this.#position = position;
    this.#space = new Space(join(options.directory, options.producer), options.limitBytes);
  }

  status(): JournalStatus {
    if (this.#state === "full") void this.#space.recount();
    if (this.#state === "disk_full" || this.#state === "failed") this.#tryDisk();
    const isFree = this.#state === "full" && this.#hasRoomFor(this.#refusedLength);
    return {
      state: isFree ? "ok" : this.#state,
      usedBytes: this.#space.usedBytes,
      limitBytes: this.#options.limitBytes,
      queuedBytes: this.#queuedBytes,
      openCalls: this.#open.size,
      acknowledgedRows: this.#acknowledgedRows,
      refusedRows: this.#refusedRows,
      commits: this.#commits,
    };
  }

  async consume(batch: Batch): Promise<void> {
    try {
      await this.#consume(batch);
    } finally {
      // It is written, or refused once no write of it is under way.
      batch.release?.();
    }
  }

  async #consume(batch: Batch): Promise<void> {
    const { table, rowCount, closes = [], block } = batch;
    if (rowCount === 0 && closes.length === 0) return;
    const frame = encodeFrame({ kind: rowsKind, table, rowCount, closes, body: block }, this.#options.now());
    if (!this.#hasRoomFor(frame.length)) await this.#space.recount();
    const problem = this.#refusalFor(frame);
    if (problem !== undefined) {
      this.#dropped(rowCount, closes);
      throw problem;
    }
    await this.#enqueue(frame, true, rowCount, closes);
  }

  async announce(calls: readonly OpenCall[]): Promise<void> {
    if (calls.length === 0 || this.#closing !== undefined) return;
    for (const call of calls) this.#open.set(call.callNumber, call);
    const frame = encodeFrame({ kind: openKind, body: encodeOpen(calls) }, this.#options.now());
    // In trouble it stays in memory; the next snapshot carries it.
    if (performance.now() < this.#pausedUntil || !this.#hasRoomFor(frame.length)) return;
    await this.#enqueue(frame, false, 0, []);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #hasRoomFor(byteCount: number): boolean {
    return this.#space.hasRoomFor(this.#queuedBytes + byteCount);
  }

  #refusalFor(frame: EncodedFrame): CodedError | undefined {
    if (this.#closing !== undefined) return closed();
    if (frame.length > longestFrame) return new CodedError("BODY_TOO_LARGE", "The batch is too long for the journal.");
    if (performance.now() < this.#pausedUntil) {
      return refusal(this.#state === "failed" ? "JOURNAL_FAILED" : "JOURNAL_DISK_FULL");
    }
    if (this.#hasRoomFor(frame.length) && this.#queuedBytes < this.#options.queueBytes) return undefined;
    this.#refusedLength = frame.length;
    this.#enter("JOURNAL_FULL");
    return refusal("JOURNAL_FULL");
  }

  #enqueue(frame: EncodedFrame, isRows: boolean, rowCount: number, closes: readonly number[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ frame, isRows, rowCount, closes, resolve, reject });
      this.#queuedBytes += frame.length;
      this.#running ??= this.#run();
    });
  }

  /** A frame of no rows: a journal in trouble that nobody writes to would not learn that its disk is well again. */
  #tryDisk(): void {
    if (this.#closing !== undefined || this.#running !== undefined || performance.now() < this.#pausedUntil) return;
    const frame = encodeFrame({ kind: rowsKind, closes: [], body: Buffer.alloc(0) }, this.#options.now());
    this.#enqueue(frame, true, 0, []).catch(() => {});
  }

  /** Writes until the queue is empty. A calm journal writes at once, a busy one lets the group grow. */
  async #run(): Promise<void> {
    await nextTurn();
    while (this.#queue.length > 0) {
      const waitMs = this.#lastWriteAt + this.#options.commitIntervalMs - performance.now();
      if (waitMs > 0 && this.#closing === undefined) await sleep(waitMs);
      // A segment that is full or in trouble takes nothing more: first all of it is settled.
      if (!this.#isWritable()) await this.#syncing;
      this.#lastWriteAt = performance.now();
      const queued = this.#queue;
      this.#queue = [];
      this.#writing = this.#write(queued);
      await this.#writing;
    }
    this.#running = undefined;
  }

  #isWritable(): boolean {
    if (this.#written.some(({ error }) => error !== undefined)) return false;
    return this.#segment === undefined || this.#segment.end < this.#options.segmentBytes;
  }

  /** Never rejects: what was not written is refused in its turn. */
  async #write(queued: readonly Queued[]): Promise<void> {
    const byteCount = queued.reduce((sum, { frame }) => sum + frame.length, 0);
    try {
      await this.#checkDisk(byteCount);
      await this.#append(queued, await this.#writable());
      for (const { isRows, resolve } of queued) if (!isRows) resolve();
      this.#written.push({ queued, byteCount });
    } catch (error) {
      this.#written.push({ queued, byteCount, error });
    }
    this.#syncing ??= this.#settle();
  }

  /** Makes durable and acknowledges, or refuses, until nothing more was written. Never rejects. */
  async #settle(): Promise<void> {
    while (this.#written.length > 0) {
      const failed = this.#written.findIndex(({ error }) => error !== undefined);
      const groups = this.#written.splice(0, failed === -1 ? this.#written.length : Math.max(1, failed));
      const [{ error } = {}] = groups;
      try {
        if (error !== undefined) throw error;
        await this.#sync(groups.flatMap(({ queued }) => queued));
      } catch (cause) {
        await this.#giveUp(groups, cause);
      }
      this.#queuedBytes -= groups.reduce((sum, { byteCount }) => sum + byteCount, 0);
    }
    this.#syncing = undefined;
  }

  /** Throws when the disk has less free space than is to be left to others. */
  async #checkDisk(byteCount: number): Promise<void> {
    const nowMs = performance.now();
    if (this.#state === "ok" && nowMs - this.#diskCheckedAt < diskCheckIntervalMs) return;
    this.#diskCheckedAt = nowMs;
    const freeBytes = await this.#options.files.freeBytes(this.folder);
    if (freeBytes < this.#options.reserveBytes + byteCount) throw refusal("JOURNAL_DISK_FULL");
  }

  /** The segment to write to: the present one, or a fresh one when it is long enough or was given up. */
  async #writable(): Promise<Segment> {
    const present = this.#segment;
    if (present !== undefined && present.end < this.#options.segmentBytes) return present;
    const number = ++this.#segmentCount;
    const file = await this.#options.files.create(join(this.folder, segmentFile(number)));
    this.#segment = { number, key: segmentKey(this.incarnation, number), file, end: 0, durableEnd: 0 };
    await present?.file.close().catch(() => {});
    return this.#segment;
  }

  async #append(queued: readonly Queued[], segment: Segment): Promise<void> {
    const frames = [...this.#leadingFrames(segment), ...queued.map(({ frame }) => frame)];
    for (const frame of frames) sealFrame(frame, segment.key);
    const buffers = frames.flatMap(({ head, body }) => (body.length === 0 ? [head] : [head, body]));
    await segment.file.write(buffers, segment.end);
    segment.end += frames.reduce((sum, { length }) => sum + length, 0);
  }

  /** What goes before the group: in a fresh segment the snapshot, else closes that nothing has carried yet. */
  #leadingFrames(segment: Segment): EncodedFrame[] {
    const timeMs = this.#options.now();
    const orphans = this.#orphans;
    this.#orphans = [];
    if (segment.end === 0) {
      const body = encodeSnapshot(this.#previous, this.#open.values());
      return [encodeFrame({ kind: snapshotKind, body }, timeMs)];
    }
    if (orphans.length === 0) return [];
    return [encodeFrame({ kind: rowsKind, closes: orphans, body: Buffer.alloc(0) }, timeMs)];
  }

  /** Announcements alone are worth no sync. */
  async #sync(queued: readonly Queued[]): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined || !queued.some(({ isRows }) => isRows)) return;
    const { end } = segment;
    await segment.file.sync();
    this.#space.add(end - segment.durableEnd);
    segment.durableEnd = end;
    this.#previous = { segment: segment.number, end };
    this.#acknowledgedRows += queued.reduce((sum, { rowCount }) => sum + rowCount, 0);
    await this.#position.publish({ segment: segment.number, end, rows: this.#acknowledgedRows });
    this.#acknowledge(queued);
  }

  /** Refuses the groups and all that was written behind them, and takes back what that may have left. */
  async #giveUp(groups: readonly Group[], cause: unknown): Promise<void> {
    await this.#writing;
    const behind = this.#written.splice(0);
    await this.#abandonSegment();
    this.#refuse(
      [...groups, ...behind].flatMap(({ queued }) => queued),
      refusalOf(cause),
    );
    this.#queuedBytes -= behind.reduce((sum, { byteCount }) => sum + byteCount, 0);
  }

  /** Whatever of this fails too, the next snapshot says it again. */
  async #abandonSegment(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    await segment.file.truncate(segment.durableEnd).catch(() => {});
    await segment.file.close().catch(() => {});
    if (segment.durableEnd === 0) await rm(join(this.folder, segmentFile(segment.number))).catch(() => {});
  }

  #acknowledge(queued: readonly Queued[]): void {
    this.#commits++;
    for (const { closes, resolve } of queued) {
      for (const callNumber of closes) this.#open.delete(callNumber);
      resolve();
    }
    if (this.#state === "ok") return;
    this.#state = "ok";
    this.#emit(journalRecovered, { refused_rows: this.#refusedRows });
  }

  #refuse(queued: readonly Queued[], error: CodedError): void {
    this.#pausedUntil = performance.now() + pauseAfterFailureMs;
    this.#enter(error.code as Refusal, error.cause);
    for (const { isRows, rowCount, closes, resolve, reject } of queued) {
      if (isRows) this.#dropped(rowCount, closes);
      // An announcement is carried by the next snapshot.
      if (isRows) reject(error);
      else resolve();
    }
  }

  #dropped(rowCount: number, closes: readonly number[]): void {
    this.#refusedRows += rowCount;
    for (const callNumber of closes) if (this.#open.delete(callNumber)) this.#orphans.push(callNumber);
  }

  /** Tells of a trouble once, when it begins. */
  #enter(code: Refusal, cause?: unknown): void {
    const { state } = refusals[code];
    if (this.#state === state) return;
    this.#state = state;
    const error = cause instanceof Error ? cause.message : undefined;
    if (code === "JOURNAL_FULL") this.#emit(journalFull, { reason: state });
    else this.#emit(journalWriteFailed, { reason: state, ...(error === undefined ? {} : { error }) });
  }

  #emit(event: Parameters<JournalOptions["telemetry"]["emit"]>[0], fields: EventFields): void {
    this.#options.telemetry.emit(event, { producer: this.#options.producer, ...fields });
  }

  async #close(): Promise<void> {
    await this.#running;
    await this.#syncing;
    await this.#segment?.file.close().catch(() => {});
    this.#state = "closed";
    await this.#position.close();
    await this.#owner.release(this.folder);
  }
}

/**
 * Opens a journal of this process's own. Others of the same name, living or dead, are left to the writer. Rejects
 * when the folder cannot be made.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  checkProducer(options.producer);
  const settings = { ...defaults, ...options };
  settings.segmentBytes = Math.min(settings.segmentBytes, Math.ceil(settings.limitBytes / 8));
  const incarnation = newIncarnation(settings.now());
  const producerFolder = join(options.directory, options.producer);
  // Made under a dotted name, so that the writer never sees a folder without its lock.
  const unfinished = join(producerFolder, `.${incarnation}`);
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const owner = new OwnerLock(unfinished);
  const position = await PositionFile.create(unfinished);
  const folder = join(producerFolder, incarnation);
  await rename(unfinished, folder);
  for (const path of [folder, producerFolder, options.directory]) await syncFolder(path);
  return new SegmentedJournal(settings, incarnation, folder, owner, position);
}
