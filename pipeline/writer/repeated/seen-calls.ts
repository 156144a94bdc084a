/**
 * What tells whether two records are of one call. Ids are the halves of 64 bits, of hashes where they are longer: of
 * project and trace, of the answer's id with project and kind (both 0 without one), of the model asked for.
 */
export interface CallTraits {
  traceHigh: number;
  traceLow: number;
  spanHigh: number;
  spanLow: number;
  parentHigh: number;
  parentLow: number;
  answerHigh: number;
  answerLow: number;
  model: number;
  /** The kinds that are billed, as small numbers. */
  kind: number;
  startMs: number;
  endMs: number;
  source: CallSource;
  isFailed: boolean;
  knowsUsage: boolean;
}

/** Those that a call is looked up by, in this order: trace high and low, answer high and low. */
export const idsOfCall = 4;

export type CallSource = "gateway" | "rest" | "other";

const isGateway = 1;
const isRest = 2;
const isFailed = 4;
const knowsUsage = 8;
const isPaired = 16;
/** The kind stands above the marks. */
const kindShift = 8;
/** A trace may have any number of calls; only so many of the latest are compared. */
const mostCompared = 64;

/**
 * The latest calls, so that a later record of one of them is known. Takes 72 bytes a call in arrays that the system
 * provides as they are filled. What is kept of a call stands in one line of the processor's cache, since the arrays are
 * larger than any cache: reading from memory is what a look costs.
 */
export class SeenCalls {
  readonly #limit: number;
  readonly #mask: number;
  /** How many came, modulo 2^32 but for 0; a call's number is its place in that count. Those beyond the limit are forgotten. */
  #count = 0;
  readonly #records: Int32Array;
  /** The times of the same records. */
  readonly #times: Float64Array;
  /** By slot of a hash the number of its latest call; the record of a call has that of the one before it in its slot. */
  readonly #byTrace: Int32Array;
  readonly #byAnswer: Int32Array;
  /** What was read only to be near: so that no compiler leaves the reading out. */
  readonly #read = new Int32Array(1);

  /** `limit` is rounded up to a power of two. */
  constructor(limit: number) {
    this.#limit = 2 ** Math.ceil(Math.log2(Math.max(2, limit)));
    this.#mask = this.#limit - 1;
    this.#records = new Int32Array(this.#limit * recordLength);
    this.#times = new Float64Array(this.#records.buffer);
    this.#byTrace = new Int32Array(this.#limit);
    this.#byAnswer = new Int32Array(this.#limit);
  }

  /**
   * Reads what `meet` will look at first for so many calls, whose traces and answers are given by `idsOfCall` numbers a
   * call, as `CallTraits` has them: many reads at once take memory little longer than one.
   */
  bringNear(ids: Int32Array, count: number): void {
    const records = this.#records;
    const byTrace = this.#byTrace;
    const byAnswer = this.#byAnswer;
    const mask = this.#mask;
    let all = 0;
    for (let index = 0; index < count; index++) {
      const place = index * idsOfCall;
      const inTrace = (byTrace[(ids[place + 1] as number) & mask] as number) & mask;
      const ofAnswer = (byAnswer[(ids[place + 3] as number) & mask] as number) & mask;
      all ^= (records[inTrace * recordLength] as number) ^ (records[ofAnswer * recordLength] as number);
    }
    this.#read[0] = all;
  }

  /** The span id of the call that this is a later record of, in hex; undefined for a new one, which is remembered. */
  meet(call: CallTraits): string | undefined {
    const slot = this.#sameAnswer(call) ?? this.#sameInTrace(call);
    if (slot === undefined) {
      this.#remember(call);
      return undefined;
    }
    const at = slot * recordLength;
    this.#records[at + marksAt] = (this.#records[at + marksAt] as number) | isPaired;
    const id = Buffer.allocUnsafe(8);
    id.writeInt32LE(this.#records[at + spanHighAt] as number, 0);
    id.writeInt32LE(this.#records[at + spanHighAt + 1] as number, 4);
    return id.toString("hex");
  }

  /** One answer's id: in one trace that is enough; across traces only of the gateway and a sender, at the same time. */
  #sameAnswer(call: CallTraits): number | undefined {
    if (call.answerHigh === 0 && call.answerLow === 0) return undefined;
    let number = this.#byAnswer[call.answerLow & this.#mask] as number;
    for (let compared = 0; this.#isKnown(number) && compared < mostCompared; compared++) {
      const slot = number & this.#mask;
      if (this.#hasIds(slot, answerHighAt, call.answerHigh, call.answerLow) && this.#isAnotherRecord(slot, call)) {
        const isSameTrace = this.#hasIds(slot, traceHighAt, call.traceHigh, call.traceLow);
        const isSeenTwice = this.#isOfGateway(slot) !== (call.source === "gateway") && this.#overlaps(slot, call);
        if (isSameTrace || isSeenTwice) return slot;
      }
      number = this.#records[slot * recordLength + beforeInAnswerAt] as number;
    }
    return undefined;
  }

  /** The same span, a call within a call, or the gateway's record of what an SDK's span tells of, by their times. */
  #sameInTrace(call: CallTraits): number | undefined {
    let number = this.#byTrace[call.traceLow & this.#mask] as number;
    for (let compared = 0; this.#isKnown(number) && compared < mostCompared; compared++) {
      const slot = number & this.#mask;
      if (
        this.#hasIds(slot, traceHighAt, call.traceHigh, call.traceLow) &&
        this.#kindOf(slot) === call.kind &&
        this.#isAllowed(slot, call) &&
        (this.#isSameSpan(slot, call) || this.#isWithin(slot, call) || this.#isPassedOn(slot, call))
      )
        return slot;
      number = this.#records[slot * recordLength + beforeInTraceAt] as number;
    }
    return undefined;
  }

  #isKnown(number: number): boolean {
    return number !== 0 && (this.#count - number) >>> 0 < this.#limit;
  }

  #hasIds(slot: number, at: number, high: number, low: number): boolean {
    const place = slot * recordLength + at;
    return this.#records[place] === high && this.#records[place + 1] === low;
  }

