import { ByteMarks } from "./byte-marks.ts";
import { asciiEscapePlaces } from "./byte-places.ts";
import type { Match } from "./detectors/detector.ts";
import { email, personalDetectors } from "./detectors/personal.ts";
import { secretDetectors, urlPassword } from "./detectors/secrets.ts";
import { looksLikeJson, replaceInLiterals, StringTracker } from "./json-literals.ts";
import { Look, leastBytes, mayMatchBehindEscapes, type Sought } from "./look.ts";
import { hidesPersonalData, PersonalScan } from "./personal-scan.ts";
import { hidesBehindEscapes, SecretScan } from "./secret-scan.ts";
import { type CompiledPattern, compilePattern, type UserPattern } from "./user-patterns.ts";

/** What one project's rows are cleared of. */
export interface RedactionPolicy {
  /** Names of detectors. */
  readonly detectors: ReadonlySet<string>;
  readonly patterns: readonly UserPattern[];
}

/** How often each detector matched, by name. */
export type FoundCounts = Map<string, number>;

/** JSON in JSON is looked into so many times. */
const deepestJson = 4;
const mostRounds = 8;
/** Of the value that is being redacted. */
const marks = new ByteMarks();
const secretNames = new Set([...secretDetectors.map(({ name }) => name), urlPassword.name]);

/**
 * Replaces what its policy names by `[redacted:<detector>]`. JSON stays JSON: what is replaced is within a literal, or
 * becomes one. What comes out has nothing more to replace. Never throws, whatever the bytes.
 */
export class Redactor {
  readonly #sought: Sought;

  constructor({ detectors, patterns }: RedactionPolicy) {
    const personal = personalDetectors.filter(({ name }) => detectors.has(name));
    const secrets = secretDetectors.filter(({ name }) => detectors.has(name));
    this.#sought = {
      secrets: new SecretScan(secrets, detectors),
      personal: personal.length > 0 || detectors.has(email.name) ? new PersonalScan(personal, detectors) : undefined,
      patterns: patterns.map(compilePattern),
    };
  }

  /** A look for what may be taken out of the values of the bytes; what it does not find `redact` leaves. */
  lookInto(bytes: Buffer): Look {
    return new Look(bytes, this.#sought);
  }

  /**
   * What takes the place of the bytes of a value; undefined when they may stay. Adds to `found`. Of identifiers that the
   * sender chose, such as the user's, secrets alone are taken out.
   */
  redact(bytes: Buffer, from: number, to: number, found: FoundCounts, isIdentifier = false): Buffer | undefined {
    if (to - from < leastBytes) return undefined;
    let redacted = this.#redact(bytes, from, to, found, isIdentifier, 0);
    // What stood beside a match and was no match then may be one now.
    for (let round = 0; redacted !== undefined && round < mostRounds; round++) {
      const again = this.#redact(redacted, 0, redacted.length, found, isIdentifier, 0);
      if (again === undefined) break;
      redacted = again;
    }
    return redacted;
  }

  /** The same for a text. */
  redactText(text: string, found: FoundCounts, isIdentifier = false): string | undefined {
    if (text.length < leastBytes) return undefined;
    const bytes = Buffer.from(text);
    return this.redact(bytes, 0, bytes.length, found, isIdentifier)?.toString();
  }

  #redact(
    bytes: Buffer,
    from: number,
    to: number,
    found: FoundCounts,
    isIdentifier: boolean,
    depth: number,
  ): Buffer | undefined {
    const matches: Match[] = [];
    const onMatch = (match: Match) => {
      matches.push(match);
      return false;
    };
    marks.take(bytes, from, to, this.#sought.personal !== undefined);
    this.#sought.secrets.scan(marks, bytes, from, to, onMatch);
    if (!isIdentifier) this.#scanPersonal(bytes, from, to, matches);
    const replaced = matches.length === 0 ? undefined : replaceMatches(bytes, from, to, matches, found);
    const value = replaced ?? bytes.subarray(from, to);
    const patterns = isIdentifier ? [] : this.#patternsFor(value);
    const seeksPersonal = !isIdentifier && this.#sought.personal !== undefined;
    if (patterns.length === 0 && !hidesSomething(value, seeksPersonal)) return replaced;
    return this.#redactDecoded(value, found, isIdentifier, depth) ?? replaced;
  }

  /** The patterns, unless none of them can match in the value. */
  #patternsFor(value: Buffer): readonly CompiledPattern[] {
    const { patterns } = this.#sought;
    if (patterns.length === 0) return patterns;
    const mayMatch =
      patterns.some(({ anchors }) => anchors?.some((anchor) => value.includes(anchor)) !== false) ||
      mayMatchBehindEscapes(patterns, value, 0, value.length);
    return mayMatch ? patterns : [];
  }

  /** Adds what no secret is a part of: a URL's password and host look like an address. */
  #scanPersonal(bytes: Buffer, from: number, to: number, matches: Match[]): void {
    const secrets = matches.toSorted(byPlace);
    this.#sought.personal?.scan(marks, bytes, from, to, (match) => {
      if (!overlapsAny(secrets, match)) matches.push(match);
      return false;
    });
  }

  /** What only shows once JSON's escapes are taken away, and what the user's patterns match. */
  #redactDecoded(value: Buffer, found: FoundCounts, isIdentifier: boolean, depth: number): Buffer | undefined {
    const patterns = isIdentifier ? [] : this.#sought.patterns;
    const text = value.toString();
    if (depth >= deepestJson || !looksLikeJson(value, 0, value.length)) {
      return bufferOf(replacePatterns(patterns, text, found));
    }
    const inLiterals = replaceInLiterals(text, (literal) => {
      const bytes = Buffer.from(literal);
      return this.#redact(bytes, 0, bytes.length, found, isIdentifier, depth + 1)?.toString();
    });
    return bufferOf(inLiterals);
  }
}

