import { createServer, request } from "node:http";
import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { BodyReader } from "../body-reader.ts";
import { HeadReader } from "../head-reader.ts";
import { HttpFault } from "../http-fault.ts";
import { defaultHeadLimits, parseRequestHead, parseResponseHead, untilClose } from "../message-head.ts";

/** A message as a reader understood it. */
export interface ReadMessage {
  /** Method and target, or status and reason. */
  readonly start: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export interface Reading {
  readonly messages: readonly ReadMessage[];
  /** The reader refused what came next. */
  readonly isRefused: boolean;
}

/** The parts of the bytes between the offsets. */
export function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const ends = [...new Set([...offsets.map((offset) => offset % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter((part) => part.length > 0);
}

/** Requests on one connection as our own reader understands them. */
export function readRequests(parts: readonly Buffer[]): Reading {
  return read(parts, (text) => {
    const head = parseRequestHead(text, defaultHeadLimits);
    return {
      start: `${head.method} ${head.target}`,
      headers: head.rawHeaders,
      length: head.bodyLength,
      isLast: !head.keepsAlive,
    };
  });
}

/** The first answer on a connection, to a request of the method, as our own reader understands it. */
export function readAnswer(parts: readonly Buffer[], method: string): Reading {
  const reading = read(parts, (text) => {
    const head = parseResponseHead(text, method, defaultHeadLimits);
    return {
      start: `${head.status} ${head.reason}`,
      headers: head.rawHeaders,
      length: head.bodyLength,
      isLast: head.status >= 200 || head.status === 101,
    };
  });
  return { ...reading, messages: reading.messages.filter(({ start }) => !start.startsWith("1")) };
}

interface ParsedHead {
  readonly start: string;
  readonly headers: readonly string[];
  readonly length: number;
  /** Nothing is read of the connection after this message. */
  readonly isLast: boolean;
}

function read(parts: readonly Buffer[], parse: (text: string) => ParsedHead): Reading {
  const messages: ReadMessage[] = [];
  const head = new HeadReader(defaultHeadLimits.headBytes);
  let isOver = false;
  let under: (ParsedHead & { body: BodyReader; bytes: Buffer[] }) | undefined;
  const finish = () => {
    if (under === undefined) return;
    messages.push({ start: under.start, headers: under.headers, body: Buffer.concat(under.bytes).toString("latin1") });
    isOver = under.isLast;
    under = undefined;
  };
  try {
    for (const part of parts) {
      let rest = part;
      while (rest.length > 0) {
        if (isOver) return { messages, isRefused: false };
        if (under === undefined) {
          const text = head.push(rest, 0);
          if (text === undefined) break;
          rest = rest.subarray(head.end);
          const parsed = parse(text);
          under = { ...parsed, body: new BodyReader(parsed.length), bytes: [] };
        } else {
          const { bytes } = under;
          under.body.push(rest, 0, { onBodyData: (data) => bytes.push(Buffer.from(data)) });
          rest = rest.subarray(under.body.position);
        }
        if (under.body.isEnded) finish();
      }
    }
    if (under?.length === untilClose) finish();
    return { messages, isRefused: false };
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    return { messages, isRefused: true };
  }
}

/** The same as Node's own server (llhttp) understands them. */
export async function readRequestsByNode(bytes: Buffer): Promise<Reading> {
  const messages: ReadMessage[] = [];
  let isRefused = false;
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  const take = (req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => {
    const body: Buffer[] = [];
    req.on("data", (data: Buffer) => body.push(data));
    req.on("error", () => {});
    req.on("end", () => {
      messages.push({
        start: `${req.method} ${req.url}`,
        headers: req.rawHeaders,
        body: Buffer.concat(body).toString("latin1"),
      });
      res.end();
    });
  };
  server.on("request", take);
  server.on("checkContinue", take);
  server.on("checkExpectation", take);
  server.on("clientError", () => {
    isRefused = true;
  });
  const [near, far] = duplexPair();
  far.on("error", () => {});
  near.on("error", () => {});
  near.resume();
  server.emit("connection", far as unknown as Socket);
  near.write(bytes);
  await settled();
  near.destroy();
  far.destroy();
  return { messages, isRefused };
}

/** The same as Node's own client understands it. */
export async function readAnswerByNode(bytes: Buffer, method: string): Promise<Reading> {
  const messages: ReadMessage[] = [];
  let isRefused = false;
  const [near, far] = duplexPair();
  far.on("error", () => {});
  far.resume();
  const sent = request({ method, createConnection: () => near as unknown as Socket });
  sent.on("error", () => {
    isRefused = true;
  });
  sent.on("response", (answer) => {
    const body: Buffer[] = [];
    answer.on("data", (data: Buffer) => body.push(data));
    answer.on("error", () => {
      isRefused = true;
    });
    answer.on("end", () =>
      messages.push({
        start: `${answer.statusCode} ${answer.statusMessage}`,
        headers: answer.rawHeaders,
        body: Buffer.concat(body).toString("latin1"),
      }),
    );
  });
  sent.on("upgrade", () => {
    isRefused = true;
  });
  sent.end();
  far.write(bytes);
  await settled();
  far.end();
  await settled();
  near.destroy();
  far.destroy();
  return { messages, isRefused };
}

/** In-memory streams are through after a few turns of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
