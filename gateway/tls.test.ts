import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect as connectPlain, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { type ConnectionOptions, connect, type Server, type TLSSocket } from "node:tls";
import type { ListenerCertificate } from "@weir/model";
import { eventually, GatewayFixture, RawClient, rawPost } from "./testing/gateway-fixture.ts";

const read = (name: string) => readFileSync(new URL(`./testing/${name}`, import.meta.url));
const cert = read("localhost.cert.pem");
const json = { "content-type": "application/json" };

/** A certificate whose renewal the test does itself. */
class TestCertificate implements ListenerCertificate {
  readonly options = { cert, key: read("localhost.key.pem"), minVersion: "TLSv1.2" } as const;
  server: Pick<Server, "setSecureContext" | "once"> | undefined;

  keepRenewed(server: Pick<Server, "setSecureContext" | "once">): void {
    this.server = server;
  }
}

let fixture: GatewayFixture;
before(async () => {
  fixture = await GatewayFixture.start({ certificate: new TestCertificate() });
});
after(() => fixture[Symbol.asyncDispose]());

async function secured(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port: fixture.gateway.port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: cert,
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/** What is received until the other side ends. */
async function allOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.on("error", () => {});
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}

test("calls pass over TLS, one after the other on a connection, and pipelined", async () => {
  fixture.mock.on("/v1/a", { headers: json, body: "first", framing: "chunked", cutAt: [1, 3] });
  fixture.mock.on("/v1/b", ({ body }) => ({ headers: json, body }));
  const socket = await secured();
  assert.equal(socket.authorized, true);
  assert.equal(socket.alpnProtocol, false);
  const received = allOf(socket);
  const long = "x".repeat(300_000);
  socket.write(rawPost("/openai/v1/a", "1") + rawPost("/openai/v1/b", long, { connection: "close" }));
  assert.match(await received, new RegExp(`200 OK.*\\r\\n0\\r\\n\\r\\nHTTP/1\\.1 200 OK.*${"x".repeat(100)}$`, "s"));
  const bodies = fixture.mock.requests.map(({ body }) => body.length);
  assert.deepEqual(bodies, [1, long.length]);
});

test("a client that knows its way around asks for HTTP/1.1 by name", async () => {
  const socket = await secured({ ALPNProtocols: ["h2", "http/1.1"] });
  assert.equal(socket.alpnProtocol, "http/1.1");
  socket.destroy();
});

for (const [name, text] of [
  ["a call", rawPost("/openai/v1/chat/completions", '{"model":"gpt-4o"}', { authorization: "Bearer sk-plain" })],
  ["a page", "GET /ui/ HTTP/1.1\r\nhost: w\r\n\r\n"],
  ["a head in pieces", "G"],
] as const) {
  test(`${name} in plain HTTP is told to speak TLS, and goes nowhere`, async () => {
    const before = fixture.mock.requests.length;
    const client = new RawClient(fixture.gateway.port);
    client.send(text);
    if (text === "G") client.send("ET / HTTP/1.1\r\nhost: w\r\n\r\n");
    assert.equal(await client.ended, "end");
    assert.match(client.received, /^HTTP\/1\.1 400 .*connection: close.*"This port speaks TLS: use https/s);
    assert.equal(fixture.mock.requests.length, before);
    assert.ok(fixture.events.some(({ event }) => event.counter === "gateway_tls_handshake_failures"));
  });
}

test("what is neither is refused; a connection that says nothing is nobody's", async () => {
  const client = new RawClient(fixture.gateway.port);
  client.send(Buffer.from([0x16, 3, 1, 0xff, 0xff, ...Buffer.from("no client hello")]));
  client.socket.end();
  await client.ended;
  assert.doesNotMatch(client.received, /HTTP/);
  const silent = new RawClient(fixture.gateway.port);
  silent.socket.end();
  assert.equal(await silent.ended, "end");
});

test("a WebSocket is opened over TLS", async () => {
  fixture.mock.on("/v1/realtime", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello");
    socket.on("data", (bytes) => socket.write(bytes));
    return undefined;
  });
  const socket = await secured();
  socket.write("GET /openai/v1/realtime HTTP/1.1\r\nhost: w\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  let received = "";
  socket.on("data", (part) => {
    received += part;
    if (received.endsWith("hello")) socket.write("echo of this");
    if (received.endsWith("echo of this")) socket.end();
  });
  await once(socket, "close");
  assert.match(received, /^HTTP\/1\.1 101 .*hello\s*echo of this$/s);
});

test("a renewed certificate is shown to the next client, and open connections go on", async () => {
  const certificate = new TestCertificate();
  await using own = await GatewayFixture.start({ certificate });
  own.mock.on("/v1/a", { headers: json, body: "{}" });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cert, servername: "localhost" });
  const ask = async () => {
    const asked = request(`${own.url}/openai/v1/a`, { agent }).end();
    const [answer] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
    for await (const _ of answer);
    return asked.reusedSocket;
  };
  assert.equal(await ask(), false);
  const other = read("other.cert.pem");
  certificate.server?.setSecureContext({ cert: other, key: read("other.key.pem") });
  assert.equal(await ask(), true);
  const next = connect({ port: own.gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(next, "secureConnect");
  assert.equal(next.getPeerCertificate().subject.CN, "other");
  next.destroy();
  agent.destroy();
});

/** The types of the TLS records that a server sent; 21 is an alert, such as the closing one. */
function recordTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at] as number);
  return types;
}

for (const [name, answer, isOrderly] of [
  ["whole", { body: "all of it", framing: "chunked" }, true],
  ["cut", { body: "some of it", framing: "chunked", stopAfter: 4, afterwards: "reset" }, false],
] as const) {
  test(`an answer that only the connection's end ends, and that is ${name}, ends ${isOrderly ? "with" : "without"} the closing alert`, async () => {
    fixture.mock.on("/v1/a", { headers: json, ...answer });
    const sent: Buffer[] = [];
    const between = createServer((client) => {
      const server = connectPlain(fixture.gateway.port, "127.0.0.1");
      server.on("data", (bytes: Buffer) => sent.push(bytes));
      server.on("data", (bytes) => client.write(bytes));
      client.on("data", (bytes) => server.write(bytes));
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const)
        one.on("close", () => other.destroy()).on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(between, "listening");
    // Up to TLS 1.2 a record shows its type.
    const socket = await secured({ port: (between.address() as { port: number }).port, maxVersion: "TLSv1.2" });
    const received = allOf(socket);
    socket.write("GET /openai/v1/a HTTP/1.0\r\n\r\n");
    assert.match(await received, /^HTTP\/1\.1 200/);
    between.close();
    assert.equal(recordTypes(Buffer.concat(sent)).at(-1) === 21, isOrderly);
  });
}

test("a gateway that ends waits for no connection of which nothing is known", async () => {
  const own = await GatewayFixture.start({ certificate: new TestCertificate() });
  const silent = new RawClient(own.gateway.port);
  await once(silent.socket, "connect");
  const idle = connect({ port: own.gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
  idle.on("error", () => {});
  await once(idle, "secureConnect");
  await eventually(() => own.gateway.openConnections.clients === 1);
  await own[Symbol.asyncDispose]();
  await silent.ended;
});
