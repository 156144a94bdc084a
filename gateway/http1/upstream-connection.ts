import { connect as connectPlain, isIP, Socket, type SocketConstructorOpts } from "node:net";
import { connect as connectTls } from "node:tls";
import type { OutgoingGuard } from "@weir/model";
import { BodyReader, type BodySink } from "./body-reader.ts";
import type { Deadlines, Timed } from "./deadlines.ts";
import { HeadReader } from "./head-reader.ts";
import { chunked, type HeadLimits, parseResponseHead, type ResponseHead, untilClose } from "./message-head.ts";
import { WriteGather } from "./write-gather.ts";

/** Where a connection goes to: a host and port, or the path of a Unix socket. */
export type Endpoint =
  | {
      readonly host: string;
      readonly port: number;
      readonly isTls: boolean;
      readonly hostHeader: string;
      /** A user gave the host: what it leads to is judged as a connection is made. */
      readonly guard?: OutgoingGuard | undefined;
    }
  | { readonly path: string; readonly hostHeader: string };

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, without framing; `host` only where it is not the endpoint's. */
  readonly headers: readonly string[];
  /** The whole body; or how long it is, or `chunked`, when it will be written bit by bit. Null: there is none. */
  readonly body: readonly Buffer[] | number | null;
  /** Asks for another protocol: the headers have `upgrade`. */
  readonly upgrade?: string;
}

/** Takes what comes back of one request. */
export interface AnswerHandler {
  /** Once at most, after any 1xx answers. */
  onAnswerHead(head: ResponseHead): void;
  /** Part of the body, without its framing. */
  onAnswerData(bytes: Buffer): void;
  /**
   * After every read of the answer: what it had of the body, framed as it came. `isEnd`: that was all. The
   * connection is free for another request then.
   */
  onAnswerRead(framed: Buffer, isEnd: boolean, trailers: readonly string[]): void;
  /** The server changed the protocol, as asked: the socket is the handler's. */
  onUpgraded(head: ResponseHead, socket: Socket, rest: Buffer): void;
  /** The server takes more of the request again. */
  onRequestDrain(): void;
  /**
   * Nothing more will come. `isStale`: the connection had served other requests, and was closed before a byte of this
   * answer came, as when a server closes an idle connection just then.
   */
  onAnswerError(error: Error, isStale: boolean): void;
}

/** Why an upstream's answer will not come, where no system error says it. */
export class UpstreamFault extends Error {
  readonly code: "CONNECT_TIMEOUT" | "ANSWER_TIMEOUT" | "IDLE_TIMEOUT" | "CLOSED";

  constructor(code: UpstreamFault["code"]) {
    super(code);
    this.name = "UpstreamFault";
    this.code = code;
  }
}

/** How long each phase may take. */
export interface PhaseTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
}

/** What the connections to one endpoint share. */
export interface ConnectionOwner {
  readonly endpoint: Endpoint;
  readonly timeouts: PhaseTimeouts;
  readonly deadlines: Deadlines;
  tlsSession: Buffer | undefined;
  /** The connection may carry another request until its deadline. */
  onIdle(connection: UpstreamConnection): void;
  onClosed(connection: UpstreamConnection): void;
}

const limits: HeadLimits = { headBytes: 128 << 10, targetBytes: 0, fieldLines: 1000 };
/** How long an idle connection is kept when the server does not say how long it keeps it. */
const defaultKeepMs = 4_000;
/** Less than what the server promises, since its answer was on the way for a while. */
const keepMarginMs = 1_000;
const longestKeepMs = 600_000;
const nothing = Buffer.alloc(0);
/**
 * What any connection reads comes here first and is copied at once into a buffer of its length: for the many small reads
 * of a stream that is far cheaper than memory of its own for each, which a socket takes otherwise.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 << 10);
const takesLength = new Set(["POST", "PUT", "PATCH"]);

/** One connection to a server: requests one after the other, never pipelined. */
export class UpstreamConnection implements BodySink, Timed {
  deadlineMs: number;
  /** When the bytes came that the handler is being told of, on the clock of `performance.now()`. */
  readAtMs = 0;

  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #gather = new WriteGather();
  #handler: AnswerHandler | undefined;
  #isConnected = false;
  #servedCount = 0;
  #method = "";
  #asksUpgrade = false;
  #sendsChunks = false;
  #isRequestSent = false;
  #hasAnswerBegun = false;
  #isPaused = false;
  #headReader = new HeadReader(limits.headBytes, "HTTP/");
  #head: ResponseHead | undefined;
  #body: BodyReader | undefined;

  /** `mayChangeProtocol`: a request may be sent over it that asks for another protocol. */
  constructor(owner: ConnectionOwner, mayChangeProtocol: boolean) {
    this.#owner = owner;
    this.deadlineMs = performance.now() + owner.timeouts.connectMs;
    // A socket that is given away must be one whose bytes come as events.
    this.#socket = this.#connect(mayChangeProtocol ? {} : { onread: { buffer: readBuffer, callback: this.#onRead } });
    this.#socket.setNoDelay(true);
    this.#listen(this.#socket, "on");
    owner.deadlines.add(this);
  }

