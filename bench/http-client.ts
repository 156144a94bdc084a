import { connect, type Socket } from "node:net";

/** When the parts of an answer came, on the clock of `performance.now`. */
export interface Timing {
  readonly status: number;
  readonly firstByteMs: number;
  readonly lastByteMs: number;
}

const headEnd = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection that sends ready-made requests and finds the end of each answer. Much cheaper than a whole
 * HTTP client, so that the load generator is not what is measured.
 */
export class HttpConnection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #onAnswer: ((timing: Timing | undefined) => void) | undefined;
  #pending: Buffer = Buffer.alloc(0);
  #status = 0;
  #firstByteMs = 0;
  /** Of the answer's body: bytes still to come; -1 before the head is read. */
  #left = -1;
  #isChunked = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Sends; calls back once, with undefined when the connection broke before the answer's end. One at a time. */
  send(request: Buffer, onAnswer: (timing: Timing | undefined) => void): void {
    this.#onAnswer = onAnswer;
    this.#left = -1;
    this.#isChunked = false;
    this.#pending = Buffer.alloc(0);
    this.#firstByteMs = 0;
    this.#socket ??= this.#open();
    this.#socket.write(request);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#finish(undefined);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    if (this.#onAnswer === undefined) return;
    let bytes = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    if (this.#left < 0) {
      const end = bytes.indexOf(headEnd);
      if (end < 0) {
        this.#pending = bytes;
        return;
      }
      this.#readHead(bytes.toString("latin1", 0, end));
      bytes = bytes.subarray(end + 4);
    }
    if (bytes.length > 0 && this.#firstByteMs === 0) this.#firstByteMs = performance.now();
    if (this.#isChunked ? this.#readChunks(bytes) : this.#readPlain(bytes)) this.#done();
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#isChunked = length === undefined;
    this.#left = length === undefined ? 0 : Number(length);
  }

  /** True at the answer's end. */
  #readPlain(bytes: Buffer): boolean {
    this.#left -= bytes.length;
    return this.#left <= 0;
  }

  /** Walks the chunks; `left` is what is missing of the current one, its line end included. True at the answer's end. */
  #readChunks(bytes: Buffer): boolean {
    let at = Math.min(this.#left, bytes.length);
    this.#left -= at;
    while (at < bytes.length) {
      const lineEnd = bytes.indexOf(10, at);
      if (lineEnd < 0) {
        this.#pending = Buffer.from(bytes.subarray(at));
        return false;
      }
      const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
      if (size === 0) {
        if (bytes.length >= lineEnd + 3) return true;
        this.#pending = Buffer.from(bytes.subarray(at));
        return false;
      }
      const next = lineEnd + 1 + size + 2;
      this.#left = Math.max(0, next - bytes.length);
      at = Math.min(next, bytes.length);
    }
    return false;
  }

  #done(): void {
    this.#finish({ status: this.#status, firstByteMs: this.#firstByteMs, lastByteMs: performance.now() });
  }

  #finish(timing: Timing | undefined): void {
    const callback = this.#onAnswer;
    this.#onAnswer = undefined;
    callback?.(timing);
  }
}
