/**
 * An upstream that answers OpenAI chat completions at once, so that what is measured is the gateway. It speaks just
 * enough HTTP over bare sockets to be several times faster than what it measures.
 *
 *   node bench/instant-upstream.ts --port 9001
 */
import { createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

const model = "gpt-4o-mini-2024-07-18";
const words =
  "The quick answer is yes : a queue keeps order while a stack turns it round , which is why undo uses one .".split(
    " ",
  );
const usage = {
  prompt_tokens: 256,
  completion_tokens: words.length,
  total_tokens: 256 + words.length,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};
const common = { id: "chatcmpl-bench0000000000000000000000", created: 1_763_700_000, model };
/** Events sent together in one write; the next write follows in the event loop's next turn. */
const framesPerWrite = 6;

const jsonAnswer = Buffer.from(wholeAnswer());
const streamHead = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
);
const streamWrites = writesOf([...deltaFrames(), "data: [DONE]\n\n"]);
const streamWritesWithUsage = writesOf([...deltaFrames(), usageFrame(), "data: [DONE]\n\n"]);

function wholeAnswer(): string {
  const message = { role: "assistant", content: words.join(" "), refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  const body = JSON.stringify({ ...common, object: "chat.completion", choices, usage });
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function* deltaFrames(): Generator<string> {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  yield chunk({ role: "assistant", content: "" }, null);
  for (const word of words) yield chunk({ content: `${word} ` }, null);
  yield chunk({}, "stop");
}

function usageFrame(): string {
  return `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices: [], usage })}\n\n`;
}

/** The frames as HTTP chunks, several to a write. */
function writesOf(frames: readonly string[]): Buffer[] {
  const chunks = frames.map((frame) => `${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`);
  chunks.push("0\r\n\r\n");
  const writes: Buffer[] = [];
  for (let index = 0; index < chunks.length; index += framesPerWrite) {
    writes.push(Buffer.from(chunks.slice(index, index + framesPerWrite).join("")));
  }
  return writes;
}

const headEnd = Buffer.from("\r\n\r\n");
const chunkedEnd = Buffer.from("0\r\n\r\n");
/** Where in a body the fields that matter are looked for: its first and its last bytes. */
const edgeBytes = 300;

/** Reads requests off one connection, one after the other. */
class Connection {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #inBody = false;
  /** Bytes of the body still to come; -1 for a chunked body. */
  #left = 0;
  #firstBytes = "";

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  take(chunk: Buffer): void {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    while (rest.length > 0) {
      if (!this.#inBody) {
        const end = rest.indexOf(headEnd);
        if (end < 0) {
          this.#pending = rest;
          return;
        }
        this.#readHead(rest.toString("latin1", 0, end));
        rest = rest.subarray(end + 4);
      }
      rest = this.#readBody(rest);
    }
  }

  #readHead(head: string): void {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#left = length === undefined ? (/\r\ntransfer-encoding: *chunked/i.test(head) ? -1 : 0) : Number(length);
    if (/\r\nexpect: *100-continue/i.test(head)) this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    this.#firstBytes = "";
    this.#inBody = true;
    if (this.#left === 0) this.#finish("");
  }

  #readBody(bytes: Buffer): Buffer {
    if (!this.#inBody || bytes.length === 0) return bytes;
    if (this.#firstBytes.length < edgeBytes) this.#firstBytes += bytes.toString("latin1", 0, edgeBytes);
    if (this.#left < 0) {
      if (bytes.subarray(-5).equals(chunkedEnd)) this.#finish(bytes.subarray(-edgeBytes).toString("latin1"));
      return Buffer.alloc(0);
    }
    const taken = Math.min(this.#left, bytes.length);
    this.#left -= taken;
    if (this.#left === 0) this.#finish(bytes.toString("latin1", Math.max(0, taken - edgeBytes), taken));
    return bytes.subarray(taken);
  }

  #finish(lastBytes: string): void {
    this.#inBody = false;
    if (!/"stream" ?: ?true/.test(this.#firstBytes) && !/"stream" ?: ?true/.test(lastBytes)) {
      this.#socket.write(jsonAnswer);
      return;
    }
    const asked = this.#firstBytes.includes("include_usage") || lastBytes.includes("include_usage");
    this.#stream(asked ? streamWritesWithUsage : streamWrites);
  }

  #stream(writes: readonly Buffer[]): void {
    let index = 0;
    const next = () => {
      if (this.#socket.destroyed) return;
      const write = writes[index++];
      if (write === undefined) return;
      if (index === 1) this.#socket.write(streamHead);
      this.#socket.write(write);
      if (index < writes.length) setImmediate(next);
    };
    this.#socket.cork();
    next();
    this.#socket.uncork();
  }
}

const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
const server = createServer({ noDelay: true }, (socket) => {
  const connection = new Connection(socket);
  socket.on("data", (chunk) => connection.take(chunk));
  socket.on("error", () => socket.destroy());
});
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : ""}`);
});
process.once("SIGTERM", () => process.exit(0));
