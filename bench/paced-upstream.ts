/**
 * An upstream that streams OpenAI chat completions at a fixed pace: the first token at once, then one every so many
 * milliseconds. Each token is the time when it was written, on the clock of `process.hrtime`, which all processes of a
 * machine share: frames differ in their content alone, as real ones do. The pace comes with the request: `x-bench-pace: <interval ms>,<tokens>`.
 *
 *   node bench/paced-upstream.ts --port 9001
 */
import { createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

const head =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";
const common = '"id":"chatcmpl-paced","object":"chat.completion.chunk","created":1763700000,"model":"gpt-4o-mini"';
const last = chunkOf(
  `data: {${common},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: {${common},"choices":[],"usage":{"prompt_tokens":256,"completion_tokens":25,"total_tokens":281}}\n\ndata: [DONE]\n\n`,
);

function chunkOf(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function tokenChunk(): string {
  const writtenNs = process.hrtime.bigint();
  return chunkOf(
    `data: {${common},"choices":[{"index":0,"delta":{"content":"T${writtenNs}"},"finish_reason":null}],"system_fingerprint":"fp_560af6e559"}\n\n`,
  );
}

/** One stream, on schedule: a token that was late does not make the following ones late. */
function stream(socket: Socket, intervalMs: number, tokens: number): void {
  const startMs = performance.now();
  let sent = 1;
  socket.write(head + tokenChunk());
  const next = () => {
    if (socket.destroyed) return;
    if (sent === tokens) {
      socket.write(`${last}0\r\n\r\n`);
      return;
    }
    sent += 1;
    socket.write(tokenChunk());
    setTimeout(next, Math.max(0, startMs + sent * intervalMs - performance.now()));
  };
  setTimeout(next, intervalMs);
}

function serve(socket: Socket): void {
  let pending = "";
  socket.on("data", (bytes) => {
    pending += bytes.toString("latin1");
    const end = pending.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = Number(/content-length: *(\d+)/i.exec(pending)?.[1] ?? 0);
    if (pending.length < end + 4 + length) return;
    const pace = /x-bench-pace: *([\d.]+),(\d+)/i.exec(pending);
    pending = pending.slice(end + 4 + length);
    if (pace === null) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    else stream(socket, Number(pace[1]), Number(pace[2]));
  });
  socket.on("error", () => socket.destroy());
}

const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
createServer({ noDelay: true }, serve).listen(Number(values.port), "127.0.0.1", 4096);
process.once("SIGTERM", () => process.exit(0));