  /** Whether a request may be sent. */
  get isUsable(): boolean {
    return (
      this.#handler === undefined && !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded
    );
  }

  // The request.

  /** Sends a request, or its head when the body is to be written; waits for the connection where need be. */
  send(request: UpstreamRequest, handler: AnswerHandler): void {
    this.#handler = handler;
    this.#method = request.method;
    this.#asksUpgrade = request.upgrade !== undefined;
    this.#head = undefined;
    this.#body = undefined;
    this.#hasAnswerBegun = false;
    this.#sendsChunks = request.body === chunked;
    this.#isRequestSent = typeof request.body !== "number";
    this.#gather.add(requestText(request, this.#owner.endpoint.hostHeader));
    if (typeof request.body === "object" && request.body !== null) {
      for (const part of request.body) this.#gather.add(part);
    }
    if (this.#isConnected) this.#await(this.#owner.timeouts.firstByteMs);
    this.#gather.flush(this.#socket);
  }

  /** Part of a body that `send` announced; false when the server is behind: `onRequestDrain` tells when it no longer is. */
  writeBody(bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
    if (this.#isConnected && !this.#hasAnswerBegun) this.#await(this.#owner.timeouts.firstByteMs);
    if (!this.#sendsChunks) return this.#socket.write(bytes);
    this.#gather.add(`${bytes.length.toString(16)}\r\n`);
    this.#gather.add(bytes);
    this.#gather.add("\r\n");
    return this.#gather.flush(this.#socket);
  }

  endBody(): void {
    this.#isRequestSent = true;
    if (this.#sendsChunks) this.#socket.write("0\r\n\r\n", "latin1");
  }

  // The answer.

  /** Leaves what the server sends with the kernel. Of TLS, what was read already may still come: 64 KB at most. */
  pause(): void {
    this.#isPaused = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#await(this.#owner.timeouts.idleMs);
    this.#socket.resume();
  }

  /** Gives the request up, and the connection with it. The handler hears nothing more. */
  abort(): void {
    this.#handler = undefined;
    this.#socket.destroy();
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#handler === undefined) this.#socket.destroy();
    else if (!this.#isConnected) this.#fail(new UpstreamFault("CONNECT_TIMEOUT"));
    else this.#fail(new UpstreamFault(this.#head === undefined ? "ANSWER_TIMEOUT" : "IDLE_TIMEOUT"));
  }

  // From the socket.

  #connect(reading: Pick<SocketConstructorOpts, "onread">): Socket {
    const { endpoint } = this.#owner;
    const onConnect = () => this.#onConnect();
    if ("path" in endpoint) return connectPlain({ path: endpoint.path, ...reading }, onConnect);
    const { host, port, guard } = endpoint;
    const isAddress = isIP(host) !== 0;
    // An address is looked up by nobody.
    if (isAddress && guard?.allows(host) === false) return failedSocket(guard.refusalOf(host));
    const where = { host, port, ...reading, ...(guard !== undefined && { lookup: guard.lookup }) };
    if (!endpoint.isTls) return connectPlain(where, onConnect);
    const session = this.#owner.tlsSession;
    const servername = isAddress ? "" : host;
    const options = {
      ...where,
      servername,
      ALPNProtocols: ["http/1.1"],
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls(options, onConnect);
    socket.on("session", (next: Buffer) => {
      this.#owner.tlsSession = next;
    });
    return socket;
  }

  #listen(socket: Socket, how: "on" | "off"): void {
    socket[how]("data", this.#onData);
    socket[how]("drain", this.#onDrain);
    socket[how]("end", this.#onEnd);
    socket[how]("error", this.#fail);
    socket[how]("close", this.#onClose);
  }

  #onConnect(): void {
    this.#isConnected = true;
    if (this.#handler !== undefined) this.#await(this.#owner.timeouts.firstByteMs);
  }

  readonly #onRead = (length: number): boolean => {
    const bytes = Buffer.allocUnsafe(length);
    readBuffer.copy(bytes, 0, 0, length);
    this.#onData(bytes);
    return true;
  };

  readonly #onData = (bytes: Buffer): void => {
    const handler = this.#handler;
    // Nobody asked: the connection is not where it should be.
    if (handler === undefined) {
      this.#socket.destroy();
      return;
    }
    this.#hasAnswerBegun = true;
    this.readAtMs = performance.now();
    if (!this.#isPaused) this.deadlineMs = this.readAtMs + this.#owner.timeouts.idleMs;
    try {
      this.#read(bytes, handler);
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  #read(bytes: Buffer, handler: AnswerHandler): void {
    let at = 0;
    while (this.#body === undefined) {
      const next = this.#readHead(bytes, at, handler);
      if (next === -1 || this.#handler !== handler) return;
      at = next;
    }
    const body = this.#body;
    try {
      if (!body.isEnded) body.push(bytes, at, this);
    } catch (error) {
      handler.onAnswerRead(bytes.subarray(at, body.position), false, []);
      throw error;
    }
    if (this.#handler !== handler) return;
    const end = body.isEnded ? Math.max(at, body.position) : bytes.length;
    if (body.isEnded) this.#release(bytes.length > end);
    handler.onAnswerRead(
      at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end),
      body.isEnded,
      body.trailers,
    );
  }

  /** The offset after the head; -1 when it is not whole, or nothing follows that is to be read here. */
  #readHead(bytes: Buffer, start: number, handler: AnswerHandler): number {
    if (start >= bytes.length) return -1;
    const text = this.#headReader.push(bytes, start);
    if (text === undefined) return -1;
    const head = parseResponseHead(text, this.#method, limits);
    const at = this.#headReader.end;
    if (head.status === 101) {
      this.#upgrade(head, bytes.subarray(at), handler);
      return -1;
    }
    if (head.status >= 200) {
      this.#head = head;
      this.#body = new BodyReader(head.bodyLength);
      handler.onAnswerHead(head);
    }
    return at;
  }

  #upgrade(head: ResponseHead, rest: Buffer, handler: AnswerHandler): void {
    if (!this.#asksUpgrade) throw new UpstreamFault("CLOSED");
    const socket = this.#socket;
    this.#handler = undefined;
    this.#owner.deadlines.delete(this);
    this.#owner.onClosed(this);
    this.#listen(socket, "off");
    handler.onUpgraded(head, socket, rest);
  }

  onBodyData(bytes: Buffer): void {
    this.#handler?.onAnswerData(bytes);
  }

  /** The answer is whole. `hasMore`: there are bytes after it, which is wrong. */
  #release(hasMore: boolean): void {
    const head = this.#head;
    this.#handler = undefined;
    this.#servedCount += 1;
    const hintMs = head?.keepAliveHintMs ?? -1;
    const keepMs = hintMs === -1 ? defaultKeepMs : Math.min(hintMs - keepMarginMs, longestKeepMs);
    if (hasMore || head?.keepsAlive !== true || !this.#isRequestSent || keepMs <= 0) {
      this.#socket.destroySoon();
      return;
    }
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
    this.#await(keepMs);
    this.#owner.onIdle(this);
  }

  readonly #onDrain = (): void => {
    this.#handler?.onRequestDrain();
  };

  readonly #onEnd = (): void => {
    const handler = this.#handler;
    if (handler === undefined) {
      this.#socket.destroy();
    } else if (this.#head?.bodyLength === untilClose) {
      this.#release(false);
      handler.onAnswerRead(nothing, true, []);
    } else {
      this.#fail(new UpstreamFault("CLOSED"));
    }
  };

  readonly #onClose = (): void => {
    this.#owner.deadlines.delete(this);
    this.#owner.onClosed(this);
    this.#fail(new UpstreamFault("CLOSED"));
  };

  readonly #fail = (error: Error): void => {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#socket.destroy();
    handler?.onAnswerError(error, this.#servedCount > 0 && !this.#hasAnswerBegun && isClosing(error));
  };

  #await(ms: number): void {
    this.deadlineMs = performance.now() + ms;
  }
}

/** A connection that was never made. */
function failedSocket(error: Error): Socket {
  return new Socket().destroy(error);
}

const closingCodes = new Set(["CLOSED", "ECONNRESET", "EPIPE", "ECONNABORTED"]);

function isClosing(error: Error): boolean {
  return closingCodes.has((error as { code?: string }).code ?? "");
}

function requestText(request: UpstreamRequest, hostHeader: string): string {
  const { headers, body } = request;
  let text = `${request.method} ${request.path} HTTP/1.1\r\n`;
  let hasHost = false;
  let fields = "";
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hasHost = true;
    fields += `${name}: ${headers[index + 1]}\r\n`;
  }
  if (!hasHost) text += `host: ${hostHeader}\r\n`;
  text +=
    request.upgrade === undefined
      ? "connection: keep-alive\r\n"
      : `connection: upgrade\r\nupgrade: ${request.upgrade}\r\n`;
  return `${text}${fields}${framingText(request.method, body)}\r\n`;
}

function framingText(method: string, body: UpstreamRequest["body"]): string {
  if (body === null) return takesLength.has(method) ? "content-length: 0\r\n" : "";
  if (body === chunked) return "transfer-encoding: chunked\r\n";
  if (typeof body === "number") return `content-length: ${body}\r\n`;
  let length = 0;
  for (const part of body) length += part.length;
  return `content-length: ${length}\r\n`;
}
