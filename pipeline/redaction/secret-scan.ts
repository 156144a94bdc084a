import type { Match } from "./detectors/detector.ts";
import { leastRun, privateKey, type SecretDetector, urlPassword } from "./detectors/secrets.ts";
import { indexOfByte, viewOf } from "./find-bytes.ts";

const backslash = 0x5c;
const letterU = 0x75;
const dot = 0x2e;
const colon = 0x3a;
const slash = 0x2f;
/** What is put in the place of a secret begins with it. */
const openBracket = 0x5b;
const zero = 0x30;
const at = 0x40;
/** A row of `leastRun` bytes has two of them at least, less one byte. */
const blockBytes = 8;
/** A pattern is tried on so much of the text first; on more where that is not enough. */
const firstWindowBytes = 320;
/** A match that fills this goes on as long as token bytes do. */
const windowBytes = 8192;
/** What a pattern may look back at. */
const lookBehindBytes = 48;
const longestUrlLogin = 400;
const longestPrivateKey = 64 << 10;
const leastPrivateKey = 32;

const isToken = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/");
const isAlphanumeric = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
/** The letters of JSON's escapes of one letter. */
const isEscapeLetter = tableOf("nrtbf");
/** What is no part of a URL's user and password. */
const endsLogin = tableOf(" \t\r\n/@\"'`\\<>");
/** What may stand in a private key in PEM: line ends too, as they are and as JSON writes them. */
const isPemBody = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:,- \r\n\t\\");

/** The first line, and, of a key under a password, the lines that say so. */
const pemHead = /-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?![\s\S]*-----BEGIN)/;
const pemEnd = /-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----/;
const pemHeadBytes = 160;

interface Literal {
  readonly bytes: Buffer;
  readonly detector: SecretDetector;
}

/** Gives each match as it is found, in no order; true ends the scan. */
export type OnMatch = (match: Match) => boolean;

/**
 * Finds secrets in bytes. Ordinary text is passed over in strides: every secret has `leastRun` token bytes in a row. What
 * rows of token bytes there are is looked through for the beginnings of keys, and patterns are tried where one stands.
 */
export class SecretScan {
  /** By first byte. */
  readonly #starts: (readonly Literal[] | undefined)[] = new Array(256).fill(undefined);
  /** By byte: a bit for each group of literals that have it as their first, second or third. */
  readonly #first = new Int32Array(256);
  readonly #second = new Int32Array(256);
  readonly #third = new Int32Array(256);
  /** By last byte. */
  readonly #after: (readonly Literal[] | undefined)[] = new Array(256).fill(undefined);
  readonly #findsUrlPasswords: boolean;

