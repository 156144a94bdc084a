import type { ByteMarks } from "./byte-marks.ts";
import {
  email,
  type Lead,
  type PersonalDetector,
  personalLookBehindBytes,
  personalWindowBytes,
  validPart,
} from "./detectors/personal.ts";
import { indexOfBytes } from "./find-bytes.ts";
import type { OnMatch } from "./secret-scan.ts";

const atSign = Buffer.from("@");
/** As URLs and forms write it. */
export const encodedAtSign = Buffer.from("%40");
const backslash = 0x5c;
const colon = 0x3a;
const dash = 0x2d;
const space = 0x20;
const plus = 0x2b;
const openParenthesis = 0x28;
const underscore = 0x5f;
const letterU = 0x75;
const letterX = 0x58;
const letterZ = 0x5a;
const escapeStart = Buffer.from("\\u00");
/** Bytes of what is looked for. Quotes, `<`, `>`, `&` and `=`, which some always write as `\u00xx`, are none. */
const isPersonal = new Uint8Array(128);
for (const letter of " %()+-./0123456789:@_") isPersonal[letter.charCodeAt(0)] = 1;
for (let letter = 0; letter < 26; letter++) isPersonal[0x41 + letter] = isPersonal[0x61 + letter] = 1;
const longestLocalPart = 64;
const longestDomain = 255;
const localPart = /[A-Za-z0-9._%+-]+$/;
/** In a URL only these signs of a local part are written as `%xx`. */
const urlLocalPart = /(?<!%[0-9A-Fa-f]?)(?:[A-Za-z0-9._+-]|%(?:2[BDEbde]|5[Ff]))+$/;
/** Labels may have letters of any script, in UTF-8. */
const domain =
  /^(?:[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]{0,61}[A-Za-z0-9\x80-\xff])?\.){1,8}(?!(?:png|jpe?g|gif|svg|webp|avif|ico|css|s[ac]ss|[cm]?jsx?|[cm]?tsx|json|ya?ml|html?|xml|woff2?|ttf|pdf|txt|csv)(?![A-Za-z0-9]))[A-Za-z]{2,24}(?![A-Za-z0-9]|\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|s[ac]ss|[cm]?jsx?|[cm]?tsx|json|ya?ml|html?|xml|woff2?|ttf|pdf|txt|csv)(?![A-Za-z0-9]))/;
/** What JSON's escapes leave before a text: `n` of `\n`, `u0022`. */
const escapeRest = /^(?:u[0-9A-Fa-f]{4}|[nrtbf])/;

const leadBits: Record<Lead, number> = { digit: 1, capital: 2, sign: 4, hex: 8 };
const leadOf = new Uint8Array(256);
for (let byte = 0x30; byte <= 0x39; byte++) leadOf[byte] = leadBits.digit;
for (let byte = 0x41; byte <= 0x5a; byte++) leadOf[byte] = leadBits.capital;
for (let byte = 0x61; byte <= 0x66; byte++) leadOf[byte] = leadBits.hex;
leadOf[plus] = leadOf[openParenthesis] = leadBits.sign;
const isHexDigit = new Uint8Array(256);
for (const digit of "0123456789abcdefABCDEF") isHexDigit[digit.charCodeAt(0)] = 1;
/** What may stand within a number: space, brackets, dash, dot and slash; and the letters of Corsica's departments. */
const isSeparator = new Uint8Array(256);
for (const separator of " ()-./AB") isSeparator[separator.charCodeAt(0)] = 1;
/** So far into a number it shows whether it can be any that is looked for. */
const numberBytes = 26;
const leastDigits = 8;
const mostDigits = 19;
/** Of a Spanish NIE. */
const nieDigits = 7;
/** So far before its first digit a word begins: codice fiscale, IBAN and NINO, NIE; NINO with a space; NIE with a dash. */
const wordLengths = [6, 2, 1];
const spacedWordLengths = [3];
const dashedWordLengths = [2];
const noLengths: readonly number[] = [];
const nothing = 0;
const stopped = -1;

