import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { chunked, type RequestHead } from "./message-head.ts";
import { WriteGather } from "./write-gather.ts";

/** Takes what becomes of one request. */
export interface ExchangeHandler {
  /** Part of the request's body. */
  onRequestData(bytes: Buffer): void;
  /** The request's body is whole. Not called for a request without one. */
  onRequestEnd(): void;
  /** The client, which was behind, has taken everything. */
  onDrain(): void;
  /** Called once. `isSent`: the whole answer is with the kernel; else the connection ended before. */
  onClose(isSent: boolean): void;
}

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly socket: Socket;
  /** Each exchange is its connection's last. */
  readonly isDraining: boolean;
  /** The answer's last byte is with the kernel. */
  onAnswerSent(): void;
  /** The client does not take what it is sent. */
  onClientBehind(): void;
  pauseRequest(): void;
  resumeRequest(): void;
  /** Gives the socket away; returns what was read of it and not used. */
  detach(): Buffer;
}

type BodyMode = "none" | "length" | "chunked" | "framed" | "close";

export interface AnswerBody {
  /** Bytes as the headers tell them, 0 when there is no body, `chunked` when nobody knows. */
  readonly length: number;
  /** What will be written is chunked already. Only for clients of HTTP/1.1. */
  readonly isFramed?: boolean;
}

const noHandler: ExchangeHandler = { onRequestData() {}, onRequestEnd() {}, onDrain() {}, onClose() {} };
const nothing = Buffer.alloc(0);
const keepAliveLines = "connection: keep-alive\r\nkeep-alive: timeout=75\r\n\r\n";
const closeLines = "connection: close\r\n\r\n";

/**
 * One request of a client and the answer to it. What is written is gathered until `flush` or `end`, and goes out as one
 * write.
 */
export class Exchange {
  readonly head: RequestHead;
  handler: ExchangeHandler = noHandler;
  /** Everything of the request was received. */
  isRequestWhole: boolean;
  isHeadWritten = false;
  /** The answer was written to its end, sent or not. */
  isEnded = false;
  isClosed = false;
  /** The connection may be used for another exchange after this one. */
  keepsAlive: boolean;

  readonly #connection: ExchangeConnection;
  readonly #gather = new WriteGather();
  #mode: BodyMode = "none";
  /** The chunk that is being written: where its size belongs, and what it has so far. */
  #chunkSizeAt = 0;
  #chunkBytes = 0;

  constructor(connection: ExchangeConnection, head: RequestHead) {
    this.#connection = connection;
    this.head = head;
    this.keepsAlive = head.keepsAlive;
    this.isRequestWhole = head.bodyLength === 0;
  }

  get remoteAddress(): string {
    return this.#connection.socket.remoteAddress ?? "";
  }

  /** Bytes chunked by somebody else can go to this client as they are. */
  get takesFramed(): boolean {
    return this.head.minorVersion === 1 && this.head.method !== "HEAD";
  }

  /** The connection's end is the only sign of the answer's end. */
  get isDelimitedByClose(): boolean {
    return this.#mode === "close";
  }

  // The request.

  pauseRequest(): void {
    if (!this.isClosed) this.#connection.pauseRequest();
  }

  resumeRequest(): void {
    if (!this.isClosed) this.#connection.resumeRequest();
  }

  /** `100 Continue`, and any other answer before the answer. */
  writeInformational(text: string): void {
    if (this.isClosed || this.isHeadWritten) return;
    this.#connection.socket.write(text, "latin1");
  }

  // The answer.

