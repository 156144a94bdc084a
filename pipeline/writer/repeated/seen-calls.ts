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

export type CallSource = "gateway" | "rest" | "other";

const isGateway = 1;
const isRest = 2;
const isFailed = 4;
const knowsUsage = 8;
const isPaired = 16;
/** A trace may have any number of calls; only so many of the latest are compared. */
const mostCompared = 64;

/**
 * The latest calls, so that a later record of one of them is known. Takes 100 bytes a call in arrays that the system
 * provides as they are filled.
 */
export class SeenCalls {
  readonly #limit: number;
  readonly #mask: number;
  /** How many came; a call's number is its place in that count, from 1. Those beyond the limit are forgotten. */
  #count = 0;
  readonly #ids: Int32Array;
  readonly #times: Float64Array;
  readonly #kinds: Uint8Array;
  readonly #marks: Uint8Array;
  /** By slot of a hash the number of its latest call, and by call that of the one before it in its slot. */
  readonly #byTrace: Float64Array;
  readonly #beforeInTrace: Float64Array;
  readonly #byAnswer: Float64Array;
  readonly #beforeInAnswer: Float64Array;

  /** `limit` is rounded up to a power of two. */
  constructor(limit: number) {
    this.#limit = 2 ** Math.ceil(Math.log2(Math.max(2, limit)));
    this.#mask = this.#limit - 1;
    this.#ids = new Int32Array(this.#limit * idsOfCall);
    this.#times = new Float64Array(this.#limit * 2);
    this.#kinds = new Uint8Array(this.#limit);
    this.#marks = new Uint8Array(this.#limit);
    this.#byTrace = new Float64Array(this.#limit);
    this.#beforeInTrace = new Float64Array(this.#limit);
    this.#byAnswer = new Float64Array(this.#limit);
    this.#beforeInAnswer = new Float64Array(this.#limit);
  }

  /** The span id of the call that this is a later record of, in hex; undefined for a new one, which is remembered. */
  meet(call: CallTraits): string | undefined {
    const slot = this.#sameAnswer(call) ?? this.#sameInTrace(call);
    if (slot === undefined) {
      this.#remember(call);
      return undefined;
    }
    this.#marks[slot] = (this.#marks[slot] as number) | isPaired;
    const id = Buffer.allocUnsafe(8);
    id.writeInt32LE(this.#ids[slot * idsOfCall + spanHighAt] as number, 0);
    id.writeInt32LE(this.#ids[slot * idsOfCall + spanHighAt + 1] as number, 4);
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
      number = this.#beforeInAnswer[slot] as number;
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
        this.#kinds[slot] === call.kind &&
        this.#isAllowed(slot, call) &&
        (this.#isSameSpan(slot, call) || this.#isWithin(slot, call) || this.#isPassedOn(slot, call))
      )
        return slot;
      number = this.#beforeInTrace[slot] as number;
    }
    return undefined;
  }

  #isKnown(number: number): boolean {
    return number > 0 && number > this.#count - this.#limit;
  }

  #hasIds(slot: number, at: number, high: number, low: number): boolean {
    return this.#ids[slot * idsOfCall + at] === high && this.#ids[slot * idsOfCall + at + 1] === low;
  }

  #has(slot: number, mark: number): boolean {
    return ((this.#marks[slot] as number) & mark) !== 0;
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
    return !areOfOne && this.#kinds[slot] === call.kind && this.#isAllowed(slot, call);
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
      this.#ids[slot * idsOfCall + modelAt] === call.model &&
      this.#overlaps(slot, call)
    );
  }

  #overlaps(slot: number, { startMs, endMs }: CallTraits): boolean {
    return (this.#times[slot * 2] as number) <= endMs && startMs <= (this.#times[slot * 2 + 1] as number);
  }

  #remember(call: CallTraits): void {
    const number = ++this.#count;
    const slot = number & this.#mask;
    const ids = this.#ids;
    const at = slot * idsOfCall;
    ids[at + traceHighAt] = call.traceHigh;
    ids[at + traceHighAt + 1] = call.traceLow;
    ids[at + spanHighAt] = call.spanHigh;
    ids[at + spanHighAt + 1] = call.spanLow;
    ids[at + parentHighAt] = call.parentHigh;
    ids[at + parentHighAt + 1] = call.parentLow;
    ids[at + answerHighAt] = call.answerHigh;
    ids[at + answerHighAt + 1] = call.answerLow;
    ids[at + modelAt] = call.model;
    this.#times[slot * 2] = call.startMs;
    this.#times[slot * 2 + 1] = call.endMs;
    this.#kinds[slot] = call.kind;
    this.#marks[slot] =
      (call.source === "gateway" ? isGateway : call.source === "rest" ? isRest : 0) |
      (call.isFailed ? isFailed : 0) |
      (call.knowsUsage ? knowsUsage : 0);
    this.#beforeInTrace[slot] = this.#byTrace[call.traceLow & this.#mask] as number;
    this.#byTrace[call.traceLow & this.#mask] = number;
    if (call.answerHigh === 0 && call.answerLow === 0) return;
    this.#beforeInAnswer[slot] = this.#byAnswer[call.answerLow & this.#mask] as number;
    this.#byAnswer[call.answerLow & this.#mask] = number;
  }
}

/** Places of the ids of a call among its numbers. */
const traceHighAt = 0;
const spanHighAt = 2;
const parentHighAt = 4;
const answerHighAt = 6;
const modelAt = 8;
const idsOfCall = 9;
