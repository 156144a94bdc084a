import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { eventually, GatewayFixture, RawClient, rawPost } from "./testing/gateway-fixture.ts";
import { headerOf } from "./testing/mock-upstream.ts";

const chatPath = "/v1/chat/completions";
const chatBody = '{"model":"gpt-4o","messages":[]}';
const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream" };
const answer = '{"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}';

function errorOf(received: string): { code: string; message: string } {
  return (JSON.parse(received.slice(received.indexOf("\r\n\r\n") + 4)) as { error: { code: string; message: string } })
    .error;
}

// What clients send.

for (const [name, bytes, status] of [
  ["a bare line feed", "GET /openai/v1/models HTTP/1.1\nhost: w\n\n", 400],
  ["a folded header", "GET /openai/v1/models HTTP/1.1\r\nhost: w\r\nx-a: b\r\n c\r\n\r\n", 400],
  ["a zero byte", "GET /openai/v1/models HTTP/1.1\r\nhost: w\r\nx-a: b\0\r\n\r\n", 400],
  [
    "the same length twice",
    `POST ${chatPath} HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}`,
    400,
  ],
  ["too long a path", `GET /openai/${"a".repeat(20_000)} HTTP/1.1\r\nhost: w\r\n\r\n`, 414],
  ["a path without end", `GET /openai/${"a".repeat(80_000)}`, 414],
  ["too large headers", `GET /openai HTTP/1.1\r\nhost: w\r\nx-a: ${"a".repeat(80_000)}\r\n\r\n`, 431],
  ["too many headers", `GET /openai HTTP/1.1\r\nhost: w\r\n${"x: y\r\n".repeat(600)}\r\n`, 431],
  ["a tunnel", "CONNECT api.openai.com:443 HTTP/1.1\r\nhost: w\r\n\r\n", 501],
  ["another version", "GET / HTTP/3.0\r\nhost: w\r\n\r\n", 505],
] as const) {
  test(`${name} is refused with ${status}, in words, and ends the connection`, async () => {
    await using fixture = await GatewayFixture.start();
    const client = new RawClient(fixture.gateway.port);
    client.send(Buffer.from(bytes, "latin1"));
    assert.equal(await client.ended, "end");
    assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(errorOf(client.received).code, "BAD_REQUEST");
    assert.equal(fixture.mock.requests.length, 0);
  });
}

test("a broken chunk in an upload is refused, and the provider is left without its end", async () => {
  await using fixture = await GatewayFixture.start();
  const client = new RawClient(fixture.gateway.port);
  client.send("POST /openai/v1/files HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await eventually(() => fixture.gateway.openConnections.providers === 1);
  client.send("zz\r\n");
  await client.ended;
  assert.match(client.received, /^HTTP\/1\.1 400 /);
  const [row] = await fixture.rows(1);
  assert.equal(row?.status, "cancelled");
  assert.equal(fixture.mock.requests.length, 0);
});

test("pipelined requests are answered in their order", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/a", { headers: json, body: "first", delayMs: 60 });
  fixture.mock.on("/v1/b", { headers: json, body: "second" });
  const client = new RawClient(fixture.gateway.port);
  client.send(
    `${rawPost("/openai/v1/a", "1")}${rawPost("/openai/v1/b", "2")}GET /nothing HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n`,
  );
  assert.equal(await client.ended, "end");
  assert.match(client.received, /200 OK.*first.*200 OK.*second.*404 Not Found/s);
  assert.deepEqual(
    fixture.mock.requests.map(({ body }) => body.toString()),
    ["1", "2"],
  );
});

test("an HTTP/1.0 client that asks for it keeps its connection", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/models", { headers: json, body: "[]" });
  const client = new RawClient(fixture.gateway.port);
  const ask = "GET /openai/v1/models HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
  client.send(ask);
  await client.waitFor("[]");
  client.send(ask);
  await eventually(() => client.received.split("[]").length === 3);
  client.send("GET /openai/v1/models HTTP/1.0\r\n\r\n");
  assert.equal(await client.ended, "end");
});

