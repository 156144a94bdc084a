import { type JsonScanner, memberValue } from "./recording/json-scanner.ts";

/** One replacement in the raw bytes of a request. */
export interface BytePatch {
  readonly offset: number;
  readonly remove: number;
  readonly insert: string;
}

/** Members of a request that the gateway looks at. */
export const requestMembers: ReadonlySet<string> = new Set([
  "model",
  "stream",
  "stream_options",
  "user",
  "safety_identifier",
  "metadata",
]);

/**
 * What to change so that a stream tells its usage; undefined when it will anyway, or is none. Whenever something is
 * changed, the client did not ask for the usage frame and must not see it.
 */
export function usagePatch(scan: JsonScanner): BytePatch | undefined {
  if (!scan.isComplete || scan.isForeign || memberValue(scan.members["stream"]) !== true) return undefined;
  const options = scan.members["stream_options"];
  if (options === undefined) {
    return { offset: scan.objectStart + 1, remove: 0, insert: '"stream_options":{"include_usage":true},' };
  }
  const value = memberValue(options);
  if (value === null) return { offset: options.start, remove: 4, insert: '{"include_usage":true}' };
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const asked = (value as Record<string, unknown>)["include_usage"];
  if (asked === undefined) {
    const comma = Object.keys(value as object).length > 0 ? "," : "";
    return { offset: options.start + 1, remove: 0, insert: `"include_usage":true${comma}` };
  }
  if (asked !== false && asked !== null) return undefined;
  const refusal = [...options.text.matchAll(/"include_usage"\s*:\s*(false|null)/g)].at(-1);
  const word = refusal?.[1];
  if (refusal === undefined || word === undefined) return undefined;
  // What comes before is counted in bytes, as the rest of the body is.
  const before = options.text.slice(0, refusal.index + refusal[0].length - word.length);
  return { offset: options.start + Buffer.byteLength(before), remove: word.length, insert: "true" };
}

/** The body with the change made, in as many parts as it takes: no byte is copied. */
export function applyPatch(body: readonly Buffer[], patch: BytePatch): Buffer[] {
  const patched: Buffer[] = [];
  const end = patch.offset + patch.remove;
  let at = 0;
  let isInserted = false;
  for (const part of body) {
    if (patch.offset > at) patched.push(part.subarray(0, patch.offset - at));
    if (!isInserted && patch.offset < at + part.length) {
      isInserted = true;
      patched.push(Buffer.from(patch.insert));
    }
    if (end < at + part.length) patched.push(part.subarray(Math.max(0, end - at)));
    at += part.length;
  }
  return patched.filter((part) => part.length > 0);
}

const lineFeed = 10;
const carriageReturn = 13;
const comma = 0x2c;
const colon = 0x3a;
const space = 0x20;
const usageKey = Buffer.from('"usage"');
const nullWord = Buffer.from("null");
/** Of an event that is not whole yet so much is held; a longer one is no usage frame and passes as it comes. */
const heldLimitBytes = 16 << 10;

/**
 * Takes out of a stream what is there only because the gateway asked for usage: the usage frame, and with
 * `cutsNulls` the `"usage":null` that OpenAI then adds to every other frame. All other bytes pass as they are, in their
 * order. An event is passed once it is whole: before, no client can read it either.
 */
export class UsageFrameFilter {
  readonly #cutsNulls: boolean;
  #held: Buffer = Buffer.alloc(0);
  /** The event under way is known to be another: its bytes pass as they come. */
  #isPassing = false;
  /** The last byte ended an event with a CR: a LF that follows belongs to it. */
  #afterCr: "pass" | "drop" | undefined;

  constructor(cutsNulls: boolean) {
    this.#cutsNulls = cutsNulls;
  }

  /** The bytes that the client may have now; empty when there are none. */
  push(chunk: Buffer): Buffer {
    const isFresh = this.#held.length === 0 && !this.#isPassing && this.#afterCr === undefined;
    if (isFresh && endsWithBlankLine(chunk) && !chunk.includes(usageKey)) return chunk;
    const out: Buffer[] = [];
    const bytes = this.#take(chunk, out);
    let eventStart = 0;
    let end = eventEnd(bytes, 0);
    while (end !== -1) {
      const isDropped = !this.#passEvent(bytes, eventStart, end, out);
      this.#isPassing = false;
      if (end === bytes.length && bytes[end - 1] === carriageReturn) this.#afterCr = isDropped ? "drop" : "pass";
      eventStart = end;
      end = eventEnd(bytes, eventStart);
    }
    this.#holdRest(bytes.subarray(eventStart), out);
    const [only] = out;
    return out.length === 1 && only !== undefined ? only : Buffer.concat(out);
  }

