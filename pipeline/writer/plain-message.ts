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

/** Longer ones are searched by the system. */
const shortString = 32;

/** Thrown at what is not plain, once for all: it happens to whole streams of rows, and a trace would cost most. */
const notPlain = new Error("no plain message");

/**
 * Finds the text of a message that is plain in a JSON list of messages without parsing the list: one of a role and one
 * text, `{"role":"user","parts":[{"type":"text","content":"…"}]}` and the like, as most are. What `weirMessages` would
 * read there is that text. Says no wherever there may be more to it. Reusable; never throws.
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

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether the last message of a user is plain and has a text. */
  findLastQuestion(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#isList(bytes, from, to)) return false;
    const start = this.#startOfLastQuestion(Math.max(from, to - this.#mostBytes));
    return start !== undefined && isPlain(() => this.#message(start, user) && this.#isFollowedByOthers());
  }

  /** Whether the first message is a plain answer and has a text. */
  findFirstAnswer(bytes: Buffer, from: number, to: number): boolean {
    if (!this.#isList(bytes, from, to)) return false;
    this.#end = Math.min(to, from + this.#mostBytes);
    return isPlain(() => this.#message(from + 1, assistant));
  }

  #isList(bytes: Buffer, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.#end = to;
    return bytes[from] === openBracket && bytes[to - 1] === closeBracket;
  }

  /**
   * Where the last object begins whose first key is a role and says that it is a user's. A quote in a text has a
   * backslash before it, so these words with their quotes are no text.
   */
  #startOfLastQuestion(from: number): number | undefined {
    const bytes = this.#bytes;
    const wordAt = bytes.subarray(from, this.#end).lastIndexOf(quotedUser) + from;
    if (wordAt < from) return undefined;
    const colonAt = this.#beforeSpace(wordAt);
    const roleAt = this.#beforeSpace(colonAt) + 1 - quotedRole.length;
    if (bytes[colonAt] !== colon || roleAt <= from || !this.#stands(quotedRole, roleAt)) return undefined;
    const start = this.#beforeSpace(roleAt);
    return bytes[start] === openBrace ? start : undefined;
  }

  /** Reads the message that begins there; whether it has a text. */
  #message(start: number, ofRole: Buffer): boolean {
    this.#at = start;
    this.textFrom = this.textTo = 0;
    let hasRole = false;
    let hasText = false;
    this.#expect(openBrace);
    do {
      this.#key();
      if (!hasRole && this.#isKey(role)) {
        hasRole = true;
        const from = this.#string();
        if (!this.#is(ofRole, from, this.#at - 1)) throw notPlain;
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
    if (this.#bytes.subarray(from, close).indexOf(backslash) === -1) this.#at = close + 1;
    else if (!this.#closes(from, this.#end)) throw notPlain;
    return from;
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
    for (let index = 0; index < wanted.length; index++) if (this.#bytes[from + index] !== wanted[index]) return false;
    return true;
  }
}

const isEscape = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) isEscape[byte] = 1;

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isPlain(read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (error === notPlain) return false;
    throw error;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
