import type { Socket } from "node:net";
import { BodyReader, type BodySink } from "./body-reader.ts";
import type { Deadlines, Timed } from "./deadlines.ts";
import { Exchange, type ExchangeConnection } from "./exchange.ts";
import { HeadReader } from "./head-reader.ts";
import { HttpFault } from "./http-fault.ts";
import { type HeadLimits, parseRequestHead } from "./message-head.ts";

/** What all connections of a server share. */
export interface ServerContext {
  readonly limits: HeadLimits;
  readonly deadlines: Deadlines;
  /** Until the head of a request is whole, from its first byte or the connection's beginning. */
  readonly headMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How long a client may send nothing of a body, or take nothing of an answer. */
  readonly stallMs: number;
  readonly connections: Set<ServerConnection>;
  isDraining: boolean;
  onRequest(exchange: Exchange): void;
  /** The JSON body of a refusal. */
  refusalOf(fault: HttpFault): Buffer;
  /** Handling a request failed in a way that nobody foresaw. */
  onFailure(error: unknown): void;
}

/** While an exchange is under way, more than this of the requests after it is left to the kernel. */
const pipelineLimitBytes = 64 << 10;
/** After a refusal, what the client still sends is read for so long: a reset would take the answer from it. */
const lingerMs = 2000;
const nothing = Buffer.alloc(0);

const reasons: Readonly<Record<HttpFault["status"], string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  414: "URI Too Long",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  505: "HTTP Version Not Supported",
};

/** A client's connection: exchanges one after the other, pipelined requests in their order (RFC 9112 section 9.3.2). */
export class ServerConnection implements ExchangeConnection, BodySink, Timed {
  readonly socket: Socket;
  deadlineMs: number;

  readonly #context: ServerContext;
  readonly #head: HeadReader;
  #exchange: Exchange | undefined;
  #body: BodyReader | undefined;
  #pending: Buffer = nothing;
  #isConsuming = false;
  /** Nothing more that the client says is read as a request. */
  #isFinished = false;
  #isPaused = false;

