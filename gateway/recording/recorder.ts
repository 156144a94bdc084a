import { asCodedError, defaultRetentionDays, type SpanRow, type Telemetry } from "@weir/model";
import { type BlockWriter, type CallLog, createBlockWriter, type OpenCall } from "@weir/pipeline";
import { observationFailed, rowsDropped } from "../events.ts";
import { emptyAnswer } from "../providers/shape.ts";
import type { CallRecord } from "./call-record.ts";
import { decodeWhole } from "./decode.ts";
import { LateResults } from "./late-results.ts";
import { callRow, openRow } from "./span.ts";

/** Calls that last longer than this are announced; ended ones wait no longer than this for their block. */
const tickMs = 20;
/** Ended calls are read in groups: the same code over several calls costs a third of what it does between packets. */
const groupLimit = 32;
/** Bytes that came meanwhile are passed on after so long of reading, and then it goes on. */
const readSliceMs = 2;
/** Where more wait than this, those are read first, so that they do not become ever more. */
const endedLimit = 64;
/** A call that has ended is to be in the journal within 100 ms. */
const longestWaitMs = 50;
const blockRowLimit = 512;
const blockBytesLimit = 1 << 20;
const decodedInputLimit = 16 << 20;

/**
 * Turns ended calls into rows, gathers them for a tick and hands them to the journal as one block. Nothing that goes
 * wrong here reaches a call: rows that cannot be kept are dropped and counted.
 */
export class Recorder implements AsyncDisposable {
  readonly #log: CallLog;
  readonly #telemetry: Telemetry;
  readonly #retentionDaysOf: (project: string) => number;
  readonly #onCall: (row: SpanRow) => void;
  readonly #limitBytes: number;
  readonly #writer: BlockWriter<SpanRow> = createBlockWriter("spans");
  readonly #lateResults = new LateResults();
  #closes: number[] = [];
  #young: CallRecord[] = [];
  /** Ended calls that are still to be read. */
  #ended: CallRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #nextSlice: NodeJS.Immediate | undefined;
  #waitingBytes = 0;
  #gatheredBytes = 0;
  /** When the first of the gathered rows came, on the clock of `performance.now`. */
  #gatheredSinceMs = 0;
  readonly #pending = new Set<Promise<void>>();

  constructor(options: {
    log: CallLog;
    telemetry: Telemetry;
    onCall: (row: SpanRow) => void;
    limitBytes: number;
    retentionDaysOf?: (project: string) => number;
  }) {
    this.#log = options.log;
    this.#telemetry = options.telemetry;
    this.#onCall = options.onCall;
    this.#retentionDaysOf = options.retentionDaysOf ?? (() => defaultRetentionDays);
    this.#limitBytes = options.limitBytes;
  }

  /** A call has begun. */
  opened(call: CallRecord): void {
    this.#young.push(call);
    this.#arm();
  }

