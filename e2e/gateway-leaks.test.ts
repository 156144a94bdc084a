import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { figuresOf, openSockets } from "./process-table.ts";
import { Weir } from "./weir-process.ts";

/**
 * Streams that end midway leave nothing behind in a real gateway process: no socket with the kernel, no call, no
 * connection, no byte of a body. `WEIR_E2E_STREAMS=1000` for the full size.
 */

const streams = Number(process.env["WEIR_E2E_STREAMS"] ?? 300);
const event = `data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n`;
const beginning = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${event.length.toString(16)}\r\n${event}\r\n`;
const body = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}';
const request = `POST /openai/v1/chat/completions HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** A provider that begins each answer with one event and goes no further. */
const begun = new Set<Socket>();
let provider: Server;
let weir: Weir;
before(async () => {
  provider = createServer((socket) => {
    begun.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => begun.delete(socket));
    socket.on("data", () => socket.write(beginning));
  });
  provider.listen(0, "127.0.0.1", 4096);
  await once(provider, "listening");
  const { port } = provider.address() as AddressInfo;
  weir = await Weir.start({ upstream: `http://127.0.0.1:${port}` });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  provider?.close();
});

async function beginStream(): Promise<Socket> {
  const socket = connect({ port: Number(new URL(weir.url).port), host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(request);
  let received = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += String(chunk);
    if (received.includes("Hello")) break;
  }
  assert.ok(received.includes("Hello"), received);
  socket.resume();
  return socket;
}

/** A value of `/metrics`: the sum over the lines of the name that have the label. */
async function metric(name: string, label = ""): Promise<number> {
  const lines = (await (await weir.fetch("/metrics")).text()).split("\n");
  const values = lines
    .filter((line) => new RegExp(`^${name}[{ ]`).test(line) && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(" "))));
  assert.ok(values.length > 0, `${name} ${label} is on /metrics`);
  return values.reduce((sum, value) => sum + value, 0);
}

async function recordedCalls(status: string): Promise<number> {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const { total } = await weir.json<{ total: { calls: number } }>(
    `/api/v1/metrics/summary?from=${from}&to=${new Date(Date.now() + 60_000).toISOString()}&status=${status}`,
  );
  return total.calls;
}

for (const [name, breakOff, status] of [
  [
    "clients that leave midway",
    (clients: readonly Socket[]) => clients.forEach((socket) => void socket.destroy()),
    "cancelled",
  ],
  ["a provider that fails midway", () => begun.forEach((socket) => void socket.resetAndDestroy()), "cut"],
] as const) {
  test(`${streams} streams with ${name} leave nothing behind`, async (context) => {
    const [gateway = 0] = weir.pidsOf("gateway");
    // The first of everything stays: connections to Weir's own processes, the code that is loaded.
    for (const socket of await Promise.all([beginStream(), beginStream()])) socket.destroy();
    await weir.until("idle", 60_000, async () => {
      return begun.size === 0 && (await metric("weir_gateway_open_connections", "providers")) === 0;
    });
    const socketsBefore = openSockets(gateway);
    const residentBefore = figuresOf([gateway]).residentBytes;
    const clients = await Promise.all(Array.from({ length: streams }, beginStream));
    assert.equal(begun.size, streams);
    assert.ok(openSockets(gateway) >= 2 * streams, "both sides of each stream are open");
    const ended = clients.map((socket) => (socket.closed ? undefined : once(socket, "close")));
    breakOff(clients);
    await Promise.all(ended);
    await weir.until("let go by the gateway", 60_000, () => begun.size === 0);
    await weir.until("without connections", 60_000, async () => {
      const open = await metric("weir_gateway_open_connections", "providers");
      return open === 0 && (await metric("weir_gateway_captured_bytes")) === 0;
    });
    // Our own requests to /metrics and the API use a few.
    await weir.until("without sockets", 60_000, () => openSockets(gateway) <= socketsBefore + 4);
    await weir.until("recorded", 60_000, async () => (await recordedCalls(status)) >= streams, 500);
    const grown = (figuresOf([gateway]).residentBytes - residentBefore) / 2 ** 20;
    context.diagnostic(`resident memory of the gateway: ${grown.toFixed(1)} MB more than before`);
  });
}
