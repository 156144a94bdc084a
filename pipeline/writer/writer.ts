import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as othersTurn, setTimeout as sleep } from "node:timers/promises";
import { CodedError, columnsVersion } from "@weir/model";
import { BlockColumns } from "../blocks/block-columns.ts";
import { BufferPool } from "../blocks/buffer-pool.ts";
import {
  callsRepeated,
  damageSetAside,
  interruptedRecorded,
  interruptedUnreadable,
  tornTailDropped,
  writerStepFailed,
} from "../events.ts";
import { FileLock } from "../journal/file-lock.ts";
import type { Frame } from "../journal/frame.ts";
import { deliveriesOf, interruptedDelivery, joinedRanges, tokenOf } from "./batch.ts";
import { BatchLog, firstCursor, type Range } from "./batch-log.ts";
import { BatchMemory } from "./batch-memory.ts";
import type { Writer, WriterOptions, WriterSettings, WriterStatus } from "./contract.ts";
import { Deliverer, type Delivery } from "./delivery.ts";
import { Drains } from "./drains.ts";
import { byteLengthOf, type RowBlock } from "./joint-blocks.ts";
import { JournalReader, type TakenRange } from "./journal-reader.ts";
import { JournalSet } from "./journal-set.ts";
import { lastReadColumn, rowsWithPreviews } from "./preview-columns.ts";
import { RepeatedCalls } from "./repeated/repeated-calls.ts";
import { SetAside } from "./set-aside.ts";

const defaults: WriterSettings = {
  gatherMs: 150,
  restFactor: 3,
  longestRestMs: 2000,
  batchRows: 100_000,
  batchBytes: 64 << 20,
  inserters: 2,
  pollMs: 2000,
  firstRetryMs: 100,
  lastRetryMs: 10_000,
  setAsideBytes: 1 << 30,
  rememberedCalls: 500_000,
};
/** Two writers would give the same rows different batches; this file's lock keeps them apart. */
const lockFile = "writer.lock";
/** A batch is not filled up with a range shorter than this. */
const leastRangeBytes = 1 << 20;
/** Journals are read in pieces of so many bytes, of which memory of one size is used again and again. */
const pieceBytes = 4 << 20;
/** What two full batches take, which stays at hand while one follows another, and is given back at rest. */
const keptMemoryBytes = 160 << 20;
const memoryKeptMs = 10_000;
/** For so long at most the rows of a batch are looked at in one go. */
const longestTurnMs = 10;

/** A batch on its way into storage. */
interface Flight {
  readonly number: number;
  readonly rows: number;
  readonly bytes: number;
  /** When its oldest row was written, in ms since 1970. */
  readonly oldestMs: number;
  /** Never rejects. */
  landed: Promise<void>;
}

/**
 * One loop looks at the journals, takes what is due, makes the batch's boundary durable and sends the batch off; the
 * batches fly on their own. Calm: a row waits for a moment so that others join it, and one batch flies at a time.
 * Under load the next batch is what gathered while the last one flew and storage rested, and a second one flies once
 * it is full.
 */
