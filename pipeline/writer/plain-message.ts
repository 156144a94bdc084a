const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

const word = (text: string) => Buffer.from(text);
const [role, parts, content, finishReason] = [word("role"), word("parts"), word("content"), word("finish_reason")];
const [type, text] = [word("type"), word("text")];
const [user, assistant] = [word("user"), word("assistant")];
const quotedUser = word('"user"');
const quotedRole = word('"role"');

/** A role, and how a message of it begins that most programs write: up to the quote of its text, without spaces and with. */
interface RoleWords {
  readonly role: Buffer;
  readonly openings: readonly Buffer[];
}

function wordsOf(roleWord: Buffer): RoleWords {
  const opening = `{"role":"${roleWord}","parts":[{"type":"text","content":"`;
  const spaced = opening.replaceAll('":', '": ').replaceAll('",', '", ');
  return { role: roleWord, openings: [word(opening), word(spaced)] };
}

const ofUser = wordsOf(user);
const ofAssistant = wordsOf(assistant);

/** Longer ones are searched by the system. */
const shortString = 32;

/** Thrown at what is not plain, once for all: it happens to whole streams of rows, and a trace would cost most. */
const notPlain = new Error("no plain message");

/**
 * Finds the text of a message that is plain in a JSON list of messages without parsing the list: one of a role and one
 * text, `{"role":"user","parts":[{"type":"text","content":"…"}]}` and the like, as most are. What `weirMessages` would
 * read there is that text. Says no wherever there may be more to it. Reusable, quickest for texts of the same bytes in
 * their order, which must not change meanwhile; never throws.
 */