  /** A call has ended and nothing of it will change any more. */
  ended(call: CallRecord): void {
    call.isSettled = true;
    this.#ended.push(call);
    if (this.#ended.length >= groupLimit) this.#readSoon();
    this.#arm();
  }

  /** Writes what was gathered and waits until the journal has it. */
  async flush(): Promise<void> {
    this.#readEnded(Number.POSITIVE_INFINITY);
    this.#writeBlock();
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
      this.#writeBlock();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #readSoon(): void {
    this.#nextSlice ??= setImmediate(() => {
      this.#nextSlice = undefined;
      this.#readEnded(readSliceMs);
    });
  }

  /** Reads ended calls, the oldest first, for about so long; goes on with the others in the event loop's next turn. */
  #readEnded(forMs: number): void {
    const calls = this.#ended;
    const untilMs = performance.now() + forMs;
    let count = 0;
    try {
      while (count < calls.length && (performance.now() < untilMs || this.#isOverdue(calls, count))) {
        this.#readCall(calls[count++] as CallRecord);
      }
    } finally {
      this.#ended = calls.slice(count);
    }
    if (this.#ended.length > 0) this.#readSoon();
    // Under load timers come late: rows do not wait for them.
    if (this.#writer.rowCount > 0 && performance.now() - this.#gatheredSinceMs > tickMs) this.#writeBlock();
  }

  /** Whether the next call has waited so long, or so many wait with it, that others have to wait for it. */
  #isOverdue(calls: readonly CallRecord[], next: number): boolean {
    return calls.length - next > endedLimit || performance.now() - (calls[next] as CallRecord).endMs > longestWaitMs;
  }

  #readCall(call: CallRecord): void {
    if (call.requestEncoding === "" || call.input === undefined) this.#endAnswer(call);
    else this.#track(this.#decodeInput(call).then(() => this.#endAnswer(call)));
  }

  #endAnswer(call: CallRecord): void {
    const { observer } = call;
    if (observer?.isDecodedLater === true) {
      const decoded = new Promise<void>((resolve) => observer.end(resolve));
      this.#track(decoded.then(() => this.#record(call)));
      return;
    }
    try {
      observer?.end(ignore);
    } catch (error) {
      this.#telemetry.emit(observationFailed, { error: String(error) });
    }
    this.#record(call);
  }

  #record(call: CallRecord): void {
    try {
      if (call.observer?.answer.isLate === true) this.#countOnce(call);
      const row = this.#kept(callRow(call));
      this.#onCall(row);
      this.#append(row);
    } catch (error) {
      this.#telemetry.emit(observationFailed, { error: String(error) });
    }
    if (call.isAnnounced) this.#closes.push(call.callNumber);
    call.input?.release();
    call.observer?.release();
    this.#arm();
  }

  /** A result that was recorded before is a request like any other. */
  #countOnce(call: CallRecord): void {
    const { observer } = call;
    if (observer === undefined || this.#lateResults.isFirst(call.admission.projectId, observer.answer.id)) return;
    observer.answer = { ...emptyAnswer(), id: observer.answer.id };
  }

  #kept(row: SpanRow): SpanRow {
    row.retention_days = this.#retentionDaysOf(row.project_id);
    return row;
  }

  #append(row: SpanRow): void {
    const size = row.input.length + row.output.length + 1024;
    if (this.#waitingBytes + this.#gatheredBytes + size > this.#limitBytes) {
      this.#telemetry.emit(rowsDropped, { reason: "backlog" });
      return;
    }
    if (this.#writer.rowCount === 0) this.#gatheredSinceMs = performance.now();
    this.#writer.append(row);
    this.#gatheredBytes += size;
    if (this.#writer.rowCount >= blockRowLimit || this.#gatheredBytes >= blockBytesLimit) this.#writeBlock();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#tick(), tickMs);
  }

  #tick(): void {
    this.#timer = undefined;
    this.#announce();
    this.#readEnded(readSliceMs);
    this.#writeBlock();
    if (this.#young.length > 0) this.#arm();
  }

  #announce(): void {
    const bornBefore = performance.now() - tickMs;
    const stillYoung: CallRecord[] = [];
    const open: OpenCall[] = [];
    for (const call of this.#young) {
      if (call.isSettled) continue;
      if (call.startMs > bornBefore) {
        stillYoung.push(call);
        continue;
      }
      call.isAnnounced = true;
      open.push({ callNumber: call.callNumber, row: this.#kept(openRow(call)) });
    }
    this.#young = stillYoung;
    if (open.length > 0) this.#track(this.#log.announce(open));
  }

  #writeBlock(): void {
    const rowCount = this.#writer.rowCount;
    if (rowCount === 0 && this.#closes.length === 0) return;
    const closes = this.#closes;
    const bytes = this.#gatheredBytes;
    this.#closes = [];
    this.#gatheredBytes = 0;
    this.#waitingBytes += bytes;
    this.#track(this.#consume(rowCount, closes).finally(() => (this.#waitingBytes -= bytes)));
  }

  async #consume(rowCount: number, closes: number[]): Promise<void> {
    try {
      await this.#log.consume(this.#writer.finish(closes));
    } catch (thrown) {
      const { code } = asCodedError(thrown);
      if (rowCount > 0) this.#telemetry.emit(rowsDropped, { reason: code }, rowCount);
      // These calls have ended, whatever became of their rows: the next block says so.
      this.#closes.push(...closes);
    }
  }

  /** A compressed request is read from a decoded copy. */
  async #decodeInput(call: CallRecord): Promise<void> {
    const { input } = call;
    if (input === undefined) return;
    try {
      if (input.state !== "full") throw new RangeError("only a part was kept");
      const decoded = await decodeWhole(input.bytes(), call.requestEncoding, decodedInputLimit);
      call.readDecodedInput(decoded);
    } catch {
      call.inputState = "dropped";
      input.release();
      call.input = undefined;
    }
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}

function ignore(): void {}