class JournalWriter implements Writer {
  readonly #options: WriterOptions;
  readonly #settings: WriterSettings;
  readonly #lock: FileLock;
  readonly #log: BatchLog;
  readonly #setAside: SetAside;
  readonly #deliverer: Deliverer;
  readonly #journals: JournalSet;
  readonly #drains = new Drains();
  readonly #repeated: RepeatedCalls;
  readonly #stopping = new AbortController();
  readonly #flights = new Set<Flight>();
  readonly #retiring = new Set<JournalReader>();
  readonly #memory = new BufferPool(keptMemoryBytes);
  #memoryUsedAt = 0;
  /** Batches that an earlier writer began. */
  readonly #unrepeated: Map<string, readonly Range[]>;
  #begun = 0;
  /** Since when there is something that no batch has taken. */
  #pendingSince: number | undefined;
  /** Until then storage is left to others, unless there is a whole batch. */
  #restUntil = 0;
  #failedSteps = 0;
  #lastError: string | undefined;
  #wake: (() => void) | undefined;
  #isWoken = false;
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(
    options: WriterOptions,
    settings: WriterSettings,
    log: BatchLog,
    lock: FileLock,
    repeated: RepeatedCalls,
  ) {
    this.#lock = lock;
    this.#repeated = repeated;
    this.#options = options;
    this.#settings = settings;
    this.#log = log;
    this.#unrepeated = new Map(log.undone);
    this.#setAside = new SetAside(options.directory, settings.setAsideBytes);
    this.#journals = new JournalSet(options.directory, log, settings.pollMs, () => this.#wakeUp());
    this.#deliverer = new Deliverer({
      inserter: options.insert,
      log,
      setAside: this.#setAside,
      settings,
      telemetry: options.telemetry,
      onInserted: options.onInserted,
      signal: this.#stopping.signal,
    });
    this.#running = this.#run();
  }

  status(): WriterStatus {
    const flights = [...this.#flights];
    const { rows, bytes } = this.#journals.pending;
    const waitedMs = this.#pendingSince === undefined ? 0 : performance.now() - this.#pendingSince;
    const oldestMs = Math.min(...flights.map((flight) => flight.oldestMs));
    return {
      state: this.#failedSteps > 0 ? "blocked" : this.#deliverer.failingCount > 0 ? "retrying" : "ok",
      lagRows: flights.reduce((sum, flight) => sum + flight.rows, rows),
      lagBytes: flights.reduce((sum, flight) => sum + flight.bytes, bytes),
      lagMs: Math.max(0, waitedMs, Date.now() - oldestMs),
      ...this.#deliverer.counts,
      journals: this.#journals.all.length,
      lastError: this.#deliverer.lastError ?? this.#lastError,
    };
  }

  async drain(): Promise<void> {
    if (this.#stopping.signal.aborted) throw new Error("The writer is closed.");
    const drained = this.#drains.add();
    this.#journals.pollSoon();
    this.#wakeUp();
    await drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopping.abort(new Error("The writer is closing."));
    this.#wakeUp();
    await this.#running;
    this.#journals[Symbol.dispose]();
    await Promise.all([...this.#flights].map(({ landed }) => landed));
    this.#drains.rejectAll(new Error("The writer was closed before everything was stored."));
    await this.#log[Symbol.asyncDispose]();
    this.#lock.release();
  }

  async #run(): Promise<void> {
    await this.#journals.removeLeftovers().catch((error: unknown) => this.#stepFailed(error));
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#step();
        this.#failedSteps = 0;
        this.#lastError = undefined;
      } catch (error) {
        this.#stepFailed(error);
      }
      await this.#rest();
    }
  }

  async #step(): Promise<void> {
    if (performance.now() >= this.#journals.lookDueAt) {
      const { unaimed } = this.#drains;
      if (await this.#journals.look()) this.#drains.aim(unaimed, this.#journals.all);
    }
    this.#notePending();
    if (performance.now() - this.#memoryUsedAt > memoryKeptMs) this.#memory.clear();
    await this.#repeatBatches();
    while (this.#isBatchDue()) await this.#sendBatch();
    for (const reader of this.#journals.readable) {
      await this.#tidy(reader).catch((error: unknown) => this.#journalFailed(reader, error));
    }
    if (this.#unrepeated.size > 0) return;
    const oldestUnderWay = Math.min(...[...this.#flights].map(({ number }) => number));
    this.#drains.advance(this.#journals.all, this.#begun, oldestUnderWay);
  }

  #stepFailed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#failedSteps++;
    this.#lastError = error instanceof Error ? error.message : String(error);
    this.#options.telemetry.emit(writerStepFailed, { error: this.#lastError });
  }

  /** The others go on; this one is tried again at the next poll. */
  #journalFailed(reader: JournalReader, error: unknown): void {
    this.#journals.leaveAlone(reader);
    this.#lastError = error instanceof Error ? error.message : String(error);
    this.#options.telemetry.emit(writerStepFailed, { journal: reader.key, error: this.#lastError });
  }

  #notePending(): void {
    if (this.#journals.pending.bytes === 0) this.#pendingSince = undefined;
    else this.#pendingSince ??= performance.now();
  }

  #isBatchDue(): boolean {
    return !this.#stopping.signal.aborted && performance.now() >= this.#nextBatchAt();
  }

  /** When the next batch is to be sent, as things are; never when only a change can make one due. */
  #nextBatchAt(): number {
    if (this.#pendingSince === undefined || this.#unrepeated.size > 0) return Number.POSITIVE_INFINITY;
    if (this.#flights.size >= this.#settings.inserters) return Number.POSITIVE_INFINITY;
    const { rows, bytes } = this.#journals.pending;
    if (rows >= this.#settings.batchRows || bytes >= this.#settings.batchBytes) return 0;
    // Batches that storage does not take at present do not count: others may be welcome.
    if (this.#flights.size > this.#deliverer.failingCount) return Number.POSITIVE_INFINITY;
    if (!this.#drains.isEmpty) return this.#pendingSince;
    return Math.max(this.#pendingSince + this.#settings.gatherMs, this.#restUntil);
  }

  async #sendBatch(): Promise<void> {
    const memory = new BatchMemory(this.#memory);
    const taken = (await this.#take(memory)).filter(({ frames }) => frames.length > 0);
    this.#pendingSince = undefined;
    this.#notePending();
    if (taken.length === 0) return;
    const ranges = joinedRanges(taken.map(({ range }) => range));
    const token = tokenOf(ranges);
    await this.#begin(token, ranges);
    await this.#send(token, taken, memory);
  }

  /** What the journals have, up to the limits. A journal that cannot be read does not hold up the others. */
  async #take(memory: BatchMemory): Promise<TakenRange[]> {
    const all: TakenRange[] = [];
    const { batchRows, batchBytes } = this.#settings;
    for (const reader of this.#journals.readable) {
      try {
        let left = leftOf(all, batchRows, batchBytes);
        while (left.rows > 0 && left.bytes >= Math.min(leastRangeBytes, batchBytes)) {
          const taken = await reader.take(left.rows, Math.min(left.bytes, pieceBytes), memory.take);
          if (taken === undefined) break;
          all.push(taken);
          await this.#reportLosses(taken);
          left = leftOf(all, batchRows, batchBytes);
        }
      } catch (error) {
        this.#journalFailed(reader, error);
      }
    }
    return all;
  }

  async #reportLosses({ range: { producer, incarnation, segment }, damage, tornBytes }: TakenRange): Promise<void> {
    const { telemetry } = this.#options;
    if (tornBytes > 0) telemetry.emit(tornTailDropped, { producer, incarnation, segment, bytes: tornBytes });
    for (const { from, to, bytes } of damage) {
      const name = `${producer}.${incarnation}.${segment}.${from}-${to}.damaged`;
      const isKept = await this.#setAside.keep(name, [bytes]).catch(() => false);
      telemetry.emit(damageSetAside, { producer, incarnation, segment, from, bytes: to - from, kept: isKept });
    }
  }

  /** Once frames are taken nothing goes on before their boundary is durable, however long the disk is full. */
  async #begin(token: string, ranges: readonly Range[]): Promise<void> {
    for (;;) {
      try {
        return await this.#log.begin(token, ranges);
      } catch (error) {
        this.#stepFailed(error);
        await sleep(this.#retryMs(), undefined, { signal: this.#stopping.signal });
      }
    }
  }

  async #repeatBatches(): Promise<void> {
    for (const [token, ranges] of this.#unrepeated) {
      if (this.#flights.size >= this.#settings.inserters) return;
      const taken = await this.#retake(ranges);
      if (taken === undefined) await this.#log.done(token);
      else await this.#send(token, taken, new BatchMemory(this.#memory));
      this.#unrepeated.delete(token);
    }
  }

  /** Undefined when a segment is gone: it was removed once all its batches were stored. */
  async #retake(ranges: readonly Range[]): Promise<TakenRange[] | undefined> {
    const all: TakenRange[] = [];
    for (const range of ranges) {
      const reader = new JournalReader(this.#options.directory, range.producer, range.incarnation, firstCursor);
      const taken = await reader.retake(range);
      if (taken === undefined) return undefined;
      all.push(taken);
    }
    return all;
  }

  async #send(token: string, taken: readonly TakenRange[], memory: BatchMemory): Promise<void> {
    const frames = taken.flatMap((range) => range.frames).filter(({ table }) => table !== undefined);
    const flight = this.#board(frames.map(asRows), Math.min(...frames.map(({ timeMs }) => timeMs)));
    const blocks = await this.#blocksOf(frames, memory);
    const deliveries = deliveriesOf(token, frames, (frame) => blocks.get(frame) ?? asRows(frame));
    this.#takeOff(flight, deliveries, () => this.#log.done(token), memory);
  }

  /** In the order of the frames, and with a turn for others of this process after some: a batch may take half a second. */
  async #blocksOf(frames: readonly Frame[], memory: BatchMemory): Promise<Map<Frame, RowBlock>> {
    const blocks = new Map<Frame, RowBlock>();
    let turnBegan = performance.now();
    for (const frame of frames) {
      blocks.set(frame, this.#blockOf(frame, memory));
      if (performance.now() - turnBegan < longestTurnMs) continue;
      await othersTurn();
      turnBegan = performance.now();
    }
    return blocks;
  }

  /** A frame's rows as they are to be stored. What another version of the columns wrote is stored as it is. */
  #blockOf(frame: Frame, memory: BatchMemory): RowBlock {
    const { table, columnsVersion: version, body, rowCount } = frame;
    if (table !== "spans" || version !== columnsVersion) return asRows(frame);
    const read = this.#tried(() => new BlockColumns(body, "spans", lastReadColumn), undefined);
    if (read === undefined) return asRows(frame);
    const marked = this.#tried(() => this.#marked(read), read);
    return this.#tried(() => rowsWithPreviews(marked, memory.take), { block: marked.bytes, rowCount });
  }

  #marked(columns: BlockColumns): BlockColumns {
    const { block, count } = this.#repeated.mark(columns);
    if (count === 0) return columns;
    this.#options.telemetry.emit(callsRepeated, {}, count);
    return new BlockColumns(block, "spans", lastReadColumn);
  }

  /** What the step gives; what is given for it when it fails. */
  #tried<Result>(step: () => Result, otherwise: Result): Result {
    try {
      return step();
    } catch (error) {
      this.#options.telemetry.emit(writerStepFailed, { error: String(error) });
      return otherwise;
    }
  }

  /** From now on the rows count as under way. */
  #board(blocks: readonly RowBlock[], oldestMs: number): Flight {
    const flight: Flight = {
      number: ++this.#begun,
      rows: blocks.reduce((sum, { rowCount }) => sum + rowCount, 0),
      bytes: blocks.reduce((sum, rows) => sum + byteLengthOf(rows), 0),
      oldestMs,
      landed: Promise.resolve(),
    };
    this.#flights.add(flight);
    return flight;
  }

  /** Left undone when the writer closes before the end: the next writer repeats it. */
  #takeOff(flight: Flight, deliveries: readonly Delivery[], onStored: () => Promise<void>, memory?: BatchMemory): void {
    flight.landed = this.#fly(deliveries, onStored, memory).finally(() => {
      this.#flights.delete(flight);
      this.#wakeUp();
    });
  }

  async #fly(deliveries: readonly Delivery[], onStored: () => Promise<void>, memory?: BatchMemory): Promise<void> {
    const beganAt = performance.now();
    const failuresBefore = this.#deliverer.failures;
    // A trickle takes little, and does not keep what a burst has left.
    const isLarge = memory !== undefined && memory.byteLength >= pieceBytes;
    try {
      for (const delivery of deliveries) await this.#deliverer.deliver(delivery);
      if (this.#deliverer.failures === failuresBefore) memory?.giveBack();
      if (isLarge) this.#memoryUsedAt = performance.now();
      this.#restAfter(performance.now() - beganAt);
      await onStored();
    } catch (error) {
      this.#stepFailed(error);
    }
  }

  /**
   * An insert costs storage nearly the same for one row as for a thousand: the longer one takes, the longer the next
   * gathers, so that a trickle of rows takes a part of one processor and no more, and a busy machine gets bigger batches.
   */
  #restAfter(insertMs: number): void {
    const { restFactor, longestRestMs } = this.#settings;
    this.#restUntil = performance.now() + Math.min(insertMs * restFactor, longestRestMs);
  }

  /** Deletes what was stored; a journal whose owner is dead goes whole, after its open calls are recorded. */
  async #tidy(reader: JournalReader): Promise<void> {
    const needed = new Set<number>();
    for (const ranges of this.#log.undone.values()) {
      for (const { producer, incarnation, segment } of ranges) {
        if (`${producer}/${incarnation}` === reader.key) needed.add(segment);
      }
    }
    await reader.removeDrained((segment) => needed.has(segment));
    if (reader.isDrained && needed.size === 0 && !this.#retiring.has(reader)) await this.#retire(reader);
  }

  async #retire(reader: JournalReader): Promise<void> {
    const { calls, lastTimeMs } = await reader.openCalls();
    const delivery = interruptedDelivery(reader.key, calls, lastTimeMs, (error) =>
      this.#options.telemetry.emit(interruptedUnreadable, { journal: reader.key, error: String(error) }),
    );
    this.#retiring.add(reader);
    const flight = this.#board(delivery?.blocks ?? [], lastTimeMs);
    this.#takeOff(flight, delivery === undefined ? [] : [delivery], async () => {
      const count = delivery?.blocks[0]?.rowCount ?? 0;
      if (count > 0) this.#options.telemetry.emit(interruptedRecorded, { journal: reader.key, calls: count }, count);
      await this.#journals.remove(reader).catch((error: unknown) => this.#journalFailed(reader, error));
      this.#retiring.delete(reader);
    });
  }

  #retryMs(): number {
    const { firstRetryMs, lastRetryMs } = this.#settings;
    return Math.min(firstRetryMs * 2 ** Math.min(this.#failedSteps, 20), lastRetryMs);
  }

  #wakeUp(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Until there is something to do. */
  async #rest(): Promise<void> {
    const signal = this.#stopping.signal;
    if (this.#failedSteps > 0) return sleep(this.#retryMs(), undefined, { signal }).catch(() => {});
    const dueAt = Math.min(this.#journals.lookDueAt, this.#nextBatchAt());
    const waitMs = Math.max(0, dueAt - performance.now());
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.ceil(waitMs));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#isWoken = false;
  }
}