  /** The stream ended or broke off: what was held is the client's. */
  end(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** What is to be looked at: what was held and the chunk, without the line feed of an event that is over. */
  #take(chunk: Buffer, out: Buffer[]): Buffer {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    if (this.#afterCr === undefined || bytes.length === 0) return bytes;
    if (bytes[0] === lineFeed) {
      if (this.#afterCr === "pass") out.push(bytes.subarray(0, 1));
      bytes = bytes.subarray(1);
    }
    this.#afterCr = undefined;
    return bytes;
  }

  /** False when the event is the usage frame, which goes. */
  #passEvent(bytes: Buffer, start: number, end: number, out: Buffer[]): boolean {
    const keyAt = this.#isPassing ? -1 : bytes.indexOf(usageKey, start);
    if (keyAt === -1 || keyAt >= end) {
      out.push(bytes.subarray(start, end));
      return true;
    }
    const cut = this.#cutsNulls ? nullMember(bytes, keyAt, start, end) : undefined;
    if (cut !== undefined) {
      out.push(bytes.subarray(start, cut.start), bytes.subarray(cut.end, end));
      return true;
    }
    if (isUsageFrame(bytes.subarray(start, end))) return false;
    out.push(bytes.subarray(start, end));
    return true;
  }

  #holdRest(rest: Buffer, out: Buffer[]): void {
    if (!this.#isPassing && rest.length <= heldLimitBytes && rest[0] !== colon) {
      this.#held = rest;
      return;
    }
    // A line end at the very end may be half of the blank line: it must be seen again together with the next byte.
    const kept = trailingLineEnds(rest);
    this.#isPassing = true;
    out.push(rest.subarray(0, rest.length - kept));
    this.#held = rest.subarray(rest.length - kept);
  }
}

function endsWithBlankLine(bytes: Buffer): boolean {
  return bytes[bytes.length - 1] === lineFeed && bytes[bytes.length - 2] === lineFeed;
}

/** The `"usage":null` of the key at `keyAt`, with the comma before it, or the one after it where it stands first. */
function nullMember(
  bytes: Buffer,
  keyAt: number,
  start: number,
  end: number,
): { start: number; end: number } | undefined {
  let at = skipSpaces(bytes, keyAt + usageKey.length);
  if (bytes[at] !== colon) return undefined;
  at = skipSpaces(bytes, at + 1);
  if (at + nullWord.length > end || bytes.compare(nullWord, 0, nullWord.length, at, at + nullWord.length) !== 0) {
    return undefined;
  }
  at += nullWord.length;
  let from = keyAt;
  while (from > start && bytes[from - 1] === space) from -= 1;
  if (bytes[from - 1] === comma) return { start: from - 1, end: at };
  const next = skipSpaces(bytes, at);
  return bytes[next] === comma ? { start: keyAt, end: skipSpaces(bytes, next + 1) } : undefined;
}

function skipSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === space) at += 1;
  return at;
}

function trailingLineEnds(bytes: Buffer): number {
  let count = 0;
  while (count < bytes.length && count < 3 && isLineEnd(bytes[bytes.length - 1 - count])) count += 1;
  return count;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn;
}

/** Offset after the blank line that ends the event at `start`; -1 when it has not come yet. */
function eventEnd(bytes: Buffer, start: number): number {
  let at = nextLineEnd(bytes, start);
  while (at !== -1) {
    const next = afterLineEnd(bytes, at);
    if (isLineEnd(bytes[next])) return afterLineEnd(bytes, next);
    at = nextLineEnd(bytes, next);
  }
  return -1;
}

function nextLineEnd(bytes: Buffer, start: number): number {
  const lf = bytes.indexOf(lineFeed, start);
  // A lone CR is rare: it is looked for only before the next LF.
  const cr = bytes.subarray(start, lf === -1 ? bytes.length : lf).indexOf(carriageReturn);
  return cr === -1 ? lf : start + cr;
}

function afterLineEnd(bytes: Buffer, at: number): number {
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : at + 1;
}

function isUsageFrame(event: Buffer): boolean {
  if (event.includes('"choices":[{')) return false;
  const data = event
    .toString()
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5))
    .join("\n");
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame !== "object" || frame === null) return false;
    const { choices, usage } = frame as { choices?: unknown; usage?: unknown };
    return Array.isArray(choices) && choices.length === 0 && typeof usage === "object" && usage !== null;
  } catch {
    return false;
  }
}