/**
 * Finds personal data in bytes, of which it is given the marks. All but e-mail addresses has digits near where it begins,
 * or a colon: what stands around one that is marked is looked at before a pattern is tried.
 */
export class PersonalScan {
  readonly #byLead: (readonly PersonalDetector[])[] = [];
  readonly #findsEmail: boolean;
  readonly #findsNumbers: boolean;

  constructor(detectors: readonly PersonalDetector[], others: ReadonlySet<string>) {
    for (const [lead, bit] of Object.entries(leadBits)) {
      this.#byLead[bit] = detectors.filter(({ leads }) => leads.includes(lead as Lead));
    }
    this.#findsEmail = others.has(email.name);
    this.#findsNumbers = detectors.length > 0;
  }

  /** Finds what is in one value. Returns true when `onMatch` did. `hasAtSign`: whether there may be an `@`, or `%40`. */
  scan(marks: ByteMarks, bytes: Buffer, from: number, to: number, onMatch: OnMatch, hasAtSign = true): boolean {
    return (
      (hasAtSign && this.#findsEmail && scanEmails(bytes, from, to, onMatch)) ||
      (this.#findsNumbers && from < to && this.#scanNumbers(marks, bytes, from, to, onMatch))
    );
  }

  #scanNumbers(marks: ByteMarks, bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
    /** Where the last match ended: no other begins before. */
    let least = from;
    // What stands before the value does not count.
    for (let place = isDigit(bytes[from] as number) ? from : marks.nextNumber(from, to); place >= 0; ) {
      const isColon = bytes[place] === colon;
      const end = isColon ? place + 1 : digitsEnd(bytes, place, to);
      const reached = isColon
        ? this.#matchAroundColon(bytes, place, from, to, least, onMatch)
        : this.#matchAroundDigits(bytes, place, end, from, to, least, onMatch);
      if (reached === stopped) return true;
      if (reached !== nothing) least = reached;
      place = marks.nextNumber(reached === nothing ? end : reached, to);
    }
    return false;
  }

  /** Tries where a match may begin whose first digits are those from `first` up to `end`, in the order of the places. */
  #matchAroundDigits(
    bytes: Buffer,
    first: number,
    end: number,
    from: number,
    to: number,
    least: number,
    onMatch: OnMatch,
  ): number {
    const before = first > least ? (bytes[first - 1] as number) : 0;
    for (const length of wordLengthsBefore(before)) {
      if (first - length < least || !beginsWord(bytes, length, first, end)) continue;
      const reached = this.#matchFrom(bytes, first - length, from, to, onMatch);
      if (reached !== nothing) return reached;
    }
    if (before === plus || before === openParenthesis) {
      const reached = this.#matchFrom(bytes, first - 1, from, to, onMatch);
      if (reached !== nothing) return reached;
    }
    if (mayBeNumber(bytes, first, end, to)) {
      const reached = this.#matchFrom(bytes, first, from, to, onMatch);
      if (reached !== nothing) return reached;
    }
    // The first digits of the row may be the last of JSON's `\u0022`, behind which a number begins.
    for (let place = first + 1; place < end && place <= first + 4; place++) {
      if (bytes[place - 5] !== letterU || !mayBeNumber(bytes, place, end, to)) continue;
      const reached = this.#matchFrom(bytes, place, from, to, onMatch);
      if (reached !== nothing) return reached;
    }
    return nothing;
  }

