import { ChunkedReader } from "./chunked-reader.ts";
import { chunked, untilClose } from "./message-head.ts";

/** Takes a body's bytes as they come, without their framing. */
export interface BodySink {
  onBodyData(bytes: Buffer): void;
}

/** Finds a body in the bytes of a connection (RFC 9112 section 6). */
export class BodyReader {
  /** The body's last byte has passed. */
  isEnded: boolean;
  /** Where the reading of the last pushed chunk got to; what follows is the next message's. */
  position = 0;

  readonly #chunks: ChunkedReader | undefined;
  #leftBytes: number;

  /** `length` as in a message's head. */
  constructor(length: number) {
    this.#leftBytes = length === untilClose ? Number.POSITIVE_INFINITY : length;
    this.#chunks = length === chunked ? new ChunkedReader() : undefined;
    this.isEnded = length === 0;
  }

  /** Trailer names and values in turn. */
  get trailers(): readonly string[] {
    return this.#chunks?.trailers ?? [];
  }

  /** Hands on what belongs to the body. Throws `HttpFault` at a broken chunk; what came before it was handed on. */
  push(bytes: Buffer, start: number, sink: BodySink): void {
    this.position = start;
    if (this.#chunks !== undefined) {
      try {
        this.isEnded = this.#chunks.push(bytes, start, sink);
      } finally {
        this.position = this.#chunks.position;
      }
      return;
    }
    const end = Math.min(bytes.length, start + this.#leftBytes);
    this.#leftBytes -= end - start;
    this.isEnded = this.#leftBytes === 0;
    this.position = end;
    if (end > start) sink.onBodyData(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }
}