export class PlainMessage {
  /** Where the text that was found stands in the bytes, without its quotes, and whether escapes are in it. */
  textFrom = 0;
  textTo = 0;
  hasEscapes = false;
  /** A question is looked for in so many bytes from the end, an answer in so many from the beginning. */
  readonly #mostBytes: number;
  #bytes: Buffer = quotedUser;
  #at = 0;
  #end = 0;
  #keyFrom = 0;
  #keyTo = 0;
  /** Whether the last string that was passed has any. */
  #hadEscapes = false;
  /** The first backslash at or behind a place: one search answers for all texts up to it. */
  #backslashSoughtFrom = 0;
  #backslashAt = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether the last message of a user is plain and has a text. */
  findLastQuestion(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#isList(bytes, from, to)) return false;
    try {
      if (to - from <= this.#mostBytes && this.#isOnlyQuestion(from + 1)) return this.textTo > this.textFrom;
      const start = this.#startOfLastQuestion(Math.max(from, to - this.#mostBytes));
      return start !== -1 && this.#message(start, ofUser) && this.#isFollowedByOthers();
    } catch (error) {
      return isNotPlain(error);
    }
  }

  /** Whether the first message is a plain answer and has a text. */
  findFirstAnswer(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#isList(bytes, from, to)) return false;
    this.#end = Math.min(to, from + this.#mostBytes);
    try {
      return this.#message(from + 1, ofAssistant);
    } catch (error) {
      return isNotPlain(error);
    }
  }

  #isList(bytes: Buffer, from: number, to: number): boolean {
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#backslashSoughtFrom = this.#backslashAt = 0;
    }
    this.#end = to;
    return bytes[from] === openBracket && bytes[to - 1] === closeBracket;
  }

  /** Whether the list has one message, which begins as most do and has nothing else: so that no other need be looked for. */
  #isOnlyQuestion(start: number): boolean {
    try {
      return this.#usualText(start, ofUser.openings) && !this.#goesOn(closeBrace) && this.#at === this.#end - 1;
    } catch (error) {
      return isNotPlain(error);
    }
  }

  /**
   * Where the last object begins whose first key is a role and says that it is a user's; -1 for none. A quote in a text
   * has a backslash before it, so these words with their quotes are no text.
   */
  #startOfLastQuestion(from: number): number {
    const bytes = this.#bytes;
    const wordAt = this.#lastQuotedUser(from);
    if (wordAt === -1) return -1;
    const colonAt = this.#beforeSpace(wordAt);
    const roleAt = this.#beforeSpace(colonAt) + 1 - quotedRole.length;
    if (bytes[colonAt] !== colon || roleAt <= from || !this.#stands(quotedRole, roleAt)) return -1;
    const start = this.#beforeSpace(roleAt);
    return bytes[start] === openBrace ? start : -1;
  }

  /** Looks at one byte in as many as the word has: wherever it stands, one of them is its own. */
  #lastQuotedUser(from: number): number {
    const bytes = this.#bytes;
    const { length } = quotedUser;
    for (let at = this.#end - length; at >= from; at -= length) {
      const byte = bytes[at] as number;
      const place = placeInQuotedUser[byte] as number;
      if (place === -1) continue;
      if (at - place >= from && this.#stands(quotedUser, at - place)) return at - place;
      const start = at - length + 1;
      if (byte === quote && start >= from && this.#stands(quotedUser, start)) return start;
    }
    return -1;
  }

  /** Reads the message that begins there; whether it has a text. */
  #message(start: number, words: RoleWords): boolean {
    this.#at = start;
    this.textFrom = this.textTo = 0;
    const isUsual = this.#usualText(start, words.openings);
    if (isUsual && !this.#goesOn(closeBrace)) return this.textTo > this.textFrom;
    if (!isUsual) this.#expect(openBrace);
    let hasRole = isUsual;
    let hasText = isUsual;
    do {
      this.#key();
      if (!hasRole && this.#isKey(role)) {
        hasRole = true;
        const from = this.#string();
        if (!this.#is(words.role, from, this.#at - 1)) throw notPlain;
      } else if (!hasText && (this.#isKey(parts) || this.#isKey(content))) {
        hasText = true;
        this.#space();
        // A text for `parts` is not read as one.
        if (this.#bytes[this.#at] === openBracket) this.#onlyPart();
        else if (this.#isKey(content)) this.#text();
        else throw notPlain;
      } else if (this.#isKey(finishReason)) this.#string();
      else throw notPlain;
    } while (this.#goesOn(closeBrace));
    if (!hasRole) throw notPlain;
    return this.textTo > this.textFrom;
  }

  /** Whether the message begins as most do; if so, past its only part. */
  #usualText(start: number, openings: readonly Buffer[]): boolean {
    for (const opening of openings) {
      if (!this.#stands(opening, start)) continue;
      this.#at = start + opening.length - 1;
      this.#text();
      this.#expect(closeBrace);
      this.#expect(closeBracket);
      return true;
    }
    return false;
  }

  #onlyPart(): void {
    let hasType = false;
    let hasText = false;
    this.#expect(openBracket);
    this.#expect(openBrace);
    do {
      this.#key();
      if (!hasType && this.#isKey(type)) {
        hasType = true;
        const from = this.#string();
        if (!this.#is(text, from, this.#at - 1)) throw notPlain;
      } else if (!hasText && (this.#isKey(text) || this.#isKey(content))) {
        hasText = true;
        this.#text();
      } else throw notPlain;
    } while (this.#goesOn(closeBrace));
    this.#expect(closeBracket);
    if (!hasType) throw notPlain;
  }

  #text(): void {
    const from = this.#string();
    this.textFrom = from;
    this.textTo = this.#at - 1;
    this.hasEscapes = this.#hadEscapes;
  }

  /** From behind a message to the end of the list only messages that say that they are of another role. */
  #isFollowedByOthers(): boolean {
    for (;;) {
      this.#space();
      if (this.#at >= this.#end) return false;
      const byte = this.#bytes[this.#at++];
      if (byte === closeBracket) return this.#at === this.#end;
      if (byte !== comma) return false;
      this.#expect(openBrace);
      this.#key();
      if (!this.#isKey(role)) return false;
      const from = this.#string();
      if (this.#hadEscapes || from === this.#at - 1) return false;
      this.#leaveObject();
    }
  }

  #leaveObject(): void {
    for (let depth = 1; depth > 0 && this.#at < this.#end; ) {
      const byte = this.#bytes[this.#at] as number;
      if (byte === quote) this.#string();
      else this.#at++;
      if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) depth--;
    }
  }

  #key(): void {
    this.#keyFrom = this.#string();
    this.#keyTo = this.#at - 1;
    this.#expect(colon);
  }

  #isKey(key: Buffer): boolean {
    return this.#is(key, this.#keyFrom, this.#keyTo);
  }

  /** Past a comma, or past what closes the object. */
  #goesOn(close: number): boolean {
    this.#space();
    const byte = this.#bytes[this.#at++];
    if (byte !== comma && byte !== close) throw notPlain;
    return byte === comma;
  }

  #expect(byte: number): void {
    this.#space();
    if (this.#at >= this.#end || this.#bytes[this.#at++] !== byte) throw notPlain;
  }

  /** Past a string; returns where it begins behind its quote. */
  #string(): number {
    this.#expect(quote);
    const from = this.#at;
    this.#hadEscapes = false;
    const loopEnd = Math.min(this.#end, from + shortString);
    if (this.#closes(from, loopEnd)) return from;
    const close = this.#bytes.indexOf(quote, from);
    if (close === -1 || close >= this.#end) throw notPlain;
    if (!this.#hasBackslash(from, close)) this.#at = close + 1;
    else if (!this.#closes(from, this.#end)) throw notPlain;
    return from;
  }

  #hasBackslash(from: number, to: number): boolean {
    if (from < this.#backslashSoughtFrom || from > this.#backslashAt) {
      const found = this.#bytes.indexOf(backslash, from);
      this.#backslashSoughtFrom = from;
      this.#backslashAt = found === -1 ? this.#bytes.length : found;
    }
    return this.#backslashAt < to;
  }

  /** Whether the string closes between the offsets; if so, past it. */
  #closes(from: number, to: number): boolean {
    const bytes = this.#bytes;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        this.#at = at + 1;
        return true;
      }
      if (byte === backslash) {
        this.#hadEscapes = true;
        at += this.#escapeLength(at + 1);
      } else if (byte < 0x20) throw notPlain;
    }
    return false;
  }

  /** How many bytes follow the backslash. */
  #escapeLength(at: number): number {
    const byte = this.#bytes[at] as number;
    if (byte !== 0x75) {
      if (!isEscape[byte]) throw notPlain;
      return 1;
    }
    for (let digit = 1; digit <= 4; digit++) if (!isHex(this.#bytes[at + digit] as number)) throw notPlain;
    return 5;
  }

  #space(): void {
    while (isSpace(this.#bytes[this.#at] as number)) this.#at++;
  }

  /** The place of the last byte before `at` that is no space. */
  #beforeSpace(at: number): number {
    let before = at - 1;
    while (isSpace(this.#bytes[before] as number)) before--;
    return before;
  }

  #is(wanted: Buffer, from: number, to: number): boolean {
    return to - from === wanted.length && this.#stands(wanted, from);
  }

  #stands(wanted: Buffer, from: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < wanted.length; index++) if (bytes[from + index] !== wanted[index]) return false;
    return true;
  }
}

/** By byte, the first place where the word has it; -1 for none. */
const placeInQuotedUser = Int8Array.from({ length: 256 }, (_, byte) => quotedUser.indexOf(byte));

const isEscape = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) isEscape[byte] = 1;

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** False, the answer where something is not plain; throws any other error. */
function isNotPlain(error: unknown): false {
  if (error === notPlain) return false;
  throw error;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
