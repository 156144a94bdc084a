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

export function applyPatch(body: Buffer, patch: BytePatch): Buffer {
  return Buffer.concat([
    body.subarray(0, patch.offset),
    Buffer.from(patch.insert),
    body.subarray(patch.offset + patch.remove),
  ]);
}

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Takes the usage frame out again that only the gateway asked for: the one event that has a usage and no choices. All
 * other bytes pass as they are. Of an event that is not whole yet only what could still become that frame is held.
 */
export class UsageFrameFilter {
  #held: Buffer = Buffer.alloc(0);
  /** The event under way is known to be another: its bytes pass as they come. */
  #isPassing = false;
  /** The last byte ended an event with a CR: a LF that follows belongs to it. */
  #afterCr: "pass" | "drop" | undefined;

  /** The bytes that the client may have now. */
  push(chunk: Buffer): Buffer[] {
    const isFresh = this.#held.length === 0 && !this.#isPassing && this.#afterCr === undefined;
    if (isFresh && endsWithBlankLine(chunk) && !mentionsUsage(chunk)) return [chunk];
    const out: Buffer[] = [];
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    if (this.#afterCr !== undefined && bytes.length > 0) {
      if (bytes[0] === lineFeed) {
        if (this.#afterCr === "pass") out.push(bytes.subarray(0, 1));
        bytes = bytes.subarray(1);
      }
      this.#afterCr = undefined;
    }
    let passFrom = 0;
    let eventStart = 0;
    let end = eventEnd(bytes, 0);
    while (end !== -1) {
      const isDropped = !this.#isPassing && isUsageFrame(bytes.subarray(eventStart, end));
      if (isDropped) {
        if (eventStart > passFrom) out.push(bytes.subarray(passFrom, eventStart));
        passFrom = end;
      }
      this.#isPassing = false;
      if (end === bytes.length && bytes[end - 1] === carriageReturn) this.#afterCr = isDropped ? "drop" : "pass";
      eventStart = end;
      end = eventEnd(bytes, eventStart);
    }
    this.#passRest(bytes, passFrom, eventStart, out);
    return out;
  }

  /** The stream ended or broke off: what was held is the client's. */
  end(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  #passRest(bytes: Buffer, passFrom: number, eventStart: number, out: Buffer[]): void {
    const rest = bytes.subarray(eventStart);
    if (rest.length === 0 || this.#isPassing || !mayBecomeUsageFrame(rest)) {
      // A line end at the very end may be half of the blank line: it must be seen again together with the next byte.
      const kept = trailingLineEnds(rest);
      const passEnd = bytes.length - kept;
      if (passEnd > passFrom) out.push(bytes.subarray(passFrom, passEnd));
      this.#held = bytes.subarray(Math.max(passEnd, passFrom));
      if (rest.length > 0) this.#isPassing = true;
      return;
    }
    if (eventStart > passFrom) out.push(bytes.subarray(passFrom, eventStart));
    this.#held = rest;
  }
}

function endsWithBlankLine(bytes: Buffer): boolean {
  return bytes[bytes.length - 1] === lineFeed && bytes[bytes.length - 2] === lineFeed;
}

const usageKey = Buffer.from('"usage"');

/** A usage that is an object; what nearly all frames have is none, or null. */
function mentionsUsage(bytes: Buffer): boolean {
  let at = bytes.indexOf(usageKey);
  while (at !== -1) {
    at += usageKey.length;
    while (bytes[at] === 0x20 || bytes[at] === 0x3a) at += 1;
    if (bytes[at] !== 0x6e) return true;
    at = bytes.indexOf(usageKey, at);
  }
  return false;
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

/** An event that has begun with a choice is not the usage frame, however it goes on. */
function mayBecomeUsageFrame(begun: Buffer): boolean {
  return begun.length < 16_384 && !begun.includes('"choices":[{') && !begun.includes('"delta"');
}

function isUsageFrame(event: Buffer): boolean {
  if (!event.includes('"usage"') || event.includes('"choices":[{')) return false;
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