  /** Tries where an IPv6 address may begin whose first colon this is; with a digit it was tried when that was met. */
  #matchAroundColon(bytes: Buffer, place: number, from: number, to: number, least: number, onMatch: OnMatch): number {
    if (!isBehindGroup(bytes, place, least) || !isSecondGroupBehind(bytes, place, to)) return nothing;
    let start = place - 1;
    while (start > least && place - start < 4 && isHexDigit[bytes[start - 1] as number] === 1) start--;
    for (; start < place; start++) {
      if (isDigit(bytes[start] as number)) continue;
      const reached = this.#matchFrom(bytes, start, from, to, onMatch);
      if (reached !== nothing) return reached;
    }
    return nothing;
  }

  /** Where the match that begins at the place ends; `nothing` without one, `stopped` when `onMatch` says so. */
  #matchFrom(bytes: Buffer, place: number, from: number, to: number, onMatch: OnMatch): number {
    if (!isBeginning(bytes, place, from)) return nothing;
    const lead = leadOf[bytes[place] as number] as number;
    const windowFrom = Math.max(from, place - personalLookBehindBytes);
    const text = bytes.toString("latin1", windowFrom, Math.min(to, place + personalWindowBytes));
    for (const detector of this.#byLead[lead] as readonly PersonalDetector[]) {
      const { name, pattern } = detector;
      pattern.lastIndex = place - windowFrom;
      const found = pattern.exec(text)?.[0];
      const valid = found === undefined ? undefined : validPart(detector, found);
      if (valid === undefined) continue;
      const end = place + valid.length;
      return onMatch({ from: place, to: end, name }) ? stopped : end;
    }
    return nothing;
  }
}

function digitsEnd(bytes: Buffer, first: number, to: number): number {
  let end = first + 1;
  while (end < to && isDigit(bytes[end] as number)) end++;
  return end;
}

/** How long the words may be that end with this byte. */
function wordLengthsBefore(byte: number): readonly number[] {
  if (isCapital(byte)) return wordLengths;
  if (byte === space) return spacedWordLengths;
  return byte === dash ? dashedWordLengths : noLengths;
}

/** Whether a word of so many letters and signs before the digits begins as one that is looked for does. */
function beginsWord(bytes: Buffer, length: number, first: number, end: number): boolean {
  const byte = bytes[first - length] as number;
  if (!isCapital(byte)) return false;
  const isNie = byte >= letterX && byte <= letterZ && end - first === nieDigits;
  if (length === 1) return isNie;
  const before = bytes[first - 1] as number;
  if (length === 2 && before === dash) return isNie;
  if (end - first < 2) return false;
  if (length === 3) return before === space && isCapital(bytes[first - 2] as number);
  for (let place = first - length + 1; place < first; place++) if (!isCapital(bytes[place] as number)) return false;
  return true;
}

/** Whether the digits may be the first of a number that is looked for, or of an IPv6 address. */
function mayBeNumber(bytes: Buffer, first: number, end: number, to: number): boolean {
  const length = end - first;
  if (length > mostDigits) return false;
  const next = end < to ? (bytes[end] as number) : 0;
  if (next === dash && !mayGoOnBehindDash(bytes, length, end)) return false;
  if (isSeparator[next] === 1 && isLongNumber(bytes, first, to)) return true;
  if (length >= leastDigits) {
    return isLengthOfNumber(length, bytes[first] as number) || (length === leastDigits && isCapital(next));
  }
  return length <= 4 && isFirstGroup(bytes, end, first + 4, to);
}

/** Whether a dash may stand behind so many digits: after four of a card four more follow, unlike after a year. */
function mayGoOnBehindDash(bytes: Buffer, length: number, end: number): boolean {
  if (length !== 4) return length > 2;
  return isDigit(bytes[end + 3] as number) && isDigit(bytes[end + 4] as number);
}

/** Whether a number of so many digits, with nothing between them, is looked for: cards begin with 2 to 6. */
function isLengthOfNumber(length: number, first: number): boolean {
  if (length > 15) return first >= 0x32 && first <= 0x36;
  return length !== 8 && length !== 10 && length !== 12 && length !== 13;
}

/** Digits enough for the shortest of the numbers, or as many dots as an address has. */
function isLongNumber(bytes: Buffer, place: number, to: number): boolean {
  const end = Math.min(to, place + numberBytes);
  let digits = 0;
  let dots = 0;
  for (let index = place; index < end; index++) {
    const byte = bytes[index] as number;
    if (isDigit(byte)) digits++;
    else if (byte === 0x2e) dots++;
    else if (isSeparator[byte] === 0) break;
  }
  return digits >= leastDigits || dots >= 3;
}

/** Whether from `place` on, and up to `last` at the most, hexadecimal digits and a second group follow. */
function isFirstGroup(bytes: Buffer, place: number, last: number, to: number): boolean {
  let index = place;
  while (index < last && index < to && isHexDigit[bytes[index] as number] === 1) index++;
  return index < to && bytes[index] === colon && isSecondGroupBehind(bytes, index, to);
}

