/** A member of the top-level object: its bytes as text, and where they lie in the whole body. */
export interface ScannedMember {
  readonly text: string;
  readonly start: number;
}

const quote = 0x22;
const backslash = 0x5c;
const keyLimitBytes = 64;

/**
 * Finds a few members of a JSON document's top-level object while its bytes pass, without parsing the rest: strings,
 * where nearly all bytes of a prompt are, are skipped by a native search for their closing quote. The document may be
 * cut into chunks anywhere. A member that occurs twice keeps its last value, as in every JSON parser.
 */
export class JsonScanner {
  readonly members: Record<string, ScannedMember> = {};
  /** Offset of the object's opening brace; -1 until it was met. */
  objectStart = -1;
  /** The object's last brace has passed. */
  isComplete = false;
  /** The document is no object. */
  isForeign = false;

  readonly #wanted: ReadonlySet<string>;
  readonly #valueLimitBytes: number;
  #offset = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #isKeyNext = false;
  #isInKey = false;
  #key = "";
  #captureStart = -1;
  #captured: Buffer[] = [];
  #capturedLength = 0;
  #chunkCaptureStart = 0;

  constructor(wanted: ReadonlySet<string>, valueLimitBytes = 8192) {
    this.#wanted = wanted;
    this.#valueLimitBytes = valueLimitBytes;
  }

  push(chunk: Buffer): void {
    if (this.isComplete || this.isForeign) return;
    this.#chunkCaptureStart = 0;
    let at = 0;
    while (at < chunk.length && !this.isComplete && !this.isForeign) {
      at = this.#isInString ? this.#skipString(chunk, at) : this.#step(chunk, at);
    }
    if (this.#captureStart !== -1) this.#keep(chunk, chunk.length);
    this.#offset += chunk.length;
  }

  /** Inside a string: on to the byte after its closing quote, or to the chunk's end. */
  #skipString(chunk: Buffer, start: number): number {
    let from = start;
    while (true) {
      const quoteAt = chunk.indexOf(quote, from);
      const end = quoteAt === -1 ? chunk.length : quoteAt;
      let slashes = 0;
      while (end - slashes > start && chunk[end - slashes - 1] === backslash) slashes += 1;
      const carried = end - slashes === start && this.#isEscaped ? 1 : 0;
      const isEscaped = (slashes + carried) % 2 === 1;
      if (quoteAt === -1) {
        this.#isEscaped = isEscaped;
        return chunk.length;
      }
      if (!isEscaped) {
        this.#isEscaped = false;
        this.#endString(chunk, quoteAt);
        return quoteAt + 1;
      }
      from = quoteAt + 1;
      if (end === start) this.#isEscaped = false;
    }
  }

  #endString(chunk: Buffer, quoteAt: number): void {
    this.#isInString = false;
    if (!this.#isInKey) return;
    this.#key = this.#endCapture(chunk, quoteAt) ?? "";
    this.#isInKey = false;
  }

  /** One byte outside of strings. */
  #step(chunk: Buffer, at: number): number {
    switch (chunk[at]) {
      case quote:
        this.#beginString(at);
        break;
      case 0x7b: // {
      case 0x5b: // [
        this.#open(chunk[at] === 0x7b, at);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        if (this.#depth === 1) this.#endValue(chunk, at);
        this.#depth -= 1;
        if (this.#depth <= 0) this.isComplete = true;
        break;
      case 0x3a: // :
        if (this.#depth === 1 && this.#key !== "" && this.#captureStart === -1 && this.#wanted.has(this.#key)) {
          this.#beginCapture(at + 1);
        }
        break;
      case 0x2c: // ,
        if (this.#depth === 1) {
          this.#endValue(chunk, at);
          this.#isKeyNext = true;
        }
        break;
      default:
        if (this.#depth === 0 && !isSpace(chunk[at] as number)) this.isForeign = true;
    }
    return at + 1;
  }

  #open(isObject: boolean, at: number): void {
    if (this.#depth === 0) {
      if (!isObject) {
        this.isForeign = true;
        return;
      }
      this.objectStart = this.#offset + at;
      this.#isKeyNext = true;
    }
    this.#depth += 1;
  }

  #beginString(at: number): void {
    if (this.#depth === 0) {
      this.isForeign = true;
      return;
    }
    this.#isInString = true;
    if (this.#depth !== 1 || !this.#isKeyNext) return;
    this.#isKeyNext = false;
    this.#isInKey = true;
    this.#beginCapture(at + 1);
  }

  #endValue(chunk: Buffer, end: number): void {
    if (this.#captureStart === -1) {
      this.#key = "";
      return;
    }
    const captureStart = this.#captureStart;
    const raw = this.#endCapture(chunk, end);
    if (raw !== undefined) {
      const text = raw.trimStart();
      const start = captureStart + (raw.length - text.length);
      this.members[this.#key] = { text: text.trimEnd(), start };
    }
    this.#key = "";
  }

  #beginCapture(chunkOffset: number): void {
    this.#captureStart = this.#offset + chunkOffset;
    this.#chunkCaptureStart = chunkOffset;
  }

  #endCapture(chunk: Buffer, end: number): string | undefined {
    let text: string | undefined;
    if (this.#capturedLength === 0 && end - this.#chunkCaptureStart <= this.#limit()) {
      text = chunk.toString("utf8", this.#chunkCaptureStart, end);
    } else {
      this.#keep(chunk, end);
      if (this.#capturedLength <= this.#limit()) text = Buffer.concat(this.#captured).toString();
    }
    this.#captureStart = -1;
    this.#captured = [];
    this.#capturedLength = 0;
    return text;
  }

  #keep(chunk: Buffer, end: number): void {
    const size = end - this.#chunkCaptureStart;
    this.#capturedLength += size;
    if (this.#capturedLength <= this.#limit()) this.#captured.push(chunk.subarray(this.#chunkCaptureStart, end));
    else this.#captured = [];
  }

  #limit(): number {
    return this.#isInKey ? keyLimitBytes : this.#valueLimitBytes;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The member's parsed value; undefined when it is absent or broken. */
export function memberValue(member: ScannedMember | undefined): unknown {
  if (member === undefined) return undefined;
  try {
    return JSON.parse(member.text);
  } catch {
    return undefined;
  }
}

/** The member's value when it is a string, else "". */
export function memberText(member: ScannedMember | undefined): string {
  const value = memberValue(member);
  return typeof value === "string" ? value : "";
}
