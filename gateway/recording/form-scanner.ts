import type { ScannedMember } from "./json-scanner.ts";

const lineEnd = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");
const headLimitBytes = 8 << 10;
const valueLimitBytes = 64 << 10;
const partsLimit = 64;

interface Part {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string;
  bytes: number;
  value: Buffer[];
}

/**
 * Reads the small fields of a `multipart/form-data` request while its bytes pass: uploads of audio and images name
 * their model in one. Of files only the name, the type and the size are kept.
 */
export class FormScanner {
  /** Fields by name, as the JSON of their text. */
  readonly members: Record<string, ScannedMember> = {};
  readonly #delimiter: Buffer;
  readonly #parts: Part[] = [];
  /** Bytes that may be the beginning of a delimiter, or a head that is not whole. */
  #held: Buffer = lineEnd;
  #part: Part | undefined;
  #state: "body" | "head" | "over" = "body";

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  push(chunk: Buffer): void {
    if (this.#state === "over") return;
    let bytes: Buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    while (bytes.length > 0) {
      const rest: Buffer | undefined = this.#state === "body" ? this.#readBody(bytes) : this.#readHead(bytes);
      if (rest === undefined) return;
      bytes = rest;
    }
  }

  /** The form as JSON: texts as they were, files as `{filename, content_type, bytes}`. */
  json(): Buffer {
    const form = new Map<string, unknown[]>();
    for (const part of this.#parts) {
      const values = form.get(part.name);
      if (values === undefined) form.set(part.name, [valueOfPart(part)]);
      else values.push(valueOfPart(part));
    }
    const members = Array.from(form, ([name, values]) => [name, values.length === 1 ? values[0] : values]);
    return Buffer.from(JSON.stringify(Object.fromEntries(members)));
  }

  /** Returns what is left to read; undefined when more must come first. */
  #readBody(bytes: Buffer): Buffer | undefined {
    const at = bytes.indexOf(this.#delimiter);
    if (at === -1) {
      const kept = Math.min(bytes.length, this.#delimiter.length - 1);
      this.#take(bytes.subarray(0, bytes.length - kept));
      this.#held = bytes.subarray(bytes.length - kept);
      return undefined;
    }
    this.#take(bytes.subarray(0, at));
    this.#endPart();
    this.#state = "head";
    return bytes.subarray(at + this.#delimiter.length);
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    if (bytes.length < 2) {
      this.#held = bytes;
      return undefined;
    }
    const isLast = bytes[0] === 0x2d && bytes[1] === 0x2d;
    const end = bytes.indexOf(headEnd);
    if (isLast || this.#parts.length >= partsLimit || (end === -1 && bytes.length > headLimitBytes)) {
      this.#state = "over";
      return undefined;
    }
    if (end === -1) {
      this.#held = bytes;
      return undefined;
    }
    this.#part = openPart(bytes.toString("utf8", 0, end));
    this.#state = "body";
    return bytes.subarray(end + headEnd.length);
  }

  #take(bytes: Buffer): void {
    const part = this.#part;
    if (part === undefined || bytes.length === 0) return;
    part.bytes += bytes.length;
    if (part.filename !== undefined) return;
    if (part.bytes > valueLimitBytes) part.value = [];
    else part.value.push(Buffer.from(bytes));
  }

  #endPart(): void {
    const part = this.#part;
    this.#part = undefined;
    if (part === undefined || part.name === "" || part.name === "__proto__") return;
    this.#parts.push(part);
    if (part.filename !== undefined) return;
    const text = Buffer.concat(part.value).toString();
    // A form has no types: what reads like a boolean is one.
    this.members[part.name] = { text: text === "true" || text === "false" ? text : JSON.stringify(text), start: -1 };
  }
}

function openPart(head: string): Part {
  const disposition = /content-disposition:\s*form-data([^\r\n]*)/i.exec(head)?.[1] ?? "";
  const parameter = (name: string) => new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(disposition)?.[1];
  return {
    name: parameter("name") ?? "",
    filename: parameter("filename"),
    contentType: /content-type:\s*([^\r\n;]*)/i.exec(head)?.[1]?.trim() ?? "",
    bytes: 0,
    value: [],
  };
}

function valueOfPart(part: Part): unknown {
  const { filename, contentType, bytes } = part;
  return filename === undefined ? Buffer.concat(part.value).toString() : { filename, content_type: contentType, bytes };
}

/** The boundary that a content type names; undefined when it is no form. */
export function formBoundary(contentType: string): string | undefined {
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}