test("an upload of single bytes arrives whole", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: answer });
  const client = new RawClient(fixture.gateway.port);
  for (const byte of Buffer.from(rawPost(chatPath, chatBody, { connection: "close" }))) {
    client.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.ended;
  assert.equal(fixture.mock.requests[0]?.body.toString(), chatBody);
  assert.ok(client.received.endsWith(answer));
});

test("an upload that stalls is refused with 408, and leaves nothing upstream", async () => {
  await using fixture = await GatewayFixture.start({ config: { timeouts: { idleMs: 200 } } });
  const held = new RawClient(fixture.gateway.port);
  held.send(`POST /openai${chatPath} HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\n{"model":`);
  const streaming = new RawClient(fixture.gateway.port);
  streaming.send("POST /openai/v1/files HTTP/1.1\r\nhost: w\r\ncontent-length: 9999999\r\n\r\nabc");
  await Promise.all([held.ended, streaming.ended]);
  for (const client of [held, streaming]) assert.match(client.received, /^HTTP\/1\.1 408 Request Timeout/);
  const rows = await fixture.rows(2);
  assert.deepEqual(
    rows.map(({ status }) => status),
    ["cancelled", "cancelled"],
  );
  await eventually(() => fixture.mock.openConnections === 0);
});

test("a client that takes nothing for too long is given up", async () => {
  await using fixture = await GatewayFixture.start({ config: { timeouts: { idleMs: 250 } } });
  fixture.mock.on(chatPath, { headers: events, framing: "chunked", body: Buffer.alloc(64 << 20, 0x78) });
  const client = new RawClient(fixture.gateway.port);
  client.socket.pause();
  client.send(rawPost(chatPath, chatBody));
  const [row] = await fixture.rows(1);
  assert.equal(row?.status, "cancelled");
  await eventually(() => fixture.gateway.openConnections.providers === 0);
  client.socket.destroy();
});

test("a client that leaves after its whole upload is noticed, also when the provider has not taken it", async () => {
  const deaf = createServer((socket) => void socket.pause().on("error", () => {}));
  deaf.listen(0, "127.0.0.1");
  await once(deaf, "listening");
  const { port } = deaf.address() as { port: number };
  await using fixture = await GatewayFixture.start({
    config: { providers: { deaf: { baseUrl: `http://127.0.0.1:${port}` } } },
  });
  const client = new RawClient(fixture.gateway.port);
  const upload = Buffer.alloc(1 << 20);
  client.send(`POST /deaf/v1/files HTTP/1.1\r\nhost: w\r\ncontent-length: ${upload.length}\r\n\r\n`);
  client.send(upload);
  await sleep(200);
  client.socket.destroy();
  const [row] = await fixture.rows(1);
  assert.equal(row?.status, "cancelled");
  await eventually(() => fixture.gateway.openConnections.providers === 0);
  deaf.close();
});

test("the rest of an upload that was answered early is thrown away, and the connection goes on", async () => {
  const early = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"));
  });
  early.listen(0, "127.0.0.1");
  await once(early, "listening");
  const { port } = early.address() as { port: number };
  await using behind = await GatewayFixture.start({
    config: { providers: { early: { baseUrl: `http://127.0.0.1:${port}` } } },
  });
  const client = new RawClient(behind.gateway.port);
  client.send("POST /early/v1/files HTTP/1.1\r\nhost: w\r\ncontent-length: 1000000\r\n\r\n");
  client.send(Buffer.alloc(500_000));
  await client.waitFor("big");
  client.send(Buffer.alloc(500_000));
  client.send("GET /nothing HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n");
  await client.ended;
  assert.match(client.received, /413 Too Large.*404 Not Found/s);
  early.close();
});

// What providers send.

