import type { CaptureBudget } from "../recording/capture.ts";
import type { MessageInflater } from "./message-inflater.ts";

/** Takes the messages of one side of a WebSocket connection, in order. */
export interface MessageSink {
  /** A whole message. The bytes are the sink's. */
  onMessage(payload: Buffer): void;
  /** The side has said that it closes; 1005 when it gave no code (RFC 6455 section 7.4.1). */
  onCloseFrame(code: number): void;
}

export interface MessageLimits {
  /** Longer messages are skipped. */
  readonly messageBytes: number;
  readonly budget: CaptureBudget;
}

const continuation = 0;
const close = 8;
const controlLimitBytes = 125;
const noCode = 1005;

/**
 * Finds messages in the bytes of one direction of a WebSocket connection (RFC 6455 section 5), cut by reads anywhere:
 * masked or not, fragmented, with control frames between the fragments, compressed where that was agreed on (RFC
 * 7692). It only reads: what it cannot make sense of sets `isDamaged`, after which it reads nothing more.
 */
export class WebSocketMessages {
  /** Messages over the limit. */
  skippedMessages = 0;

  readonly #sink: MessageSink;
  readonly #limits: MessageLimits;
  readonly #inflater: MessageInflater | undefined;
  #isDamaged = false;
  readonly #head = Buffer.alloc(14);
  #headLength = 0;
  #opcode = 0;
  #isLastFrame = true;
  #mask: Buffer | undefined;
  /** Of the frame's payload: still to come, and how much has passed. */
  #leftBytes = 0;
  #passedBytes = 0;
  #isWithinFrame = false;
  #control: Buffer = Buffer.alloc(0);
  /** Of the message under way. */
  #isWithinMessage = false;
  #isCompressed = false;
  #isTooLong = false;
  #parts: Buffer[] = [];
  #heldBytes = 0;

  /** `inflater`: set where permessage-deflate was agreed on. */
  constructor(sink: MessageSink, limits: MessageLimits, inflater?: MessageInflater) {
    this.#sink = sink;
    this.#limits = limits;
    this.#inflater = inflater;
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isDamaged) {
      at = this.#isWithinFrame ? this.#readPayload(chunk, at) : this.#readHead(chunk, at);
    }
  }

  /** Lets go of what is held. Must be called once at the end. */
  release(): void {
    this.#isDamaged = true;
    this.#dropParts();
  }

  #readHead(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && this.#headLength < this.#headSize()) {
      this.#head[this.#headLength++] = chunk[at++] as number;
    }
    if (this.#headLength < 2 || this.#headLength < this.#headSize()) return at;
    this.#beginFrame();
    // A frame without a payload is whole with its head.
    if (this.#isWithinFrame && this.#leftBytes === 0) this.#endFrame();
    return at;
  }

  /** As far as the bytes so far tell. */
  #headSize(): number {
    if (this.#headLength < 2) return 2;
    const second = this.#head[1] as number;
    const short = second & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
  }

  #beginFrame(): void {
    const first = this.#head[0] as number;
    const second = this.#head[1] as number;
    const size = this.#headLength;
    this.#headLength = 0;
    this.#opcode = first & 0x0f;
    this.#isLastFrame = (first & 0x80) !== 0;
    const short = second & 0x7f;
    const length =
      short < 126 ? short : short === 126 ? this.#head.readUInt16BE(2) : Number(this.#head.readBigUInt64BE(2));
    this.#mask = (second & 0x80) === 0 ? undefined : Buffer.from(this.#head.subarray(size - 4, size));
    if (!this.#isLegal(first, length)) {
      this.#damage();
      return;
    }
    this.#leftBytes = length;
    this.#passedBytes = 0;
    this.#isWithinFrame = true;
    if (this.#opcode >= close) this.#control = Buffer.alloc(length);
    else if (this.#opcode !== continuation) this.#beginMessage((first & 0x40) !== 0);
  }

  #isLegal(first: number, length: number): boolean {
    const reserved = first & 0x70;
    const isControl = this.#opcode >= close;
    if (isControl) return reserved === 0 && this.#opcode <= 10 && this.#isLastFrame && length <= controlLimitBytes;
    if (this.#opcode > 2 || !Number.isSafeInteger(length)) return false;
    const isFirst = this.#opcode !== continuation;
    if (isFirst === this.#isWithinMessage) return false;
    return reserved === 0 || (reserved === 0x40 && isFirst && this.#inflater !== undefined);
  }

  #beginMessage(isCompressed: boolean): void {
    this.#isWithinMessage = true;
    this.#isCompressed = isCompressed;
    this.#isTooLong = false;
  }

  #readPayload(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#leftBytes);
    const isControl = this.#opcode >= close;
    if (isControl) {
      chunk.copy(this.#control, this.#passedBytes, start, end);
      this.#unmask(this.#control, this.#passedBytes, this.#passedBytes + end - start, this.#passedBytes);
    } else if (this.#mayHold(end - start)) {
      const part = Buffer.from(chunk.subarray(start, end));
      this.#unmask(part, 0, part.length, this.#passedBytes);
      this.#parts.push(part);
    }
    this.#passedBytes += end - start;
    this.#leftBytes -= end - start;
    if (this.#leftBytes === 0) this.#endFrame();
    return end;
  }

  #unmask(bytes: Buffer, from: number, to: number, offset: number): void {
    const mask = this.#mask;
    if (mask === undefined) return;
    for (let at = from; at < to; at += 1) {
      bytes[at] = (bytes[at] as number) ^ (mask[(offset + at - from) & 3] as number);
    }
  }

  #mayHold(bytes: number): boolean {
    if (this.#isTooLong) return false;
    const isHeld = this.#heldBytes + bytes <= this.#limits.messageBytes && this.#limits.budget.take(bytes);
    if (isHeld) {
      this.#heldBytes += bytes;
      return true;
    }
    this.#isTooLong = true;
    this.#dropParts();
    return false;
  }

  #endFrame(): void {
    this.#isWithinFrame = false;
    if (this.#opcode === close) {
      this.#sink.onCloseFrame(this.#control.length >= 2 ? this.#control.readUInt16BE(0) : noCode);
    } else if (this.#opcode < close && this.#isLastFrame) {
      this.#endMessage();
    }
  }

  #endMessage(): void {
    this.#isWithinMessage = false;
    const payload = Buffer.concat(this.#parts);
    this.#dropParts();
    if (this.#isTooLong) {
      this.skippedMessages += 1;
      // What follows may refer back to what was skipped.
      if (this.#isCompressed && this.#inflater?.keepsContext === true) this.#damage();
      return;
    }
    if (!this.#isCompressed) {
      this.#sink.onMessage(payload);
      return;
    }
    const inflated = this.#inflater?.inflate(payload, this.#limits.messageBytes);
    if (inflated === undefined) this.#damage();
    else this.#sink.onMessage(inflated);
  }

  #damage(): void {
    this.#isDamaged = true;
    this.#isWithinFrame = false;
    this.#dropParts();
  }

  #dropParts(): void {
    this.#limits.budget.give(this.#heldBytes);
    this.#heldBytes = 0;
    this.#parts = [];
  }
}