  constructor(detectors: readonly SecretDetector[], others: ReadonlySet<string>) {
    for (const detector of detectors) {
      for (const text of detector.starts ?? []) {
        add(this.#starts, text.charCodeAt(0), literal(text, detector));
        this.#addToGroup(text);
      }
      for (const text of detector.after ?? []) {
        add(this.#after, text.charCodeAt(text.length - 1), literal(text.toLowerCase(), detector));
      }
    }
    this.#findsUrlPasswords = others.has(urlPassword.name);
  }

  #addToGroup(text: string): void {
    const bit = 1 << (text.charCodeAt(0) % 31);
    setBit(this.#first, text.charCodeAt(0), bit);
    setBit(this.#second, text.charCodeAt(1), bit);
    if (text.length > 2) setBit(this.#third, text.charCodeAt(2), bit);
    else for (let byte = 0; byte < 256; byte++) setBit(this.#third, byte, bit);
  }

  /** Finds the secrets of one value. Returns true when `onMatch` did. `hasAtSign`: whether there may be an `@` in it. */
  scan(bytes: Buffer, from: number, to: number, onMatch: OnMatch, hasAtSign = true): boolean {
    return this.#scanRuns(bytes, from, to, onMatch) || (hasAtSign && this.#scanUrls(bytes, from, to, onMatch));
  }

  #scanRuns(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
    let start = nextRun(bytes, from, to);
    while (start >= 0) {
      let end = start + leastRun;
      while (end < to && isToken[bytes[end] as number] === 1) end++;
      const reached = this.#scanRun(bytes, start, end, from, to, onMatch);
      if (reached < 0) return true;
      start = nextRun(bytes, Math.max(end, reached), to);
    }
    return false;
  }

  /** Returns where the last match ended; -1 when `onMatch` said to stop. */
  #scanRun(bytes: Buffer, start: number, end: number, from: number, to: number, onMatch: OnMatch): number {
    let reached = start;
    if (start > from) {
      const literals = this.#after[bytes[start - 1] as number];
      if (literals !== undefined) {
        const match = this.#matchAfter(literals, bytes, start, from, to);
        if (match !== undefined) {
          if (onMatch(match)) return -1;
          reached = match.to;
        }
      }
    }
    const begin = start > from ? afterEscape(bytes, start, end) : start;
    const last = end - 3;
    for (let place = Math.max(start, reached); place <= last; ) {
      const match = this.#matchFrom(bytes, place, end, from, to);
      if (match !== undefined) {
        if (onMatch(match)) return -1;
        place = reached = match.to;
        continue;
      }
      // No letter or digit stands before a key, but those of an escape.
      const next = place < begin ? begin : end;
      do place++;
      while (place < next && isAlphanumeric[bytes[place - 1] as number] === 1);
    }
    return reached;
  }

  /** The secret that begins at the place, of a run that ends at `end`. */
  #matchFrom(bytes: Buffer, place: number, end: number, from: number, to: number): Match | undefined {
    const first = bytes[place] as number;
    const groups =
      (this.#first[first] as number) &
      (this.#second[bytes[place + 1] as number] as number) &
      (this.#third[bytes[place + 2] as number] as number);
    if (groups === 0) return undefined;
    for (const { bytes: text, detector } of this.#starts[first] ?? []) {
      if (!startsWith(bytes, place, end, text)) continue;
      const match = matchAt(detector, bytes, place, from, to, detector.isExact === true);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  #matchAfter(literals: readonly Literal[], bytes: Buffer, start: number, from: number, to: number): Match | undefined {
    for (const { bytes: text, detector } of literals) {
      const begin = start - text.length;
      if (begin < from || !equalsIgnoringCase(bytes, begin, text)) continue;
      const match =
        detector.name === privateKey.name
          ? privateKeyAt(bytes, start, from, to)
          : matchAt(detector, bytes, start, from, to, false);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  #scanUrls(bytes: Buffer, from: number, to: number, onMatch: OnMatch): boolean {
    if (!this.#findsUrlPasswords) return false;
    for (let found = indexOfByte(bytes, at, from, to); found >= 0; found = indexOfByte(bytes, at, found + 1, to)) {
      const password = passwordBefore(bytes, from, found);
      if (password >= 0 && onMatch({ from: password, to: found, name: urlPassword.name })) return true;
    }
    return false;
  }
}

/** Whether a value has ASCII written as JSON's `\u00xx` right before, or behind, what may be a key. */
export function hidesBehindEscapes(bytes: Buffer, from: number, to: number): boolean {
  for (let start = nextRun(bytes, from, to); start >= 0; ) {
    let end = start + leastRun;
    while (end < to && isToken[bytes[end] as number] === 1) end++;
    if (isBesideEscape(bytes, start, end)) return true;
    start = nextRun(bytes, end, to);
  }
  return false;
}

function isBesideEscape(bytes: Buffer, start: number, end: number): boolean {
  return (
    (bytes[start - 1] === backslash && isAsciiEscape(bytes, start)) ||
    (bytes[end] === backslash && isAsciiEscape(bytes, end + 1))
  );
}

/** Whether `u00`, and a digit that makes it a letter, digit or sign of ASCII, stand there. */
function isAsciiEscape(bytes: Buffer, place: number): boolean {
  const row = bytes[place + 3];
  return (
    bytes[place] === letterU &&
    bytes[place + 1] === zero &&
    bytes[place + 2] === zero &&
    row !== undefined &&
    row >= 0x32 &&
    row <= 0x37
  );
}

/**
 * Where the next row of at least `leastRun` token bytes begins; -1 when there is none. `from` counts as a beginning.
 * Every such row has all of one of the blocks of eight bytes in it, from the seventh byte on: few blocks of a text have
 * no byte below all tokens, and nothing else of the others is looked at.
 */
export function nextRun(bytes: Buffer, from: number, to: number): number {
  const view = viewOf(bytes);
  const last = to - blockBytes;
  for (let place = from + blockBytes - 1; place <= last; place += blockBytes) {
    if ((lowBytes(view.getInt32(place, true)) | lowBytes(view.getInt32(place + 4, true))) !== 0) continue;
    let end = place;
    while (end < to && isToken[bytes[end] as number] === 1) end++;
    if (end >= place + blockBytes) {
      let start = place;
      while (start > from && isToken[bytes[start - 1] as number] === 1) start--;
      if (end - start >= leastRun) return start;
    }
    // The next row begins behind `end`: its first block is there or later.
    place = end;
  }
  return -1;
}

/** Not 0 when the word has a byte below the least token. */
function lowBytes(word: number): number {
  return (word - 0x2b2b_2b2b) & ~word & 0x8080_8080;
}

/** Of a run behind a backslash, where its text begins: behind `n` of `\n`, or `u0022`. */
function afterEscape(bytes: Buffer, start: number, end: number): number {
  if (bytes[start - 1] !== backslash) return start;
  const first = bytes[start] as number;
  if (isEscapeLetter[first] === 1) return start + 1;
  return first === letterU && start + 5 < end ? start + 5 : start;
}

function matchAt(
  detector: SecretDetector,
  bytes: Buffer,
  place: number,
  from: number,
  to: number,
  isExact: boolean,
): Match | undefined {
  const windowFrom = Math.max(from, place - lookBehindBytes);
  const { pattern } = detector;
  let windowTo = Math.min(to, place + firstWindowBytes);
  pattern.lastIndex = place - windowFrom;
  let found = pattern.exec(latin1(bytes, windowFrom, windowTo));
  // Only parts of a token, or all of the window, may go on behind it.
  if (
    windowTo < to &&
    (found === null ? isRunOfTokens(bytes, place, windowTo) : pattern.lastIndex >= windowTo - windowFrom - 8)
  ) {
    windowTo = Math.min(to, place + windowBytes);
    pattern.lastIndex = place - windowFrom;
    found = pattern.exec(latin1(bytes, windowFrom, windowTo));
  }
  if (found === null) return undefined;
  let end = windowFrom + pattern.lastIndex;
  if (end === windowTo) while (end < to && isToken[bytes[end] as number] === 1) end++;
  if (isExact && end < to && isAlphanumeric[bytes[end] as number] === 1) return undefined;
  const secret = found[1] ?? found[0];
  if (detector.isValid?.(secret) === false) return undefined;
  return { from: windowFrom + pattern.lastIndex - secret.length, to: end, name: detector.name };
}

/** Where the password before the `@` of a URL begins; -1 when there is none. */
function passwordBefore(bytes: Buffer, from: number, at: number): number {
  const limit = Math.max(from, at - longestUrlLogin);
  let place = at - 1;
  let password = -1;
  for (; place >= limit && endsLogin[bytes[place] as number] === 0; place--) {
    if (bytes[place] === colon) password = place + 1;
  }
  if (password < 0 || password === at || bytes[place] !== slash) return -1;
  const scheme = latin1(bytes, Math.max(from, place - 4), place + 1);
  return /:\\?\/\\?\/$/.test(scheme) && bytes[password] !== openBracket ? password : -1;
}

/** Whether there is nothing but what tokens are made of, their dots included. */
function isRunOfTokens(bytes: Buffer, from: number, to: number): boolean {
  for (let place = from; place < to; place++) {
    if (isToken[bytes[place] as number] === 0 && bytes[place] !== dot) return false;
  }
  return true;
}

/** A private key in PEM, of whose body the bytes at `place` are. */
function privateKeyAt(bytes: Buffer, place: number, from: number, to: number): Match | undefined {
  const windowFrom = Math.max(from, place - pemHeadBytes);
  const head = pemHead.exec(latin1(bytes, windowFrom, place));
  if (head === null) return undefined;
  const bodyFrom = windowFrom + head.index + head[0].length;
  const end = pemEndAt(bytes, bodyFrom, to);
  return end < 0 ? undefined : { from: windowFrom + head.index, to: end, name: privateKey.name };
}

/** Behind the last line of the key, or, where it is cut, behind what is there of it; -1 when nothing is. */
function pemEndAt(bytes: Buffer, from: number, to: number): number {
  const limit = Math.min(to, from + longestPrivateKey);
  let end = from;
  while (end < limit && isPemBody[bytes[end] as number] === 1) end++;
  const last = pemEnd.exec(latin1(bytes, from, end));
  if (last !== null) return from + last.index + last[0].length;
  // A quote behind a backslash belongs to it.
  if (bytes[end - 1] === backslash) end--;
  return end - from >= leastPrivateKey ? end : -1;
}

function startsWith(bytes: Buffer, place: number, end: number, text: Buffer): boolean {
  if (place + text.length > end) return false;
  for (let index = 1; index < text.length; index++) if (bytes[place + index] !== text[index]) return false;
  return true;
}

function equalsIgnoringCase(bytes: Buffer, place: number, lowerCase: Buffer): boolean {
  for (let index = 0; index < lowerCase.length; index++) {
    const byte = bytes[place + index] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== lowerCase[index]) return false;
  }
  return true;
}

function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
}

function setBit(table: Int32Array, byte: number, bit: number): void {
  table[byte] = (table[byte] as number) | bit;
}

function literal(text: string, detector: SecretDetector): Literal {
  return { bytes: Buffer.from(text, "latin1"), detector };
}

function add(table: (readonly Literal[] | undefined)[], byte: number, entry: Literal): void {
  table[byte] = [...(table[byte] ?? []), entry];
}

function tableOf(letters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of letters) table[letter.charCodeAt(0)] = 1;
  return table;
}