/** Whether there may be something that only shows once escapes are taken away. */
function hidesSomething(value: Buffer, seeksPersonal: boolean): boolean {
  if (!asciiEscapePlaces(value).isWithin(0, value.length)) return false;
  if (seeksPersonal && hidesPersonalData(value, 0, value.length)) return true;
  marks.take(value, 0, value.length, false);
  return hidesBehindEscapes(marks, value, 0, value.length);
}

/** Whether a detector finds secrets, not personal data. */
export function isSecretDetector(name: string): boolean {
  return secretNames.has(name);
}

function byPlace(one: Match, other: Match): number {
  return one.from - other.from || other.to - one.to;
}

/** Whether one of the matches, in their order, has bytes of another match. */
function overlapsAny(sorted: readonly Match[], { from, to }: Match): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Match).to <= from) low = middle + 1;
    else high = middle;
  }
  const next = sorted[low];
  return next !== undefined && next.from < to;
}

function bufferOf(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}

function replacePatterns(patterns: readonly CompiledPattern[], text: string, found: FoundCounts): string | undefined {
  let replaced: string | undefined;
  for (const pattern of patterns) {
    const result = pattern.replace(replaced ?? text, `[redacted:${pattern.name}]`);
    if (result === undefined) continue;
    replaced = result.text;
    count(found, pattern.name, result.count);
  }
  return replaced;
}

/** Matches that overlap become one, by the name of the first. */
function replaceMatches(bytes: Buffer, from: number, to: number, matches: Match[], found: FoundCounts): Buffer {
  matches.sort(byPlace);
  const strings = looksLikeJson(bytes, from, to) ? new StringTracker(bytes, from) : undefined;
  const parts: Buffer[] = [];
  let end = from;
  for (let index = 0; index < matches.length; ) {
    const first = matches[index] as Match;
    let last = first.to;
    while (index < matches.length && (matches[index] as Match).from < last) {
      last = Math.max(last, (matches[index] as Match).to);
      index++;
    }
    const isNumber = strings !== undefined && !isSecretDetector(first.name) && !strings.isInString(first.from);
    const begin = isNumber ? numberStart(bytes, end, first.from) : first.from;
    const label = `[redacted:${first.name}]`;
    parts.push(bytes.subarray(end, begin), Buffer.from(isNumber ? `"${label}"` : label));
    end = isNumber ? numberEnd(bytes, last, to) : last;
    while (index < matches.length && (matches[index] as Match).from < end) index++;
    count(found, first.name, 1);
  }
  parts.push(bytes.subarray(end, to));
  return Buffer.concat(parts);
}

function numberStart(bytes: Buffer, from: number, place: number): number {
  let start = place;
  while (start > from && isNumberByte(bytes[start - 1] as number)) start--;
  return start;
}

function numberEnd(bytes: Buffer, place: number, to: number): number {
  let end = place;
  while (end < to && isNumberByte(bytes[end] as number)) end++;
  return end;
}

function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || "+-.eE".includes(String.fromCharCode(byte));
}

function count(found: FoundCounts, name: string, by: number): void {
  found.set(name, (found.get(name) ?? 0) + by);
}
