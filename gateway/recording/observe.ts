import { isUtf8 } from "node:buffer";
import {
  type Answer,
  type Api,
  emptyAnswer,
  isRecord,
  readError,
  type StreamReading,
  type VendorHeaders,
} from "../providers/shape.ts";
import { BodyCapture, ByteAllowance, type CaptureBudget } from "./capture.ts";
import { decodeWhole, isEncoded, StreamDecoder } from "./decode.ts";
import type { EventSink, Framer } from "./frames.ts";
import { framingOf, isStreamFraming, openFramer, type StreamFraming } from "./framing.ts";
import { JsonScanner, memberValue } from "./json-scanner.ts";
import { TokenGaps } from "./token-gaps.ts";

export { isJsonType } from "./framing.ts";

export interface ResponseHead {
  readonly status: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly vendorHeaders?: VendorHeaders | undefined;
}

export interface ObserveLimits {
  /** Most bytes of the answer that are kept. */
  readonly contentBytes: number;
  /** Most bytes that a compressed answer may unpack to. */
  readonly decodedBytes: number;
  readonly budget: CaptureBudget;
}

/** A stream's chunks are read once there are so many bytes of them, or at the end: far cheaper than one at a time. */
const readStreamAtBytes = 8 << 10;
/** Vectors over this size are not parsed, only looked through for the members below. Texts parse much faster. */
const vectorParseLimitBytes = 1 << 20;
const parseLimitBytes = 8 << 20;
const noBytes = Buffer.alloc(0);
const scannedMembers = new Set([
  ...["id", "model", "usage", "status", "stop_reason", "error", "meta", "service_tier"],
  ...["usageMetadata", "modelVersion", "responseId", "inputTextTokenCount", "prompt_eval_count"],
]);

/**
 * Reads an answer behind its bytes as they pass. It never holds a byte back; what it cannot read stays unknown.
 * `push` takes each chunk after it went to the client; `end` finishes the reading, at once or, for compressed bodies,
 * a moment later.
 */
export class ResponseObserver implements EventSink {
  answer: Answer = emptyAnswer();
  isStream = false;
  /** When the first content, reasoning or tool call arrived, on the clock of `push`; 0 when none did. */
  firstContentAtMs = 0;
  readonly gaps = new TokenGaps();
  output: Buffer = Buffer.alloc(0);
  outputState: "full" | "truncated" | "dropped" = "dropped";

  readonly #api: Api;
  readonly #head: ResponseHead;
  readonly #limits: ObserveLimits;
  #mode: "unknown" | "json" | "text" | "stream" | "other" = "unknown";
  #nowMs = 0;
  /**
   * What was not read yet of a stream: its bytes, where each chunk ends, and when it came. The bytes are copied: tens of
   * thousands of small buffers that wait in slow streams would be what each short collection of garbage spends its time on.
   */
  #unread = noBytes;
  #unreadBytes = 0;
  #unreadEnds: number[] = [];
  #unreadAtMs: number[] = [];
  #capture: BodyCapture | undefined;
  #scanner: JsonScanner | undefined;
  #reading: StreamReading | undefined;
  #framer: Framer | undefined;
  #decoder: StreamDecoder | undefined;
  #allowance: ByteAllowance | undefined;
  #unreadableEvents = 0;
  #isEnding = false;

  constructor(api: Api, head: ResponseHead, limits: ObserveLimits) {
    this.#api = api;
    this.#head = head;
    this.#limits = limits;
  }

  /** The stream went on to its own last event; true for what is no stream. */
  get isComplete(): boolean {
    return this.#reading === undefined || this.#reading.isComplete || this.#isUnreadable;
  }

  /** A stream said that it is over, whether or not its connection ended too. */
  get isStreamOver(): boolean {
    return this.#reading?.isComplete === true;
  }

  /** `end` will call back later than at once: the body must be decoded first. */
  get isDecodedLater(): boolean {
    return this.#head.contentEncoding !== "" && isEncoded(this.#head.contentEncoding);
  }

