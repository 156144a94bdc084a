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
  const json = new JsonParts();
  writeValue(json, value);
  return json.bytes();
}

/** Texts are joined before they become bytes: many short ones cost little then. */
class JsonParts {
  #text = "";
  readonly #buffers: Buffer[] = [];

  addText(text: string): void {
    this.#text += text;
  }

  addBytes(bytes: Buffer): void {
    this.#flush();
    this.#buffers.push(bytes);
  }

  bytes(): Buffer {
    this.#flush();
    return Buffer.concat(this.#buffers);
  }

  #flush(): void {
    if (this.#text !== "") this.#buffers.push(Buffer.from(this.#text));
    this.#text = "";
  }
}

function writeValue(json: JsonParts, value: unknown): void {
  if (value instanceof EscapedText) {
    json.addText('"');
    json.addBytes(value.escapedBytes());
    json.addText('"');
  } else if (value instanceof RawJson) json.addBytes(value.bytes);
  else if (Array.isArray(value)) writeArray(json, value);
  else if (typeof value === "object" && value !== null) writeObject(json, value as Readonly<Record<string, unknown>>);
  else json.addText(JSON.stringify(value) ?? "null");
}

function writeArray(json: JsonParts, values: readonly unknown[]): void {
  let separator = "[";
  for (const value of values) {
    json.addText(separator);
    writeValue(json, value);
    separator = ",";
  }
  json.addText(separator === "[" ? "[]" : "]");
}

function writeObject(json: JsonParts, object: Readonly<Record<string, unknown>>): void {
  let separator = "{";
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    json.addText(`${separator}${JSON.stringify(key)}:`);
    writeValue(json, value);
    separator = ",";
  }
  json.addText(separator === "{" ? "{}" : "}");
}
