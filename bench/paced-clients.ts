/**
 * So many clients that each read one paced stream after the other, over connections of their own. Its own process.
 * Prints, as a message to its parent, what was measured: times to the first token, and for each token how long it was
 * on its way and how long after the one before it came.
 *
 *   node bench/paced-clients.ts '{"url":"http://127.0.0.1:9001/v1/chat/completions", …}'
 */
import { connect, type Socket } from "node:net";
import type { PacedOrder, PacedResult } from "./paced-load.ts";
import { quantiles } from "./quantiles.ts";
import { requestsFor } from "./requests.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as PacedOrder;
const target = new URL(order.url);
const requests = requestsFor({
  ...order,
  headers: { "x-bench-pace": `${order.intervalMs},${order.tokens}` },
  connections: order.streams,
  promptBytes: 1024,
  stream: true,
});
const stamp = Buffer.from('"T');
const streamEnd = Buffer.from("0\r\n\r\n");
const quote = 0x22;

const firstTokensMs: number[] = [];
const transitsMs: number[] = [];
const gapsMs: number[] = [];
let errors = 0;
let isMeasuring = false;
let isOver = false;
let nextRequest = 0;

/** A client: sends, reads to the stream's end, sends again. */
class Client {
  #socket: Socket | undefined;
  #sentMs = 0;
  #lastTokenMs = 0;
  #rest: Buffer = Buffer.alloc(0);

  begin(): void {
    if (isOver) {
      this.#socket?.destroy();
      return;
    }
    this.#socket ??= this.#open();
    this.#lastTokenMs = 0;
    this.#sentMs = nowMs();
    this.#socket.write(requests[nextRequest++ % requests.length] as Buffer);
  }

  #open(): Socket {
    const socket = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#socket = undefined;
      if (isOver) return;
      errors += 1;
      setTimeout(() => this.begin(), 100);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    const readMs = nowMs();
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let found = bytes.indexOf(stamp, at); found !== -1; found = bytes.indexOf(stamp, at)) {
      const end = bytes.indexOf(quote, found + stamp.length);
      if (end === -1) break;
      this.#onToken(readMs, Number(bytes.toString("latin1", found + stamp.length, end)) / 1e6);
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(Math.max(at, bytes.length - 64)));
    if (!bytes.subarray(-streamEnd.length).equals(streamEnd)) return;
    this.#rest = Buffer.alloc(0);
    this.begin();
  }

  #onToken(readMs: number, writtenMs: number): void {
    if (isMeasuring) {
      transitsMs.push(readMs - writtenMs);
      if (this.#lastTokenMs === 0) firstTokensMs.push(readMs - this.#sentMs);
      else gapsMs.push(readMs - this.#lastTokenMs);
    }
    this.#lastTokenMs = readMs;
  }
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

// Streams begin spread over one stream's length, so that at any time some begin and some end.
const lengthMs = order.intervalMs * order.tokens;
for (let index = 0; index < order.streams; index += 1) {
  setTimeout(() => new Client().begin(), (index * lengthMs) / order.streams);
}
await new Promise((resolve) => setTimeout(resolve, lengthMs + 1000));
isMeasuring = true;
const cpuBefore = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, order.durationMs));
isMeasuring = false;
isOver = true;
const cpu = process.cpuUsage(cpuBefore);
const result: PacedResult = {
  errors,
  tokens: transitsMs.length,
  streams: firstTokensMs.length,
  firstTokenMs: quantiles(firstTokensMs),
  transitMs: quantiles(transitsMs),
  gapMs: quantiles(gapsMs),
  clientCpuShare: (cpu.user + cpu.system) / 1000 / order.durationMs,
};
process.send?.(result, () => process.exit(0));
