import { randomInt } from "node:crypto";
import { hashOf } from "@weir/otlp";

const startCapacity = 1024;

/**
 * Finds which spans of an export may tell of a call that another one tells of too: those that share a response id, and
 * a call's parent that is a call too. By hashes over their bytes: it may name spans that have nothing in common, and
 * never misses any that `markDuplicates` would mark.
 */
export class RepeatedCalls {
  #capacity = startCapacity;
  #ordinals = new Int32Array(startCapacity);
  #spans = new Int32Array(startCapacity);
  #parents = new Int32Array(startCapacity);
  #answers = new Int32Array(startCapacity);
  /** By slot, one entry for each hash: the first call with it, counted from 1; and by call the next one in its slot. */
  #slots = new Int32Array(startCapacity * 2);
  #next = new Int32Array(startCapacity);
  /** By call, where it is the first of its hash: whether another goes with it. */
  #isShared = new Uint8Array(startCapacity);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  /** Notes a call: the span's number in the export, hashes of its ids and of its answer; 0 stands for none. */
  add(ordinal: number, spanHash: number, parentHash: number, answerHash: number): void {
    if (this.#count === this.#capacity) this.#grow();
    const at = this.#count++;
    this.#ordinals[at] = ordinal;
    this.#spans[at] = spanHash;
    this.#parents[at] = parentHash;
    this.#answers[at] = answerHash;
  }

  /** The numbers of the spans that have to be compared. */
  find(): ReadonlySet<number> {
    if (this.#count < 2) return none;
    const found = new Set<number>();
    this.#collect(this.#answers, this.#enter(this.#answers), found);
    this.#enter(this.#spans);
    this.#collect(this.#spans, this.#ask(this.#parents, found), found);
    return found;
  }

  /** Makes an entry for each hash; true when calls share one. */
  #enter(hashes: Int32Array): boolean {
    this.#slots.fill(0);
    let isAnyShared = false;
    for (let at = 0; at < this.#count; at++) {
      const hash = hashes[at] as number;
      if (hash === 0) continue;
      const first = this.#firstOf(hashes, hash);
      this.#isShared[at] = 0;
      if (first === 0) {
        const slot = this.#slotOf(hash);
        this.#next[at] = this.#slots[slot] as number;
        this.#slots[slot] = at + 1;
      } else if (hashes === this.#answers) {
        this.#isShared[first - 1] = 1;
        isAnyShared = true;
      }
    }
    return isAnyShared;
  }

  /** Looks the parents up among the spans that were entered; true when any is there. */
  #ask(hashes: Int32Array, found: Set<number>): boolean {
    let isAnyShared = false;
    for (let at = 0; at < this.#count; at++) {
      const hash = hashes[at] as number;
      const first = hash === 0 ? 0 : this.#firstOf(this.#spans, hash);
      if (first === 0) continue;
      this.#isShared[first - 1] = 1;
      found.add(this.#ordinals[at] as number);
      isAnyShared = true;
    }
    return isAnyShared;
  }

  #collect(hashes: Int32Array, isAnyShared: boolean, found: Set<number>): void {
    if (!isAnyShared) return;
    for (let at = 0; at < this.#count; at++) {
      const first = hashes[at] === 0 ? 0 : this.#firstOf(hashes, hashes[at] as number);
      if (first !== 0 && this.#isShared[first - 1] === 1) found.add(this.#ordinals[at] as number);
    }
  }

  #firstOf(hashes: Int32Array, hash: number): number {
    let entry = this.#slots[this.#slotOf(hash)] as number;
    while (entry !== 0 && hashes[entry - 1] !== hash) entry = this.#next[entry - 1] as number;
    return entry;
  }

  #slotOf(hash: number): number {
    return (Math.imul(hash ^ seed, 0x9e37_79b1) >>> 8) & (this.#slots.length - 1);
  }

  #grow(): void {
    this.#capacity *= 2;
    const grown = (values: Int32Array) => {
      const larger = new Int32Array(this.#capacity);
      larger.set(values);
      return larger;
    };
    this.#ordinals = grown(this.#ordinals);
    this.#spans = grown(this.#spans);
    this.#parents = grown(this.#parents);
    this.#answers = grown(this.#answers);
    this.#next = grown(this.#next);
    this.#isShared = new Uint8Array(this.#capacity);
    this.#slots = new Int32Array(this.#capacity * 2);
  }
}

/** Nobody outside can choose ids that all fall into one slot. */
const seed = randomInt(2 ** 31);

const none: ReadonlySet<number> = new Set();

/** A hash of an id within a trace, never 0. Ids are random, so a few of their bytes tell them apart. */
export function idHash(trace: Buffer, traceFrom: number, id: Buffer, idFrom: number): number {
  const first = trace.readInt32LE(traceFrom + 8) ^ Math.imul(trace.readInt32LE(traceFrom + 12), 0x0100_0193);
  const second = id.readInt32LE(idFrom) ^ Math.imul(id.readInt32LE(idFrom + 4), 0x85eb_ca6b);
  return mixed(first, second);
}

/** A hash of a response id within a trace, never 0. All ids beyond ASCII have the same: bytes and text may differ. */
export function answerHash(
  trace: Buffer,
  traceFrom: number,
  kind: string,
  id: Buffer,
  from: number,
  to: number,
): number {
  const first = trace.readInt32LE(traceFrom + 8) ^ Math.imul(trace.readInt32LE(traceFrom + 12), 0x0100_0193);
  return mixed(first ^ Math.imul(kind.length, 0x9e37_79b1), isAscii(id, from, to) ? hashOf(id, from, to) : 1);
}

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  let all = 0;
  for (let at = from; at < to; at++) all |= bytes[at] as number;
  return all < 0x80;
}

function mixed(first: number, second: number): number {
  let hash = Math.imul(first ^ (first >>> 16), 0x85eb_ca6b) ^ second;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16) || 1;
}
