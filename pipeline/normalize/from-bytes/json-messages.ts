/** JSON nested deeper than this is left to a parser. */
const deepest = 32;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
/** By byte: 1 where it stands for itself in a text. */
const isPlain = new Uint8Array(256).fill(1, 0x20);
isPlain[quote] = isPlain[backslash] = 0;
const finishReasonKey = Buffer.from("finish_reason");

/**
 * Checks that bytes are a JSON array, as strictly as `JSON.parse` does, without making anything of it. Finds the
 * `finish_reason` of the first element on the way. False too for what a parser should look at: anything but an array,
 * space around it, deep nesting, a first element whose keys or reason are written with escapes.
 */
export class JsonMessages {
  /** Where the first element's `finish_reason` stands, without its quotes; -1 when it has none. */
  finishReasonFrom = -1;
  finishReasonTo = -1;
  #bytes: Uint8Array = finishReasonKey;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** All bytes of texts so far, one laid over the other. */
  #all = 0;
  #at = 0;
  #end = 0;
  /** By depth: 1 in an object, 0 in an array. */
  readonly #isObject = new Uint8Array(deepest + 1);

  /** Whether the bytes between the offsets are such an array. `view` is over the same bytes. Never throws. */
  check(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.#view = view;
    this.#all = 0;
    this.#at = from;
    this.#end = to;
    this.finishReasonFrom = this.finishReasonTo = -1;
    if (to - from < 2 || bytes[from] !== openBracket || bytes[to - 1] !== closeBracket) return false;
    return this.#walk() && this.#at === to;
  }

  /** Whether all of the last array was ASCII. */
  get isAscii(): boolean {
    return (this.#all & 0x8080_8080) === 0;
  }

  #walk(): boolean {
    const bytes = this.#bytes;
    const isObject = this.#isObject;
    let depth = 0;
    let element = 0;
    for (;;) {
      // A value is due.
      this.#space();
      const first = bytes[this.#at] as number;
      if (first === openBracket || first === openBrace) {
        if (++depth > deepest) return false;
        isObject[depth] = first === openBrace ? 1 : 0;
        this.#at++;
        this.#space();
        if (bytes[this.#at] !== (first === openBrace ? closeBrace : closeBracket)) {
          if (first === openBrace && !this.#key(depth === 2 && element === 0)) return false;
          continue;
        }
        this.#at++;
        depth--;
      } else if (!this.#scalar(first)) return false;
      // A value has ended: close what it closes.
      for (;;) {
        if (depth === 0) return true;
        this.#space();
        if (this.#at >= this.#end) return false;
        const next = bytes[this.#at++];
        if (next === comma) {
          if (depth === 1) element++;
          if (isObject[depth] === 1 && !this.#key(depth === 2 && element === 0)) return false;
          break;
        }
        if (next !== (isObject[depth] === 1 ? closeBrace : closeBracket)) return false;
        depth--;
      }
    }
  }

  /** A key and its colon. Of the first element's keys `finish_reason` is looked out for. */
  #key(isFirst: boolean): boolean {
    this.#space();
    if (this.#bytes[this.#at] !== quote) return false;
    const from = this.#at + 1;
    if (!this.#string(!isFirst)) return false;
    const to = this.#at - 1;
    this.#space();
    if (this.#bytes[this.#at++] !== colon) return false;
    return !isFirst || !this.#isFinishReason(from, to) || this.#takeFinishReason();
  }

  #isFinishReason(from: number, to: number): boolean {
    if (to - from !== finishReasonKey.length) return false;
    for (let index = 0; index < finishReasonKey.length; index++) {
      if (this.#bytes[from + index] !== finishReasonKey[index]) return false;
    }
    return true;
  }

  /** Looks at the value that is due and stays before it: a text, or null. */
  #takeFinishReason(): boolean {
    this.#space();
    const start = this.#at;
    this.finishReasonFrom = this.finishReasonTo = -1;
    if (this.#bytes[start] === 0x6e) return true;
    if (this.#bytes[start] !== quote || !this.#string(false)) return false;
    this.finishReasonFrom = start + 1;
    this.finishReasonTo = this.#at - 1;
    this.#at = start;
    return true;
  }

  #space(): void {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      if (++this.#at >= this.#end) return;
    }
  }

  #scalar(first: number): boolean {
    if (first === quote) return this.#string(true);
    if (first === minus || (first >= 0x30 && first <= 0x39)) return this.#number();
    if (first === 0x74) return this.#word("true");
    if (first === 0x66) return this.#word("false");
    return first === 0x6e && this.#word("null");
  }

  #word(word: string): boolean {
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[this.#at++] !== word.charCodeAt(index)) return false;
    }
    return this.#at <= this.#end;
  }

  /** From the opening quote to behind the closing one. */
  #string(mayEscape: boolean): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at + 1;
    for (;;) {
      at = this.#pastPlain(at);
      const byte = bytes[at] as number;
      if (at >= end || byte < 0x20) return false;
      at++;
      if (byte === quote) break;
      if (byte !== backslash) continue;
      if (!mayEscape) return false;
      const escaped = bytes[at++] as number;
      if (escaped === 0x75) {
        for (let index = 0; index < 4; index++) if (!isHexDigit(bytes[at++] as number)) return false;
      } else if (!isEscape(escaped)) return false;
    }
    this.#at = at;
    return at <= end;
  }

  /** Where the bytes that stand for themselves end. */
  #pastPlain(from: number): number {
    const view = this.#view;
    const end = this.#end;
    const last = end - 4;
    let at = from;
    let all = this.#all;
    while (at <= last) {
      const word = view.getInt32(at, true);
      const found = endsIn(word);
      if (found === 0) {
        all |= word;
        at += 4;
        continue;
      }
      const lowest = found & -found;
      this.#all = all | (word & ((lowest >>> 7) - 1));
      return at + ((31 - Math.clz32(lowest)) >> 3);
    }
    const bytes = this.#bytes;
    while (at < end && isPlain[bytes[at] as number] === 1) all |= bytes[at++] as number;
    this.#all = all;
    return at;
  }

  #number(): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at] === minus) this.#at++;
    if (bytes[this.#at] === 0x30) this.#at++;
    else if (!this.#digits()) return false;
    if (bytes[this.#at] === 0x2e) {
      this.#at++;
      if (!this.#digits()) return false;
    }
    if (bytes[this.#at] !== 0x65 && bytes[this.#at] !== 0x45) return true;
    this.#at++;
    if (bytes[this.#at] === minus || bytes[this.#at] === 0x2b) this.#at++;
    return this.#digits();
  }

  #digits(): boolean {
    const from = this.#at;
    while (isDigit(this.#bytes[this.#at] as number)) this.#at++;
    return this.#at > from && this.#at <= this.#end;
  }
}

/**
 * The highest bit of a byte is set where it is a backslash, or, with its second bit turned, below 0x21: a control, or a
 * quote. It may be set too in bytes above the lowest such one. Bytes beyond ASCII are none.
 */
function endsIn(word: number): number {
  const backslashes = word ^ 0x5c5c_5c5c;
  const turned = word ^ 0x0202_0202;
  return (((backslashes - 0x0101_0101) & ~backslashes) | ((turned - 0x2121_2121) & ~turned)) & 0x8080_8080;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** `"`, `\`, `/`, b, f, n, r, t. */
function isEscape(byte: number): boolean {
  return (
    byte === quote ||
    byte === backslash ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74
  );
}