for (const [name, head] of [
  ["both length and chunks", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"],
  ["a coding that nobody asked for", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
  ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["an endless head", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(200_000)}`],
  [
    "a switch of protocols that nobody asked for",
    "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
  ],
] as const) {
  test(`an answer with ${name} does not get through`, async () => {
    await using fixture = await GatewayFixture.start();
    fixture.mock.on(chatPath, (_request, socket) => void socket.write(head));
    const response = await fixture.post(chatPath, { model: "m" });
    assert.equal(response.status, 502);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, "UPSTREAM_CUT");
    const [row] = await fixture.rows(1);
    assert.deepEqual([row?.status, row?.error_type], ["error", "upstream_cut"]);
    await eventually(() => fixture.mock.openConnections === 0);
  });
}

test("a broken chunk in an answer breaks the client's connection after what came before", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, (_request, socket) => {
    socket.write(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n7\r\ndata: x\r\nnonsense\r\n",
    );
    return undefined;
  });
  const client = new RawClient(fixture.gateway.port);
  client.send(rawPost(chatPath, chatBody));
  await client.ended;
  assert.ok(client.received.endsWith("7\r\ndata: x\r\n"), client.received);
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type], ["cut", "upstream_cut"]);
});

test("bytes after an answer's told end are not taken for the next answer's", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, (_request, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison`);
    return undefined;
  });
  for (const connection of [1, 2, 3]) {
    assert.equal(await (await fixture.post(chatPath, { model: "m" })).text(), "{}");
    assert.equal(fixture.mock.requests.at(-1)?.connection, connection);
  }
});

test("a connection is kept for as long as the provider promises, and no longer", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("short", { headers: { ...json, "keep-alive": "timeout=1" }, body: "{}" });
  fixture.mock.on("long", { headers: { ...json, "keep-alive": "timeout=60" }, body: "{}" });
  const connections: (number | undefined)[] = [];
  for (const script of ["short", "short", "long", "long", "long"]) {
    await (await fixture.post(chatPath, {}, { headers: { "x-mock": script } })).text();
    connections.push(fixture.mock.requests.at(-1)?.connection);
  }
  assert.deepEqual(connections, [1, 2, 3, 3, 3]);
});