  push(chunk: Buffer, nowMs: number): void {
    if (this.#mode === "unknown") this.#begin(chunk);
    if (this.#decoder !== undefined) {
      this.#nowMs = nowMs;
      this.#decoder.push(chunk);
    } else if (this.#mode === "stream") {
      this.#keepUnread(chunk, nowMs);
    } else if (this.#mode === "json") {
      this.#keepJson(chunk);
    } else if (this.#mode === "text") {
      this.#capture?.push(chunk);
    }
  }

  #keepUnread(chunk: Buffer, nowMs: number): void {
    if (this.#unreadBytes + chunk.length > readStreamAtBytes) this.#readStream();
    if (chunk.length >= readStreamAtBytes) {
      this.#nowMs = nowMs;
      this.#framer?.push(chunk);
      return;
    }
    if (this.#unreadBytes === 0) this.#unread = Buffer.allocUnsafeSlow(readStreamAtBytes);
    this.#unread.set(chunk, this.#unreadBytes);
    this.#unreadBytes += chunk.length;
    this.#unreadEnds.push(this.#unreadBytes);
    this.#unreadAtMs.push(nowMs);
  }

  /** The framer may hold on to the bytes: others follow in memory of their own. */
  #readStream(): void {
    let from = 0;
    for (const [index, to] of this.#unreadEnds.entries()) {
      this.#nowMs = this.#unreadAtMs[index] ?? 0;
      this.#framer?.push(this.#unread.subarray(from, to));
      from = to;
    }
    this.#unread = noBytes;
    this.#unreadBytes = 0;
    this.#unreadEnds = [];
    this.#unreadAtMs = [];
  }

  end(done: () => void): void {
    if (this.#mode === "json") this.#endJson(done);
    else if (this.#mode === "stream") this.#endStream(done);
    else if (this.#mode === "text") this.#endText(done);
    else done();
  }

  onEvent(data: Buffer, start: number, end: number, type: string): void {
    const reading = this.#reading;
    if (reading === undefined || start === end) return;
    try {
      if (!reading.read(data, start, end, type)) return;
    } catch {
      // What a broken stream ends with is half an event: that is no fault of our reading.
      if (!this.#isEnding) this.#unreadableEvents += 1;
      return;
    }
    if (this.firstContentAtMs === 0) this.firstContentAtMs = this.#nowMs;
    this.gaps.add(this.#nowMs);
  }

  /** Lets go of everything that counts towards the budget. */
  release(): void {
    this.#capture?.release();
    this.#allowance?.release();
  }

  get #isUnreadable(): boolean {
    const framer = this.#framer;
    const isSkipping = framer !== undefined && (framer.skippedEvents > 0 || framer.isDamaged);
    return this.#unreadableEvents > 0 || this.#decoder?.failed === true || isSkipping;
  }

  #begin(first: Buffer): void {
    const { contentType, contentEncoding, status, vendorHeaders } = this.#head;
    const readable = isEncoded(contentEncoding) ? noBytes : first;
    const framing = framingOf(contentType, readable, this.#api.streams === "always" && status < 400);
    this.isStream = isStreamFraming(framing);
    if (isStreamFraming(framing) && status < 400 && this.#api.openStream !== null) this.#beginStream(framing);
    else if (framing === "json") this.#mode = "json";
    else if (contentType.startsWith("text/") && !this.isStream && this.#api.operation !== "") this.#mode = "text";
    else this.#mode = "other";
    if (this.#mode === "json" || this.#mode === "text") {
      this.#capture = new BodyCapture(this.#limits.contentBytes, this.#limits.budget);
    }
    if (vendorHeaders !== undefined) this.#api.readHeaders?.(vendorHeaders, this.answer);
  }

  #beginStream(framing: StreamFraming): void {
    const { budget, contentBytes, decodedBytes } = this.#limits;
    this.#allowance = new ByteAllowance(contentBytes, budget);
    this.#mode = "stream";
    this.#reading = this.#api.openStream?.(this.#allowance);
    if (this.#reading !== undefined) this.answer = this.#reading.answer;
    const framer = openFramer(framing, this, Math.max(contentBytes, 1 << 20));
    this.#framer = framer;
    if (isEncoded(this.#head.contentEncoding)) {
      this.#decoder = new StreamDecoder(this.#head.contentEncoding, decodedBytes, (bytes) => framer.push(bytes));
    }
  }

  #keepJson(chunk: Buffer): void {
    const capture = this.#capture as BodyCapture;
    if (this.#scanner !== undefined) {
      this.#scanner.push(chunk);
      return;
    }
    const before = capture.length;
    if (capture.push(chunk) || isEncoded(this.#head.contentEncoding)) return;
    // Too large to keep: the members that matter are looked for in what is kept and in what is to come.
    const scanner = new JsonScanner(scannedMembers);
    for (const kept of capture.chunks) scanner.push(kept);
    scanner.push(chunk.subarray(capture.length - before));
    this.#scanner = scanner;
  }

  #endStream(done: () => void): void {
    this.#readStream();
    const finish = () => {
      this.#isEnding = true;
      this.#framer?.end();
      this.#assemble();
      done();
    };
    if (this.#decoder === undefined) finish();
    else this.#decoder.end(finish);
  }

  #assemble(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    try {
      this.output = validUtf8(reading.assemble());
      this.outputState = this.#allowance?.isExceeded || this.#isUnreadable ? "truncated" : "full";
    } catch {
      this.outputState = "dropped";
    }
  }

  #endText(done: () => void): void {
    const capture = this.#capture as BodyCapture;
    if (!isEncoded(this.#head.contentEncoding)) {
      this.output = validUtf8(capture.bytes());
      this.outputState = capture.state;
    }
    done();
  }

  #endJson(done: () => void): void {
    const capture = this.#capture as BodyCapture;
    const body = capture.bytes();
    if (!isEncoded(this.#head.contentEncoding)) {
      this.#readJson(body, capture.state);
      done();
      return;
    }
    const read = async () => {
      try {
        if (capture.state !== "full") return;
        const decoded = await decodeWhole(body, this.#head.contentEncoding, this.#limits.decodedBytes);
        this.#readJson(decoded, "full");
      } catch {
        this.outputState = "dropped";
      }
    };
    void read().then(done);
  }

  #readJson(body: Buffer, state: "full" | "truncated"): void {
    this.output = validUtf8(body.subarray(0, this.#limits.contentBytes));
    this.outputState = body.length > this.#limits.contentBytes ? "truncated" : state;
    const parseLimit = this.#api.dropsOutput ? vectorParseLimitBytes : parseLimitBytes;
    const members = this.#scanner === undefined && body.length <= parseLimit ? parse(body) : this.#scan(body);
    if (this.#head.status >= 400) {
      readError(members, this.answer);
    } else if (isRecord(members)) {
      this.#api.readJson(members, this.answer);
      // Some servers answer an error with 200.
      if (isRecord(members["error"]) && this.answer.errorMessage === "") readError(members, this.answer);
      if (this.#api.dropsOutput) this.output = withoutVectors(members);
    }
  }

  #scan(body: Buffer): Record<string, unknown> {
    let scanner = this.#scanner;
    if (scanner === undefined) {
      scanner = new JsonScanner(scannedMembers);
      scanner.push(body);
    }
    const members: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(scanner.members)) members[key] = memberValue(member);
    return members;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

const vectorMembers = new Set(["data", "embedding", "embeddings", "embeddingsByType", "predictions"]);

/** Vectors are many bytes that nobody reads: everything else of the answer is kept. */
function withoutVectors(members: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(
    JSON.stringify(Object.fromEntries(Object.entries(members).filter(([key]) => !vectorMembers.has(key)))),
  );
}

/** Rows are text: what is no UTF-8 is replaced by U+FFFD, as everywhere. */
export function validUtf8(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
}
