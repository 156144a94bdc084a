import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

/** A request as it came over the socket. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, as sent. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Which of the accepted connections it came over, from 1. */
  readonly connection: number;
  /** Resolves when the other side has closed or reset the connection. */
  readonly connectionClosed: Promise<void>;
}

/** What to answer, down to the byte. */
export interface MockAnswer {
  readonly status?: number;
  readonly statusText?: string;
  readonly version?: "1.0" | "1.1";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** How the body's end is told. */
  readonly framing?: "length" | "chunked" | "close";
  readonly encoding?: keyof typeof encoders;
  /** Offsets of the body at which a write ends; each part is a packet (and a chunk) of its own. */
  readonly cutAt?: readonly number[];
  /** Between two parts. */
  readonly pauseMs?: number;
  /** Before the head. */
  readonly delayMs?: number;
  /** Before the body, once the head has gone. */
  readonly bodyDelayMs?: number;
  /** Only so many bytes of the body are sent before `afterwards`. */
  readonly stopAfter?: number;
  /** What follows; "keep" unless told otherwise, "close" for `framing: "close"`. */
  readonly afterwards?: "keep" | "close" | "reset" | "stall";
  /** Sent before anything else, as 1xx answers are. */
  readonly prelude?: string;
  readonly trailers?: string;
}

export const encoders = {
  gzip: (bytes: Buffer) => gzipSync(bytes),
  br: (bytes: Buffer) => brotliCompressSync(bytes),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
  deflate: (bytes: Buffer) => deflateSync(bytes),
  "raw deflate": (bytes: Buffer) => deflateRawSync(bytes),
} as const;

export type Script = (request: SeenRequest, socket: Socket) => MockAnswer | undefined | Promise<MockAnswer | undefined>;

/**
 * A provider made of a bare socket: it sends what it is told to, cut where it is told to, and can stall, reset and lie
 * about lengths. Scripts are found by the request's path (without query) or by its `x-mock` header; a script that
 * returns undefined has answered by itself.
 */
export class MockUpstream implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly #scripts = new Map<string, Script>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;
  #bytesOfClosed = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(): Promise<MockUpstream> {
    const mock = new MockUpstream();
    await new Promise<void>((resolve) => mock.#server.listen(0, "127.0.0.1", resolve));
    return mock;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `http://127.0.0.1:${address.port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Connections that were made, closed ones too. */
  get acceptedConnections(): number {
    return this.#connections;
  }

  /** Of all connections, requests that never became whole too. */
  get receivedBytes(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#sockets) bytes += socket.bytesRead;
    return bytes;
  }

  on(key: string, script: Script | MockAnswer): void {
    this.#scripts.set(key, typeof script === "function" ? script : () => script);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const connection = ++this.#connections;
    this.#sockets.add(socket);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#bytesOfClosed += socket.bytesRead;
    });
    socket.on("error", () => {});
    void serve(socket, async (parsed) => {
      const request = { ...parsed, connection, connectionClosed: closed };
      this.requests.push(request);
      const script = this.#scripts.get(headerOf(request.headers, "x-mock") ?? request.path.split("?")[0] ?? "");
      const answer = await (script ?? (() => ({ status: 501, body: "no script" })))(request, socket);
      if (answer !== undefined) await send(socket, answer);
    });
  }
}

type Parsed = Pick<SeenRequest, "method" | "path" | "headers" | "body">;

/** Reads requests off the socket, one after the other. */
async function serve(socket: Socket, answer: (request: Parsed) => Promise<void>): Promise<void> {
  let parts: Buffer[] = [];
  try {
    for await (const chunk of socket) {
      parts.push(chunk as Buffer);
      // A long chunked upload is looked at only when it may have come to its end.
      if (parts.length > 4 && !mayEnd(parts)) continue;
      let bytes = Buffer.concat(parts);
      let parsed = parseRequest(bytes);
      while (parsed !== undefined) {
        bytes = Buffer.from(bytes.subarray(parsed.end));
        await answer(parsed.request);
        parsed = parseRequest(bytes);
      }
      parts = [bytes];
    }
  } catch {
    // The other side broke off: the test looks at what came.
  }
}

function mayEnd(parts: readonly Buffer[]): boolean {
  const head = parts[0]?.toString("latin1", 0, 4096) ?? "";
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) return parts.at(-1)?.subarray(-5).toString("latin1") === "0\r\n\r\n";
  return parts.reduce((sum, part) => sum + part.length, 0) >= Number(length) + head.indexOf("\r\n\r\n") + 4;
}

function parseRequest(bytes: Buffer): { request: Parsed; end: number } | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [requestLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const body = bodyOf(bytes, headEnd + 4, headers);
  return body === undefined ? undefined : { request: { method, path, headers, body: body.bytes }, end: body.end };
}

function bodyOf(bytes: Buffer, start: number, headers: readonly string[]): { bytes: Buffer; end: number } | undefined {
  if (headerOf(headers, "transfer-encoding") !== undefined) return chunkedBody(bytes, start);
  const end = start + Number(headerOf(headers, "content-length") ?? 0);
  return bytes.length < end ? undefined : { bytes: Buffer.from(bytes.subarray(start, end)), end };
}

function chunkedBody(bytes: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  const parts: Buffer[] = [];
  let at = start;
  while (true) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { bytes: Buffer.concat(parts), end: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}

async function send(socket: Socket, answer: MockAnswer): Promise<void> {
  const plain = typeof answer.body === "string" ? Buffer.from(answer.body) : (answer.body ?? Buffer.alloc(0));
  const body = answer.encoding === undefined ? plain : encoders[answer.encoding](plain);
  const framing = answer.framing ?? "length";
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  if (answer.prelude !== undefined) socket.write(answer.prelude);
  socket.write(headText(answer, framing, body.length));
  if (answer.bodyDelayMs !== undefined) await sleep(answer.bodyDelayMs);
  const sent = body.subarray(0, answer.stopAfter ?? body.length);
  for (const part of partsOf(sent, answer.cutAt ?? [])) {
    if (!(await write(socket, framing === "chunked" ? chunkOf(part) : part))) return;
    if (answer.pauseMs !== undefined) await sleep(answer.pauseMs);
  }
  if (answer.stopAfter === undefined && framing === "chunked") socket.write(`0\r\n${answer.trailers ?? ""}\r\n`);
  finish(socket, answer.afterwards ?? (framing === "close" ? "close" : "keep"));
}

function headText(answer: MockAnswer, framing: MockAnswer["framing"], length: number): string {
  const lines = [`HTTP/${answer.version ?? "1.1"} ${answer.status ?? 200} ${answer.statusText ?? "OK"}`];
  for (const [name, value] of Object.entries(answer.headers ?? {})) lines.push(`${name}: ${value}`);
  if (answer.encoding !== undefined) lines.push(`content-encoding: ${answer.encoding.replace("raw ", "")}`);
  if (framing === "length") lines.push(`content-length: ${length}`);
  if (framing === "chunked") lines.push("transfer-encoding: chunked");
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function partsOf(bytes: Buffer, cutAt: readonly number[]): Buffer[] {
  const ends = [...cutAt.filter((offset) => offset > 0 && offset < bytes.length), bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter((part) => part.length > 0);
}

function chunkOf(part: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
}

async function write(socket: Socket, bytes: Buffer): Promise<boolean> {
  if (socket.destroyed) return false;
  if (socket.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
  return !socket.destroyed;
}

function finish(socket: Socket, afterwards: NonNullable<MockAnswer["afterwards"]>): void {
  if (afterwards === "close") socket.end();
  else if (afterwards === "reset") socket.resetAndDestroy();
}