test("chunks, their extensions and trailers reach the client as the provider framed them", async () => {
  await using fixture = await GatewayFixture.start();
  const framed = "5;a=b\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nx-sum: 1\r\n\r\n";
  fixture.mock.on(chatPath, (_request, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n${framed}`);
    return undefined;
  });
  const client = new RawClient(fixture.gateway.port);
  client.send(rawPost(chatPath, chatBody, { connection: "close" }));
  await client.ended;
  assert.ok(client.received.endsWith(`\r\n\r\n${framed}`), client.received);
  const old = new RawClient(fixture.gateway.port);
  old.send(rawPost(chatPath, chatBody).replace("HTTP/1.1", "HTTP/1.0"));
  await old.ended;
  assert.ok(old.received.endsWith("\r\n\r\nhello world"), old.received);
  assert.doesNotMatch(old.received, /transfer-encoding/i);
});

// Case 18: realtime.

test("an upgrade to WebSocket is passed on, and then every byte both ways", async () => {
  await using fixture = await GatewayFixture.start();
  let upstream: Socket | undefined;
  fixture.mock.on("/v1/realtime", (_request, socket) => {
    upstream = socket;
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: abc=\r\n\r\nhello",
    );
    return undefined;
  });
  const client = new RawClient(fixture.gateway.port);
  client.send(
    "GET /openai/v1/realtime?model=gpt-realtime HTTP/1.1\r\nhost: w\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: realtime\r\nauthorization: Bearer sk-x\r\n\r\n",
  );
  await client.waitFor("hello");
  assert.match(client.received, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(client.received, /\r\nsec-websocket-accept: abc=\r\n/i);
  assert.match(client.received, /\r\nconnection: upgrade\r\n/i);
  const { headers = [], path } = fixture.mock.requests[0] ?? {};
  assert.equal(path, "/v1/realtime?model=gpt-realtime");
  assert.equal(headerOf(headers, "upgrade"), "websocket");
  assert.equal(headerOf(headers, "connection"), "upgrade");
  assert.equal(headerOf(headers, "sec-websocket-protocol"), "realtime");
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const seen: Buffer[] = [];
  // The mock goes on reading requests from the same socket; it ignores what is none.
  upstream?.on("data", (chunk: Buffer) => seen.push(chunk));
  client.send(bytes);
  await eventually(() => Buffer.concat(seen).equals(bytes));
  upstream?.write(bytes);
  await eventually(() => client.received.endsWith(bytes.toString("latin1")));
  assert.equal(fixture.gateway.activeCalls, 1);
  client.socket.end();
  await fixture.mock.requests[0]?.connectionClosed;
  const [row] = await fixture.rows(1);
  assert.deepEqual(
    [row?.status, row?.http_status, row?.request_bytes, row?.response_bytes, row?.http_route],
    ["ok", 101, 256, 261, "GET /v1/realtime"],
  );
});

test("a provider that refuses the upgrade is heard", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/realtime", { status: 401, headers: json, body: '{"error":{"message":"no key"}}' });
  const client = new RawClient(fixture.gateway.port);
  client.send("GET /openai/v1/realtime HTTP/1.1\r\nhost: w\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  await client.waitFor("no key");
  assert.match(client.received, /^HTTP\/1\.1 401 /);
  client.socket.destroy();
});

// TLS.

test("a provider is spoken to over TLS, by its name; one that nobody vouches for is not", async () => {
  const read = (name: string) => readFileSync(new URL(`./testing/${name}`, import.meta.url));
  const seen: (string | false | null)[] = [];
  const server = createTlsServer({
    key: read("localhost.key.pem"),
    cert: read("localhost.cert.pem"),
    ALPNProtocols: ["h2", "http/1.1"],
  });
  server.on("secureConnection", (socket) => {
    seen.push(socket.alpnProtocol);
    socket.on("error", () => {});
    socket.on("data", () =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`),
    );
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const trusted = getCACertificates("default");
  {
    await using fixture = await GatewayFixture.start({
      config: { providers: { secure: { baseUrl: `https://localhost:${port}` } } },
    });
    const refused = await fixture.post("/secure/v1/x", {});
    assert.equal(((await refused.json()) as { error: { code: string } }).error.code, "UPSTREAM_UNREACHABLE");
    setDefaultCACertificates([...trusted, read("localhost.cert.pem").toString()]);
    for (let count = 0; count < 2; count += 1)
      assert.equal(await (await fixture.post("/secure/v1/x", {})).text(), "{}");
  }
  setDefaultCACertificates(trusted);
  assert.deepEqual(seen, ["http/1.1"]);
  server.close();
});

// What stays behind.

function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

for (const [name, isClientLeaving] of [
  ["1,000 streams whose clients leave midway", true],
  ["1,000 streams whose provider fails midway", false],
] as const) {
  test(`${name} leave no socket, timer or buffer`, async () => {
    await using fixture = await GatewayFixture.start();
    const event = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n`;
    const begun: Socket[] = [];
    fixture.mock.on(chatPath, (_request, socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${event.length.toString(16)}\r\n${event}\r\n`,
      );
      begun.push(socket);
      return undefined;
    });
    const timersBefore = timerCount();
    const begin = async () => {
      const client = new RawClient(fixture.gateway.port);
      client.send(rawPost(chatPath, '{"model":"m","stream":true}'));
      await client.waitFor("data:");
      return client;
    };
    for (let round = 0; round < 20; round += 1) {
      const clients = await Promise.all(Array.from({ length: 50 }, begin));
      if (isClientLeaving) for (const { socket } of clients) socket.destroy();
      // Not before: what a reset finds unread is lost.
      else for (const socket of begun.splice(0)) socket.resetAndDestroy();
      await Promise.all(clients.map(({ ended }) => ended));
    }
    const rows = await fixture.rows(1000);
    assert.equal(rows.filter(({ status }) => status === (isClientLeaving ? "cancelled" : "cut")).length, 1000);
    await eventually(() => fixture.mock.openConnections === 0);
    const { gateway } = fixture;
    await eventually(() => gateway.openConnections.clients === 0 && gateway.openConnections.providers === 0);
    assert.deepEqual([gateway.activeCalls, gateway.capturedBytes], [0, 0]);
    assert.ok(timerCount() <= timersBefore + 3, `${timerCount()} timers, ${timersBefore} before`);
  });
}