function isBehindGroup(bytes: Buffer, place: number, least: number): boolean {
  return place > least && isHexDigit[bytes[place - 1] as number] === 1;
}

/** Whether behind the colon a group of an IPv6 address stands, and another colon. */
function isSecondGroupBehind(bytes: Buffer, place: number, to: number): boolean {
  const from = bytes[place + 1] === colon ? place + 2 : place + 1;
  let end = from;
  while (end < to && end < from + 4 && isHexDigit[bytes[end] as number] === 1) end++;
  return end > from && end < to && bytes[end] === colon;
}

/** Whether a number or a word may begin there: no letter, digit, `_`, or part of a decimal stands before it. */
function isBeginning(bytes: Buffer, place: number, from: number): boolean {
  if (place === from) return true;
  const neighbour = bytes[place - 1] as number;
  if (neighbour === backslash && isEscapeLetter(bytes[place] as number)) return false;
  if (neighbour === underscore) return false;
  if (!isAlphanumeric(neighbour)) {
    return !(neighbour === 0x2e && place - 2 >= from && isDigit(bytes[place - 2] as number));
  }
  for (let length = 1; length <= 5; length += 4) {
    const before = place - length - 1;
    if (before < from || bytes[before] !== backslash) continue;
    if (escapeRest.exec(bytes.toString("latin1", before + 1, place))?.[0].length === length) return true;
  }
  return false;
}

/** Whether a value has what personal data is made of written as JSON's `\u00xx`: `\u0040`, `\u002b`. */
export function hidesPersonalData(bytes: Buffer, from: number, to: number): boolean {
  for (
    let at = indexOfBytes(bytes, escapeStart, from, to);
    at >= 0;
    at = indexOfBytes(bytes, escapeStart, at + 1, to)
  ) {
    const code = bytes.toString("latin1", at + escapeStart.length, Math.min(to, at + escapeStart.length + 2));
    if (/^[2-7][0-9A-Fa-f]$/.test(code) && isPersonal[Number.parseInt(code, 16)] === 1) return true;
  }
  return false;
}

/** Of the letters that stand for a sign behind a backslash, those that are hexadecimal digits. */
function isEscapeLetter(byte: number): boolean {
  return byte === 0x62 || byte === 0x66;
}

function scanEmails(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
  return scanAtSigns(bytes, from, to, atSign, onMatch) || scanAtSigns(bytes, from, to, encodedAtSign, onMatch);
}

/** `sign`: an `@`, as it is or as URLs write it. */
function scanAtSigns(bytes: Buffer, from: number, to: number, sign: Buffer, onMatch: OnMatch): boolean {
  for (let found = indexOfBytes(bytes, sign, from, to); found >= 0; found = indexOfBytes(bytes, sign, found + 1, to)) {
    const begin = localPartBefore(bytes, from, found, sign === encodedAtSign);
    if (begin < 0) continue;
    const behind = found + sign.length;
    const rest = domain.exec(bytes.toString("latin1", behind, Math.min(to, behind + longestDomain)));
    if (rest !== null && onMatch({ from: begin, to: behind + rest[0].length, name: email.name })) return true;
  }
  return false;
}

/** Where the part of an address before its `@` begins; -1 when there is none. */
function localPartBefore(bytes: Buffer, from: number, at: number, isUrl: boolean): number {
  const windowFrom = Math.max(from, at - longestLocalPart - 6);
  const before = bytes.toString("latin1", windowFrom, at);
  const local = (isUrl ? urlLocalPart : localPart).exec(before);
  // `git@host:path` names no person.
  if (local === null || local[0] === "git") return -1;
  let begin = windowFrom + local.index;
  if (bytes[begin - 1] === backslash && begin > from) begin += escapeRest.exec(local[0])?.[0].length ?? 0;
  return begin < at ? begin : -1;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isAlphanumeric(byte: number): boolean {
  return isDigit(byte) || isCapital(byte) || (byte >= 0x61 && byte <= 0x7a);
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}
