import type { ByteAllowance } from "./capture.ts";

/**
 * A JSON string that grows by pieces and is kept escaped, as it came: a delta's text is appended by copying its bytes
 * from the wire, never decoded and encoded again. Two halves of a surrogate pair that arrived as escapes in two
 * frames join by themselves.
 */
export class EscapedText {
  readonly #allowance: ByteAllowance;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(allowance: ByteAllowance) {
    this.#allowance = allowance;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Appends bytes from inside a JSON string of the wire. */
  appendEscaped(source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (!this.#reserve(size)) return;
    source.copy(this.#bytes, this.#length, start, end);
    this.#length += size;
  }

  appendText(text: string): void {
    if (text === "") return;
    const escaped = Buffer.from(JSON.stringify(text));
    this.appendEscaped(escaped, 1, escaped.length - 1);
  }

  /** The bytes between the quotes. Valid until the next append. */
  escapedBytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  text(): string {
    try {
      return String(JSON.parse(`"${this.escapedBytes().toString()}"`));
    } catch {
      return this.escapedBytes().toString();
    }
  }

  #reserve(size: number): boolean {
    if (!this.#allowance.take(size)) return false;
    const needed = this.#length + size;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(256, needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    return true;
  }
}

/** JSON that is put into an assembled answer as it is. */
export class RawJson {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** JSON of a tree whose leaves may be `EscapedText` and `RawJson`. Undefined members are left out. */
export function encodeAssembled(value: unknown): Buffer {
  const parts: (string | Buffer)[] = [];
  writeValue(parts, value);
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

function writeValue(parts: (string | Buffer)[], value: unknown): void {
  if (value instanceof EscapedText) parts.push('"', value.escapedBytes(), '"');
  else if (value instanceof RawJson) parts.push(value.bytes);
  else if (Array.isArray(value)) writeArray(parts, value);
  else if (typeof value === "object" && value !== null) writeObject(parts, value);
  else parts.push(JSON.stringify(value) ?? "null");
}

function writeArray(parts: (string | Buffer)[], values: readonly unknown[]): void {
  parts.push("[");
  values.forEach((value, index) => {
    if (index > 0) parts.push(",");
    writeValue(parts, value);
  });
  parts.push("]");
}

function writeObject(parts: (string | Buffer)[], object: object): void {
  let separator = "{";
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    parts.push(separator, JSON.stringify(key), ":");
    writeValue(parts, value);
    separator = ",";
  }
  parts.push(separator === "{" ? "{}" : "}");
}