  constructor(socket: Socket, context: ServerContext) {
    this.socket = socket;
    this.#context = context;
    this.#head = new HeadReader(context.limits.headBytes);
    this.deadlineMs = performance.now() + context.headMs;
    context.connections.add(this);
    context.deadlines.add(this);
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("error", ignore);
    socket.on("close", this.#onSocketClose);
  }

  /** No request is under way, or half received. */
  get isIdle(): boolean {
    return this.#exchange === undefined && !this.#head.isWithin;
  }

  onDeadline(): void {
    if (this.#exchange === undefined && this.#head.isWithin && !this.#isFinished) {
      this.#refuse(new HttpFault(408, "The request's head did not come in time."));
    } else if (this.#exchange?.isHeadWritten === false && !this.#exchange.isRequestWhole) {
      this.#refuse(new HttpFault(408, "The request's body did not go on in time."));
    } else {
      this.socket.destroy();
    }
  }

  // For the exchange.

  get isDraining(): boolean {
    return this.#context.isDraining;
  }

  onAnswerSent(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.closed(true);
    if (!exchange.keepsAlive) this.#endConnection();
    else if (exchange.isRequestWhole) this.#next();
    else this.#await(this.#context.stallMs);
  }

  onClientBehind(): void {
    this.#await(this.#context.stallMs);
  }

  pauseRequest(): void {
    this.#isPaused = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.socket.pause();
  }

  resumeRequest(): void {
    // What comes after a whole request is not the exchange's to ask for.
    if (!this.#isPaused || this.#isWaiting) return;
    this.#await(this.#context.stallMs);
    this.#resume();
  }

  detach(): Buffer {
    const { socket } = this;
    socket.off("data", this.#onData);
    socket.off("drain", this.#onDrain);
    socket.off("end", this.#onEnd);
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#isFinished = true;
    const rest = this.#pending;
    this.#pending = nothing;
    return rest;
  }

  // From the socket.

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isFinished) return;
    if (this.#isWaiting) this.#hold(chunk);
    else this.#consume(chunk);
  };

  readonly #onDrain = (): void => {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.isEnded) return;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    exchange.handler.onDrain();
  };

  /** A client that ends its side has left: what it asked for has nobody to go to. */
  readonly #onEnd = (): void => {
    if (this.#exchange?.isEnded === false) this.socket.destroy();
  };

  readonly #onSocketClose = (): void => {
    this.#context.connections.delete(this);
    this.#context.deadlines.delete(this);
    this.#isFinished = true;
    this.#exchange?.closed(false);
    this.#exchange = undefined;
  };

  #consume(first: Buffer): void {
    let bytes = first;
    this.#isConsuming = true;
    try {
      while (bytes.length > 0 && !this.#isFinished && !this.#isWaiting) bytes = this.#read(bytes);
    } catch (error) {
      bytes = nothing;
      if (error instanceof HttpFault) this.#refuse(error);
      else this.#failed(error);
    }
    this.#isConsuming = false;
    if (bytes.length > 0 && !this.#isFinished) this.#hold(bytes);
  }

  /** The request is whole and its answer is not: what follows must wait. */
  get #isWaiting(): boolean {
    return this.#exchange?.isRequestWhole === true;
  }

  /** Reads a head or a part of a body; returns what is left. */
  #read(bytes: Buffer): Buffer {
    const body = this.#body;
    if (this.#exchange === undefined || body === undefined) return this.#readHead(bytes);
    this.#await(this.#context.stallMs);
    body.push(bytes, 0, this);
    if (body.isEnded) this.#endRequest(this.#exchange);
    return body.position === bytes.length ? nothing : bytes.subarray(body.position);
  }

  #readHead(bytes: Buffer): Buffer {
    if (!this.#head.isWithin) this.#await(this.#context.headMs);
    const text = this.#head.push(bytes, 0);
    if (text === undefined) return nothing;
    const head = parseRequestHead(text, this.#context.limits);
    const exchange = new Exchange(this, head);
    this.#exchange = exchange;
    this.#body = head.bodyLength === 0 ? undefined : new BodyReader(head.bodyLength);
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const at = this.#head.end;
    if (head.bodyLength !== 0) this.#await(this.#context.stallMs);
    this.#context.onRequest(exchange);
    return at === bytes.length ? nothing : bytes.subarray(at);
  }

  onBodyData(bytes: Buffer): void {
    this.#exchange?.handler.onRequestData(bytes);
  }

  #endRequest(exchange: Exchange): void {
    this.#body = undefined;
    exchange.isRequestWhole = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    // Nothing is left to hold back, and a client that leaves must be noticed.
    this.#resume();
    if (!exchange.isClosed) exchange.handler.onRequestEnd();
    // The answer came before the request's end.
    else if (exchange.keepsAlive && this.#exchange === exchange) this.#next();
  }

  /** On to the next request: one that has come already, or the wait for it. */
  #next(): void {
    this.#exchange = undefined;
    this.#await(this.#context.keepAliveMs);
    this.#resume();
    if (this.#isConsuming || this.#pending.length === 0) return;
    const bytes = this.#pending;
    this.#pending = nothing;
    this.#consume(bytes);
  }

  #hold(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    if (this.#pending.length > pipelineLimitBytes) this.pauseRequest();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  }

  #await(ms: number): void {
    this.deadlineMs = performance.now() + ms;
  }

  /** Says what is wrong and ends the connection: where the next message begins is not known any more. */
  #refuse(fault: HttpFault): void {
    const exchange = this.#exchange;
    if (exchange?.isHeadWritten) {
      this.socket.destroy();
      return;
    }
    const body = this.#context.refusalOf(fault);
    const reason = reasons[fault.status];
    const head = `HTTP/1.1 ${fault.status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    this.socket.write(Buffer.concat([Buffer.from(head), body]));
    this.#exchange = undefined;
    this.#endConnection();
    exchange?.closed(false);
  }

  #failed(error: unknown): void {
    this.#context.onFailure(error);
    this.socket.destroy();
  }

  /** After the last answer: what the client still sends is read and dropped for a moment. */
  #endConnection(): void {
    this.#isFinished = true;
    this.#exchange = undefined;
    this.#body = undefined;
    this.#pending = nothing;
    this.#await(lingerMs);
    this.#resume();
    this.socket.end();
  }
}

function ignore(): void {}
