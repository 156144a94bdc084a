import {
  email,
  type Lead,
  type PersonalDetector,
  personalLookBehindBytes,
  personalWindowBytes,
} from "./detectors/personal.ts";
import { indexOfByte } from "./find-bytes.ts";
import type { OnMatch } from "./secret-scan.ts";

const atSign = 0x40;
const backslash = 0x5c;
const longestLocalPart = 64;
const longestDomain = 255;
const localPart = /[A-Za-z0-9._%+-]+$/;
const domain = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])/;
/** What JSON's escapes leave before a text: `n` of `\n`, `u0022`. */
const escapeRest = /^(?:u[0-9A-Fa-f]{4}|[nrtbf])/;
const separators = /[\s./-]/g;

const noLead = 0;
const leadBits: Record<Lead, number> = { digit: 1, capital: 2, sign: 4, hex: 8 };
const leadOf = new Uint8Array(256);
for (let byte = 0x30; byte <= 0x39; byte++) leadOf[byte] = leadBits.digit;
for (let byte = 0x41; byte <= 0x5a; byte++) leadOf[byte] = leadBits.capital;
for (let byte = 0x61; byte <= 0x66; byte++) leadOf[byte] = leadBits.hex;
leadOf[0x2b] = leadOf[0x28] = leadBits.sign;
/** So far into a number it shows whether it can be any that is looked for. */
const numberBytes = 26;
const leastDigits = 8;

/** Finds personal data in bytes. */
export class PersonalScan {
  readonly #byLead: (readonly PersonalDetector[])[] = [];
  readonly #findsEmail: boolean;
  readonly #leads: number;

  constructor(detectors: readonly PersonalDetector[], others: ReadonlySet<string>) {
    for (const [lead, bit] of Object.entries(leadBits)) {
      this.#byLead[bit] = detectors.filter(({ leads }) => leads.includes(lead as Lead));
    }
    this.#findsEmail = others.has(email.name);
    this.#leads = detectors.flatMap(({ leads }) => leads).reduce((bits, lead) => bits | leadBits[lead], noLead);
  }

  /** Finds what is in one value. Returns true when `onMatch` did. */
  scan(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
    return (
      (this.#findsEmail && scanEmails(bytes, from, to, onMatch)) ||
      (this.#leads !== noLead && this.#scanLeads(bytes, from, to, onMatch))
    );
  }

  #scanLeads(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
    for (let place = from; place < to; place++) {
      const lead = leadOf[bytes[place] as number] as number;
      if ((lead & this.#leads) === 0 || !isBeginning(bytes, place, from)) continue;
      if (!isPromising(lead, bytes, place, to)) continue;
      const end = this.#matchAt(lead, bytes, place, from, to, onMatch);
      if (end < 0) return true;
      if (end > place) place = end - 1;
    }
    return false;
  }

  /** Where the match at the place ends, the place itself without one; -1 when `onMatch` says to stop. */
  #matchAt(lead: number, bytes: Buffer, place: number, from: number, to: number, onMatch: OnMatch): number {
    const windowFrom = Math.max(from, place - personalLookBehindBytes);
    const text = bytes.toString("latin1", windowFrom, Math.min(to, place + personalWindowBytes));
    for (const { name, pattern, isValid, isValidAsIs } of this.#byLead[lead] as readonly PersonalDetector[]) {
      pattern.lastIndex = place - windowFrom;
      const found = pattern.exec(text)?.[0];
      if (found === undefined) continue;
      if (isValidAsIs?.(found) === false || isValid?.(found.replaceAll(separators, "")) === false) continue;
      const end = place + found.length;
      return onMatch({ from: place, to: end, name }) ? -1 : end;
    }
    return place;
  }
}

/** Whether a number or a word may begin there: no letter, digit, or part of a decimal stands before it. */
function isBeginning(bytes: Buffer, place: number, from: number): boolean {
  if (place === from) return true;
  const neighbour = bytes[place - 1] as number;
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

/** Whether any detector could match there, told from the next few bytes. */
function isPromising(lead: number, bytes: Buffer, place: number, to: number): boolean {
  if (lead === leadBits.digit) return isLongNumber(bytes, place, to) || hasColonNear(bytes, place, to);
  if (lead === leadBits.sign) return isDigitAt(bytes, place + 1, to);
  if (lead === leadBits.hex) return hasColonNear(bytes, place, to);
  return (
    isDigitAt(bytes, place + 1, to) ||
    isDigitAt(bytes, place + 2, to) ||
    isDigitAt(bytes, place + 3, to) ||
    isDigitAt(bytes, place + 6, to) ||
    hasColonNear(bytes, place, to)
  );
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
    else if (!isSeparator(byte)) break;
  }
  return digits >= leastDigits || dots >= 3;
}

/** Space, brackets, dash and slash; and the letters of Corsica's departments. */
function isSeparator(byte: number): boolean {
  return (
    byte === 0x20 || byte === 0x28 || byte === 0x29 || byte === 0x2d || byte === 0x2f || byte === 0x41 || byte === 0x42
  );
}

/** As an IPv6 address has one behind its first group. */
function hasColonNear(bytes: Buffer, place: number, to: number): boolean {
  const end = Math.min(to, place + 5);
  for (let index = place + 1; index < end; index++) if (bytes[index] === 0x3a) return true;
  return false;
}

function isDigitAt(bytes: Buffer, place: number, to: number): boolean {
  return place < to && isDigit(bytes[place] as number);
}

function scanEmails(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
  for (
    let found = indexOfByte(bytes, atSign, from, to);
    found >= 0;
    found = indexOfByte(bytes, atSign, found + 1, to)
  ) {
    const windowFrom = Math.max(from, found - longestLocalPart - 6);
    const before = bytes.toString("latin1", windowFrom, found);
    const local = localPart.exec(before);
    // `git@host:path` names no person.
    if (local === null || local[0] === "git") continue;
    const rest = domain.exec(bytes.toString("latin1", found + 1, Math.min(to, found + 1 + longestDomain)));
    if (rest === null) continue;
    let begin = windowFrom + local.index;
    if (bytes[begin - 1] === backslash && begin > from) begin += escapeRest.exec(local[0])?.[0].length ?? 0;
    if (begin >= found) continue;
    if (onMatch({ from: begin, to: found + 1 + rest[0].length, name: email.name })) return true;
  }
  return false;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isAlphanumeric(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