  /** `headers`: names and values in turn, with `content-length` where it is known and without any framing else. */
  writeHead(status: number, reason: string, headers: readonly string[], body: AnswerBody): void {
    this.isHeadWritten = true;
    this.#mode = this.#modeOf(body);
    if (this.#mode === "close" || this.#connection.isDraining) this.keepsAlive = false;
    let text = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
    if (this.#mode === "chunked" || this.#mode === "framed") text += "transfer-encoding: chunked\r\n";
    this.#gather.add(text + (this.keepsAlive ? keepAliveLines : closeLines));
  }

  /** Switches protocols: `headers` tell to which. What follows on the socket is the caller's. */
  switchProtocols(reason: string, headers: readonly string[]): { socket: Socket; rest: Buffer } {
    this.isHeadWritten = true;
    let text = `HTTP/1.1 101 ${reason}\r\n`;
    for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
    const { socket } = this.#connection;
    const rest = this.#connection.detach();
    this.isClosed = true;
    socket.write(`${text}\r\n`, "latin1");
    return { socket, rest };
  }

  /** Part of the answer's body. */
  write(bytes: Buffer): void {
    if (bytes.length === 0 || this.#mode === "none") return;
    if (this.#mode === "chunked") {
      if (this.#chunkBytes === 0) this.#chunkSizeAt = this.#gather.reserve();
      this.#chunkBytes += bytes.length;
    }
    this.#gather.add(bytes);
  }

  /** Sends what was written; false when the client is behind: `onDrain` will tell when it no longer is. */
  flush(): boolean {
    if (this.isClosed) return true;
    this.#closeChunk();
    const hasRoom = this.#gather.flush(this.#connection.socket);
    if (!hasRoom) this.#connection.onClientBehind();
    return hasRoom;
  }

  /** The answer is whole. `trailers`: names and values in turn. */
  end(trailers: readonly string[] = []): void {
    if (this.isEnded || this.isClosed) return;
    this.isEnded = true;
    this.#closeChunk();
    if (this.#mode === "chunked") this.#gather.add(lastChunk(trailers));
    const { socket } = this.#connection;
    this.#gather.flush(socket);
    if (socket.writableLength === 0) this.#connection.onAnswerSent();
    else {
      this.#connection.onClientBehind();
      socket.write(nothing, (error) => {
        if (!error) this.#connection.onAnswerSent();
      });
    }
  }

  /** A whole answer at once. */
  answer(status: number, reason: string, headers: readonly string[], body: Buffer): void {
    this.writeHead(status, reason, [...headers, "content-length", String(body.length)], { length: body.length });
    if (this.head.method !== "HEAD") this.#gather.add(body);
    this.end();
  }

  /** Ends the connection so that the answer cannot be taken for whole. What was written still arrives. */
  breakOff(): void {
    if (this.isClosed) return;
    this.#closeChunk();
    const { socket } = this.#connection;
    this.#gather.flush(socket);
    this.#connection.onClientBehind();
    // The length or the last chunk is missing: a plain end is an error to the client. Where only the end of the
    // connection ends the answer it must not look orderly.
    if (this.#mode === "close") socket.write(nothing, () => endDisorderly(socket));
    else socket.destroySoon();
  }

  // From the connection.

  /** @internal */
  closed(isSent: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.onClose(isSent);
    this.handler = noHandler;
  }

  #modeOf(body: AnswerBody): BodyMode {
    if (this.head.method === "HEAD") return "none";
    if (body.length !== chunked) return body.length === 0 ? "none" : "length";
    if (this.head.minorVersion === 0) return "close";
    return body.isFramed ? "framed" : "chunked";
  }

  /** What was written since the last flush becomes one chunk. */
  #closeChunk(): void {
    if (this.#chunkBytes === 0) return;
    this.#gather.fill(this.#chunkSizeAt, `${this.#chunkBytes.toString(16)}\r\n`);
    this.#gather.add("\r\n");
    this.#chunkBytes = 0;
  }
}

/** Over TLS, without the closing alert that tells a whole answer from a cut one (RFC 8446 section 6.1). */
function endDisorderly(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function lastChunk(trailers: readonly string[]): string {
  if (trailers.length === 0) return "0\r\n\r\n";
  let text = "0\r\n";
  for (let index = 0; index < trailers.length; index += 2) text += `${trailers[index]}: ${trailers[index + 1]}\r\n`;
  return `${text}\r\n`;
}
