import type { TextPlaces } from "../blocks/block-layout.ts";
import { ByteMarks } from "./byte-marks.ts";
import { asciiEscapePlaces, type BytePlaces, placesOf } from "./byte-places.ts";
import { CleanTexts } from "./clean-texts.ts";
import { withoutAsciiEscapes } from "./pattern-anchors.ts";
import { encodedAtSign, hidesPersonalData, type PersonalScan } from "./personal-scan.ts";
import { hidesBehindEscapes, type SecretScan } from "./secret-scan.ts";
import type { CompiledPattern } from "./user-patterns.ts";

/** What is looked for. */
export interface Sought {
  readonly secrets: SecretScan;
  readonly personal: PersonalScan | undefined;
  readonly patterns: readonly CompiledPattern[];
}

/** Shorter texts hold nothing that a detector finds. */
export const leastBytes = 7;
const isFound = () => true;
/** Of the bytes that were last looked at, whichever look that was: those of a block's projects take turns. */
const marks = new ByteMarks();
let marked: { readonly bytes: Buffer; readonly withNumbers: boolean } | undefined;

/** One look through the values of a buffer, in their order, that makes nothing of what it sees. */
export class Look {
  readonly #bytes: Buffer;
  readonly #sought: Sought;
  readonly #clean: CleanTexts;
  readonly #atSigns: BytePlaces;
  readonly #encodedAtSigns: BytePlaces;
  readonly #escapes: BytePlaces;
  /** By pattern; undefined of one that may match anywhere. */
  readonly #anchors: readonly (readonly BytePlaces[] | undefined)[];

  constructor(bytes: Buffer, sought: Sought) {
    this.#bytes = bytes;
    this.#sought = sought;
    this.#clean = new CleanTexts(bytes);
    // They may have changed since.
    if (marked?.bytes === bytes) marked = undefined;
    this.#atSigns = placesOf(bytes, 0x40);
    this.#encodedAtSigns = placesOf(bytes, encodedAtSign);
    this.#escapes = asciiEscapePlaces(bytes);
    this.#anchors = sought.patterns.map(({ anchors }) => anchors?.map((anchor) => placesOf(bytes, anchor)));
  }

  /** Whether there may be something to take out of any of the texts, which stand one behind the other. */
  concernsAny(texts: TextPlaces, isIdentifier: boolean): boolean {
    const { from, to } = texts;
    const { personal, patterns } = this.#sought;
    if (isIdentifier || (personal === undefined && patterns.length === 0)) return this.#hasSecret(texts, isIdentifier);
    for (let index = 0; index < from.length; index++) {
      if (this.concerns(from[index] as number, to[index] as number, isIdentifier)) return true;
    }
    return false;
  }

  /** Looks only at texts in which a row of token bytes or an `@` stands: every secret has one of them. */
  #hasSecret({ from, to }: TextPlaces, isIdentifier: boolean): boolean {
    if (from.length === 0) return false;
    const clean = this.#clean;
    const end = to[to.length - 1] as number;
    let run = -1;
    for (let index = 0, place = from[0] as number; ; place = to[index] as number) {
      // A length between two texts may look like a token too: what goes on behind it is found from there.
      if (run < place) run = this.#nextRun(place, end);
      const next = Math.min(run, this.#atSigns.nextFrom(place));
      if (next >= end) return false;
      while ((to[index] as number) <= next) index++;
      const textFrom = from[index] as number;
      const textTo = to[index] as number;
      if (clean.has(textFrom, textTo)) continue;
      if (this.concerns(textFrom, textTo, isIdentifier)) return true;
      clean.add(textFrom, textTo);
    }
  }

  #nextRun(from: number, to: number): number {
    this.#takeMarks();
    const run = marks.nextRun(from, to);
    return run < 0 ? Number.POSITIVE_INFINITY : run;
  }

  /** Whether there may be something to take out of the value. `from` must not fall from call to call. */
  concerns(from: number, to: number, isIdentifier: boolean): boolean {
    if (to - from < leastBytes) return false;
    const { secrets, personal } = this.#sought;
    const bytes = this.#bytes;
    this.#takeMarks();
    const hasAtSign = this.#atSigns.isWithin(from, to);
    const hasEscapes = this.#escapes.isWithin(from, to);
    if (secrets.scan(marks, bytes, from, to, isFound, hasAtSign)) return true;
    if (hasEscapes && hidesBehindEscapes(marks, bytes, from, to)) return true;
    if (!isIdentifier && personal !== undefined) {
      const mayHaveEmail = hasAtSign || this.#encodedAtSigns.isWithin(from, to);
      if (personal.scan(marks, bytes, from, to, isFound, mayHaveEmail)) return true;
      if (hasEscapes && hidesPersonalData(bytes, from, to)) return true;
    }
    return !isIdentifier && this.#mayMatchPattern(from, to, hasEscapes);
  }

  #takeMarks(): void {
    const isMarked = marked?.bytes === this.#bytes;
    const withNumbers = this.#sought.personal !== undefined || (isMarked && marked?.withNumbers === true);
    if (isMarked && marked?.withNumbers === withNumbers) return;
    marks.take(this.#bytes, 0, this.#bytes.length, withNumbers);
    marked = { bytes: this.#bytes, withNumbers };
  }

  #mayMatchPattern(from: number, to: number, hasEscapes: boolean): boolean {
    if (this.#anchors.length === 0) return false;
    if (this.#anchors.some((places) => places?.some((place) => place.isWithin(from, to)) !== false)) return true;
    return hasEscapes && mayMatchBehindEscapes(this.#sought.patterns, this.#bytes, from, to);
  }
}

/** Whether a pattern may match what a value says once its escapes of ASCII are taken away. */
export function mayMatchBehindEscapes(
  patterns: readonly CompiledPattern[],
  bytes: Buffer,
  from: number,
  to: number,
): boolean {
  const text = withoutAsciiEscapes(bytes.toString("latin1", from, to));
  return patterns.some(({ anchors }) => anchors?.some((anchor) => text.includes(anchor.toString("latin1"))) !== false);
}