  #has(slot: number, mark: number): boolean {
    return ((this.#records[slot * recordLength + marksAt] as number) & mark) !== 0;
  }

  #kindOf(slot: number): number {
    return (this.#records[slot * recordLength + marksAt] as number) >>> kindShift;
  }

  #isOfGateway(slot: number): boolean {
    return this.#has(slot, isGateway);
  }

  /** What a record knows is never given up for one that does not know it. */
  #isAllowed(slot: number, call: CallTraits): boolean {
    return this.#has(slot, knowsUsage) || !call.knowsUsage;
  }

  /** The gateway answers from its cache with one id, and posted steps are what their sender says: neither repeats its own. */
  #isAnotherRecord(slot: number, call: CallTraits): boolean {
    const areOfOne =
      (call.source === "gateway" && this.#isOfGateway(slot)) || (call.source === "rest" && this.#has(slot, isRest));
    return !areOfOne && this.#kindOf(slot) === call.kind && this.#isAllowed(slot, call);
  }

  #isSameSpan(slot: number, { spanHigh, spanLow, source }: CallTraits): boolean {
    return this.#hasIds(slot, spanHighAt, spanHigh, spanLow) && !(source === "gateway" && this.#isOfGateway(slot));
  }

  #isWithin(slot: number, call: CallTraits): boolean {
    const { parentHigh, parentLow, spanHigh, spanLow } = call;
    if (!this.#isAnotherRecord(slot, call)) return false;
    const isChild = (parentHigh !== 0 || parentLow !== 0) && this.#hasIds(slot, spanHighAt, parentHigh, parentLow);
    return isChild || this.#hasIds(slot, parentHighAt, spanHigh, spanLow);
  }

  /** Without ids to compare: of one model, at one time, neither failed, and each of them with one other only. */
  #isPassedOn(slot: number, call: CallTraits): boolean {
    const hasAnswer = (call.answerHigh !== 0 || call.answerLow !== 0) && !this.#hasIds(slot, answerHighAt, 0, 0);
    return (
      this.#isOfGateway(slot) !== (call.source === "gateway") &&
      !hasAnswer &&
      !call.isFailed &&
      !this.#has(slot, isFailed | isPaired) &&
      this.#records[slot * recordLength + modelAt] === call.model &&
      this.#overlaps(slot, call)
    );
  }

  #overlaps(slot: number, { startMs, endMs }: CallTraits): boolean {
    const at = slot * timesOfRecord + timesAt;
    return (this.#times[at] as number) <= endMs && startMs <= (this.#times[at + 1] as number);
  }

  #remember(call: CallTraits): void {
    this.#count = (this.#count + 1) | 0 || 1;
    const slot = this.#count & this.#mask;
    const records = this.#records;
    const at = slot * recordLength;
    records[at + traceHighAt] = call.traceHigh;
    records[at + traceHighAt + 1] = call.traceLow;
    records[at + spanHighAt] = call.spanHigh;
    records[at + spanHighAt + 1] = call.spanLow;
    records[at + parentHighAt] = call.parentHigh;
    records[at + parentHighAt + 1] = call.parentLow;
    records[at + answerHighAt] = call.answerHigh;
    records[at + answerHighAt + 1] = call.answerLow;
    records[at + modelAt] = call.model;
    records[at + marksAt] =
      (call.kind << kindShift) |
      (call.source === "gateway" ? isGateway : call.source === "rest" ? isRest : 0) |
      (call.isFailed ? isFailed : 0) |
      (call.knowsUsage ? knowsUsage : 0);
    this.#times[slot * timesOfRecord + timesAt] = call.startMs;
    this.#times[slot * timesOfRecord + timesAt + 1] = call.endMs;
    records[at + beforeInTraceAt] = this.#byTrace[call.traceLow & this.#mask] as number;
    this.#byTrace[call.traceLow & this.#mask] = this.#count;
    if (call.answerHigh === 0 && call.answerLow === 0) return;
    records[at + beforeInAnswerAt] = this.#byAnswer[call.answerLow & this.#mask] as number;
    this.#byAnswer[call.answerLow & this.#mask] = this.#count;
  }
}

/** Places in the record of a call, of 64 bytes: ids of two numbers each, and what else is known. */
const traceHighAt = 0;
const spanHighAt = 2;
const parentHighAt = 4;
const answerHighAt = 6;
const modelAt = 8;
const marksAt = 9;
const beforeInTraceAt = 10;
const beforeInAnswerAt = 11;
const recordLength = 16;
/** The last four of the numbers are two times. */
const timesOfRecord = recordLength / 2;
const timesAt = 6;