const asRows = ({ body, rowCount }: Frame): RowBlock => ({ block: body, rowCount });

function leftOf(taken: readonly TakenRange[], rowLimit: number, byteLimit: number): { rows: number; bytes: number } {
  let rows = rowLimit;
  let bytes = byteLimit;
  for (const { range } of taken) {
    rows -= range.rows;
    bytes -= range.to - range.from;
  }
  return { rows, bytes };
}

/** Calls of before this process that may be told of again. Without them such records count as calls of their own. */
async function knownCalls({ recentCalls, telemetry }: WriterOptions, settings: WriterSettings): Promise<RepeatedCalls> {
  const repeated = new RepeatedCalls(settings.rememberedCalls);
  try {
    if (recentCalls !== undefined) repeated.remember(await recentCalls());
  } catch (error) {
    telemetry.emit(writerStepFailed, { error: String(error) });
  }
  return repeated;
}

/**
 * Starts the one writer of a folder of journals. It first repeats the batches that an earlier writer did not finish.
 * Rejects with PART_UNAVAILABLE while another writer lives. Disposing waits for inserts under way, not for those that
 * storage does not take.
 */
export async function startWriter(options: WriterOptions): Promise<Writer> {
  const settings = { ...defaults, ...options.settings };
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const lock = FileLock.tryAcquire(join(options.directory, lockFile));
  if (lock === undefined) {
    throw new CodedError("PART_UNAVAILABLE", "Another process still drains these journals.", { retryAfterMs: 1000 });
  }
  try {
    const log = await BatchLog.open(options.directory, options.telemetry);
    return new JournalWriter(options, settings, log, lock, await knownCalls(options, settings));
  } catch (error) {
    lock.release();
    throw error;
  }
}
