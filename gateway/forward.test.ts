import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError } from "@weir/model";
import { eventually, GatewayFixture, RawClient, rawPost } from "./testing/gateway-fixture.ts";
import { encoders, headerOf, type MockAnswer } from "./testing/mock-upstream.ts";

const chatPath = "/v1/chat/completions";
const chatBody = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}';
const streamBody = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}';
const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream; charset=utf-8" };

const chatAnswer = JSON.stringify({
  id: "chatcmpl-1",
  model: "gpt-4o-2024-08-06",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello é漢😀" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});

function chunk(delta: unknown, rest: Record<string, unknown> = {}): string {
  const choice = { index: 0, delta, finish_reason: null, ...rest };
  return `data: ${JSON.stringify({ id: "chatcmpl-1", model: "gpt-4o-2024-08-06", choices: [choice] })}\n\n`;
}

const usageFrame = `data: ${JSON.stringify({ id: "chatcmpl-1", choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } })}\n\n`;
const chatStream = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "Hello" }),
  chunk({ content: " é漢😀" }),
  chunk({ content: ' \\ "quoted"\n' }),
  chunk({}, { finish_reason: "stop" }),
  usageFrame,
  "data: [DONE]\n\n",
].join("");
const chatStreamText = 'Hello é漢😀 \\ "quoted"\n';

function messagesEvent(event: Record<string, unknown>): string {
  return `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`;
}

const messageStart = messagesEvent({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [],
    usage: { input_tokens: 4, cache_read_input_tokens: 1000, cache_creation_input_tokens: 100, output_tokens: 1 },
  },
});

function streamed(body: string, more: Partial<MockAnswer> = {}): MockAnswer {
  return { headers: events, body, framing: "chunked", ...more };
}

function contentOf(output: string | Uint8Array): unknown {
  return (JSON.parse(String(output)) as { choices: { message: { content: unknown } }[] }).choices[0]?.message.content;
}

// Case 1: the client leaves.

for (const [name, answer] of [
  ["in the middle of a stream", streamed(chatStream, { cutAt: [400], stopAfter: 500, afterwards: "stall" })],
  ["before the first token", streamed(chatStream, { bodyDelayMs: 60_000 })],
  ["before the head, stream or not", { delayMs: 60_000 }],
] as const) {
  test(`a client that leaves ${name} ends the call upstream, as cancelled`, async () => {
    await using fixture = await GatewayFixture.start();
    fixture.mock.on(chatPath, answer);
    const client = new RawClient(fixture.gateway.port);
    client.send(rawPost(chatPath, streamBody));
    await eventually(() => fixture.mock.requests.length === 1);
    if (name === "in the middle of a stream") await client.waitFor("Hello");
    client.socket.destroy();
    await fixture.mock.requests[0]?.connectionClosed;
    const [row] = await fixture.rows(1);
    assert.equal(row?.status, "cancelled");
    assert.equal(row?.error_type, "");
    assert.equal(row?.request_model, "gpt-4o");
    assert.equal(fixture.gateway.activeCalls, 0);
  });
}

test("a cancelled Anthropic stream keeps the usage that was known", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/messages", streamed(messageStart, { afterwards: "stall", stopAfter: messageStart.length }));
  const client = new RawClient(fixture.gateway.port);
  client.send(rawPost("/anthropic/v1/messages", '{"model":"claude-sonnet-4-5","stream":true}'));
  await client.waitFor("message_start");
  client.socket.destroy();
  const [row] = await fixture.rows(1);
  assert.equal(row?.status, "cancelled");
  assert.equal(row?.input_tokens, 1104);
  assert.equal(row?.cache_read_tokens, 1000);
  assert.equal(row?.output_tokens, 1);
});

// Case 2: usage that the client did not ask for.

test("a stream is asked for its usage, and the frame is kept from a client that did not ask", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, streamed(chatStream, { cutAt: [30, 600, 601, 900] }));
  for (const [asked, sees] of [
    ['"stream":true', false],
    ['"stream":true,"stream_options":{"include_usage":false}', false],
    ['"stream":true,"stream_options":{"include_usage":true}', true],
  ] as const) {
    const response = await fetch(fixture.url + chatPath, {
      method: "POST",
      headers: json,
      body: `{"model":"gpt-4o",${asked}}`,
    });
    assert.equal(await response.text(), sees ? chatStream : chatStream.replace(usageFrame, ""));
    assert.ok(fixture.mock.requests.at(-1)?.body.includes('"include_usage":true'));
  }
  const rows = await fixture.rows(3);
  for (const row of rows) {
    assert.equal(row.output_tokens, 5);
    assert.equal(contentOf(row.output), chatStreamText);
  }
  assert.equal(rows[0]?.input, '{"model":"gpt-4o","stream":true}');
});

test("usage on a frame with a choice is read and left alone", async () => {
  await using fixture = await GatewayFixture.start();
  const riding = `data: {"id":"c","model":"m","choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n`;
  const body = `${chunk({ content: "x" }) + chunk({}, { finish_reason: "stop" }) + riding}data: [DONE]\n\n`;
  fixture.mock.on(chatPath, streamed(body));
  const response = await fixture.post(chatPath, { model: "m", stream: true });
  assert.equal(await response.text(), body);
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.input_tokens, row?.output_tokens], [3, 4]);
});

test("a vendor that gives usage anyway is not asked", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, streamed(chatStream));
  await (await fixture.post(`/mistral${chatPath}`, { stream: true })).text();
  assert.equal(fixture.mock.requests[0]?.body.toString(), '{"stream":true}');
});

test("a JSON request over the hold limit streams up unpatched", async () => {
  await using fixture = await GatewayFixture.start({ config: { capture: { holdLimitBytes: 10_000 } } });
  fixture.mock.on(chatPath, streamed(chatStream));
  const body = { model: "m", messages: "x".repeat(50_000), stream: true };
  assert.equal(await (await fixture.post(chatPath, body)).text(), chatStream);
  assert.equal(fixture.mock.requests[0]?.body.toString(), JSON.stringify(body));
  const [row] = await fixture.rows(1);
  assert.equal(row?.request_model, "m");
  assert.equal(row?.input, JSON.stringify(body));
});

// Case 3: framing.

for (const [name, change] of [
  ["CRLF", (text: string) => text.replaceAll("\n", "\r\n")],
  ["lone CR", (text: string) => text.replaceAll("\n", "\r")],
  ["no space after data:", (text: string) => text.replaceAll("data: ", "data:")],
  ["comments between", (text: string) => text.replaceAll("\n\n", "\n\n: ping\n\n")],
] as const) {
  test(`${name}, one byte a packet, UTF-8 and line ends torn: the bytes pass and the text is read`, async () => {
    await using fixture = await GatewayFixture.start();
    const body = Buffer.from(change(chatStream));
    fixture.mock.on(chatPath, streamed(body as unknown as string, { cutAt: Array.from(body, (_, index) => index) }));
    const response = await fixture.post(chatPath, JSON.parse(streamBody));
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
    const [row] = await fixture.rows(1);
    assert.equal(contentOf(row?.output ?? ""), chatStreamText);
    assert.equal(row?.chunk_count, 3);
  });
}

// Case 4: compression.

for (const encoding of Object.keys(encoders) as (keyof typeof encoders)[]) {
  for (const [name, answer, path] of [
    ["JSON", { headers: json, body: chatAnswer }, chatPath],
    ["a stream", streamed(chatStream), chatPath],
    ["an error", { status: 429, headers: json, body: '{"error":{"message":"slow é","type":"rate"}}' }, chatPath],
  ] as const) {
    test(`${name} in ${encoding} passes as it is, and a copy is read`, async () => {
      await using fixture = await GatewayFixture.start();
      fixture.mock.on(path, { ...answer, encoding, cutAt: [7, 8, 30] });
      const client = new RawClient(fixture.gateway.port);
      client.send(rawPost(path, streamBody, { "accept-encoding": "zstd, br;q=0.1", connection: "close" }));
      await client.ended;
      const body = encoders[encoding](Buffer.from(String(answer.body)));
      const received = Buffer.from(client.received, "latin1");
      const expected = name === "a stream" ? body.subarray(0, 7) : body;
      assert.ok(received.includes(expected), "the encoded bytes");
      assert.match(client.received, new RegExp(`content-encoding: ${encoding.replace("raw ", "")}`));
      assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "accept-encoding"), "zstd, br;q=0.1");
      const [row] = await fixture.rows(1);
      assert.equal(row?.content_state, "full");
      if (name === "an error") assert.equal(row?.error_message, "slow é");
      else assert.equal(contentOf(row?.output ?? ""), name === "JSON" ? "Hello é漢😀" : chatStreamText);
      if (name !== "an error") assert.equal(row?.output_tokens, 5);
    });
  }

  test(`a request in ${encoding} goes on as it is, and a copy is read`, async () => {
    await using fixture = await GatewayFixture.start();
    fixture.mock.on("/v1/responses", {
      headers: json,
      body: '{"model":"gpt-5","usage":{"input_tokens":1,"output_tokens":2}}',
    });
    const body = encoders[encoding](Buffer.from('{"model":"gpt-5","input":"hi","user":"ann"}'));
    await fetch(`${fixture.url}/v1/responses`, {
      method: "POST",
      headers: { ...json, "content-encoding": encoding.replace("raw ", "") },
      body: new Uint8Array(body),
    });
    assert.ok(fixture.mock.requests[0]?.body.equals(body));
    const [row] = await fixture.rows(1);
    assert.equal(row?.request_model, "gpt-5");
    assert.equal(row?.user_id, "ann");
    assert.equal(row?.input, '{"model":"gpt-5","input":"hi","user":"ann"}');
  });
}

test("a compressed bomb passes to the client and is not unpacked for the record", async () => {
  await using fixture = await GatewayFixture.start({ config: { capture: { bodyLimitBytes: 100_000 } } });
  const bomb = { headers: json, body: Buffer.alloc(8 << 20, 0x20), encoding: "gzip" } as const;
  fixture.mock.on(chatPath, bomb);
  fixture.mock.on("/v1/completions", { ...bomb, headers: events, framing: "chunked" });
  for (const path of [chatPath, "/v1/completions"]) {
    const response = await fixture.post(path, { model: "m" });
    assert.equal((await response.arrayBuffer()).byteLength, 8 << 20);
  }
  for (const row of await fixture.rows(2)) assert.equal(row.output, path0(row.output));
  assert.equal(fixture.gateway.capturedBytes, 0);

  /** What little was read before the limit is an empty answer. */
  function path0(output: string | Uint8Array): string {
    return String(output).length < 200 ? String(output) : "too much was kept";
  }
});

// Case 5.

test("Expect: 100-continue is answered and not sent on", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer });
  const client = new RawClient(fixture.gateway.port);
  client.send(
    `POST ${chatPath} HTTP/1.1\r\nhost: w\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${chatBody.length}\r\n\r\n`,
  );
  await client.waitFor("HTTP/1.1 100 Continue\r\n\r\n");
  client.send(chatBody);
  await client.ended;
  assert.match(client.received, /HTTP\/1\.1 200 OK/);
  assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "expect"), undefined);
  assert.equal(fixture.mock.requests[0]?.body.toString(), chatBody);
});

// Case 6: uploads.

for (const framing of ["content-length", "chunked"] as const) {
  test(`a large multipart upload (${framing}) arrives byte for byte and is not held`, async () => {
    await using fixture = await GatewayFixture.start();
    fixture.mock.on("/v1/files", { headers: json, body: '{"id":"file-1"}' });
    const upload = Buffer.concat([
      Buffer.from("--b\r\ncontent-disposition: form-data; name=file\r\n\r\n\0\xff--b-not\r\n--", "latin1"),
      randomBytes(8 << 20),
      Buffer.from("\r\n--b--\r\n"),
    ]);
    const client = new RawClient(fixture.gateway.port);
    const head = `POST /openai/v1/files HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=b\r\n`;
    if (framing === "content-length") {
      client.send(`${head}content-length: ${upload.length}\r\n\r\n`);
      client.send(upload);
    } else {
      client.send(`${head}transfer-encoding: chunked\r\n\r\n`);
      for (let at = 0; at < upload.length; at += 1_000_003) {
        const part = upload.subarray(at, at + 1_000_003);
        client.send(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]));
      }
      client.send("0\r\n\r\n");
    }
    await client.ended;
    const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    assert.equal(sha(fixture.mock.requests[0]?.body ?? Buffer.alloc(0)), sha(upload));
    const [row] = await fixture.rows(1);
    assert.equal(row?.request_bytes, upload.length);
    assert.equal(row?.kind, "http");
    assert.equal(row?.http_route, "POST /v1/files");
    assert.equal(row?.input, "");
    assert.equal(row?.content_state, "dropped");
  });
}

test("an answer that comes before the upload's end is passed on", async () => {
  const early = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () =>
      socket.end("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig"),
    );
  });
  await new Promise<void>((resolve) => early.listen(0, "127.0.0.1", resolve));
  const { port } = early.address() as { port: number };
  await using behind = await GatewayFixture.start({
    config: { providers: { early: { baseUrl: `http://127.0.0.1:${port}` } } },
  });
  const client = new RawClient(behind.gateway.port);
  client.send("POST /early/v1/files HTTP/1.1\r\nhost: w\r\ncontent-length: 50000000\r\n\r\n");
  client.send(Buffer.alloc(1 << 20));
  await client.waitFor("413 Too Large");
  client.socket.destroy();
  early.close();
});

test("a body over the limit is refused before or while it comes", async () => {
  await using fixture = await GatewayFixture.start({ config: { bodyLimitBytes: 100_000 } });
  fixture.mock.on("/v1/files", { headers: json, body: "{}" });
  const known = await fixture.post("/openai/v1/files", "x".repeat(200_000));
  assert.equal(known.status, 413);
  assert.equal(((await known.json()) as { error: { code: string } }).error.code, "BODY_TOO_LARGE");
  const client = new RawClient(fixture.gateway.port);
  client.send("POST /openai/v1/files HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n");
  for (let count = 0; count < 3; count += 1) client.send(`c350\r\n${"x".repeat(50_000)}\r\n`);
  await client.waitFor("413");
});

// Case 7: hop-by-hop headers and framing tricks.

test("headers of one connection stay there, the others pass as spelled", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, {
    headers: {
      ...json,
      "X-Own-Case": "a b",
      Connection: "x-secret, close",
      "X-Secret": "1",
      "Keep-Alive": "timeout=3",
    },
    body: chatAnswer,
  });
  const client = new RawClient(fixture.gateway.port);
  client.send(
    rawPost(chatPath, chatBody, {
      "OpenAI-Beta": "assistants=v2",
      "X-Odd_Name": "ü",
      TE: "trailers",
      "Keep-Alive": "timeout=9",
      "Proxy-Authorization": "Basic abc",
      Connection: "close, x-private",
      "X-Private": "1",
    }),
  );
  await client.ended;
  const seen = fixture.mock.requests[0]?.headers ?? [];
  for (const name of ["te", "keep-alive", "proxy-authorization", "x-private", "transfer-encoding"]) {
    assert.equal(headerOf(seen, name), undefined, name);
  }
  assert.ok(seen.includes("OpenAI-Beta") && seen.includes("X-Odd_Name"));
  assert.equal(seen.filter((name) => name.toLowerCase() === "content-length").length, 1);
  assert.match(client.received, /\r\nX-Own-Case: a b\r\n/);
  assert.doesNotMatch(client.received, /x-secret|timeout=3/i);
});

for (const [name, head] of [
  ["both length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n"],
  ["an odd transfer coding", "transfer-encoding: xchunked\r\n"],
  ["two lengths", "content-length: 5\r\ncontent-length: 6\r\n"],
] as const) {
  test(`${name}: refused`, async () => {
    await using fixture = await GatewayFixture.start();
    const client = new RawClient(fixture.gateway.port);
    client.send(`POST ${chatPath} HTTP/1.1\r\nhost: w\r\n${head}\r\n0\r\n\r\n`);
    await client.ended;
    assert.match(client.received, /^HTTP\/1\.1 400 /);
    assert.equal(fixture.mock.requests.length, 0);
  });
}

// Case 9: the keep-alive race.

test("a kept connection that turns out closed costs nothing: the request goes out once more", async () => {
  await using fixture = await GatewayFixture.start();
  const served = new Map<number, number>();
  fixture.mock.on(chatPath, (request, socket) => {
    const count = (served.get(request.connection) ?? 0) + 1;
    served.set(request.connection, count);
    if (count === 1) return { headers: json, body: chatAnswer };
    socket.resetAndDestroy();
    return undefined;
  });
  for (let count = 0; count < 6; count += 1) {
    const response = await fixture.post(chatPath, { model: "m" });
    assert.equal(response.status, 200);
    await response.text();
  }
  const rows = await fixture.rows(6);
  assert.equal(rows.filter((row) => row.attributes["weir.retries"] === "1").length, 5);
});

test("what may have been acted on is not sent again", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("fresh", (_request, socket) => void socket.resetAndDestroy());
  let count = 0;
  fixture.mock.on("late", (_request, socket) => {
    count += 1;
    if (count === 1) return { headers: json, body: chatAnswer };
    setTimeout(() => socket.resetAndDestroy(), 400);
    return undefined;
  });
  const fresh = await fixture.post(chatPath, { model: "m" }, { headers: { "x-mock": "fresh" } });
  assert.equal(fresh.status, 502);
  assert.equal(((await fresh.json()) as { error: { code: string } }).error.code, "UPSTREAM_CUT");
  assert.equal(fixture.mock.requests.length, 1);
  await (await fixture.post(chatPath, {}, { headers: { "x-mock": "late" } })).text();
  const late = await fixture.post(chatPath, {}, { headers: { "x-mock": "late" } });
  assert.equal(late.status, 502);
  assert.equal(count, 2);
});

test("a burst over connections that idle out under it loses no call", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, (_request, socket) => {
    socket.setTimeout(25, () => socket.destroy());
    return { headers: json, body: chatAnswer };
  });
  for (let round = 0; round < 8; round += 1) {
    const responses = await Promise.all(Array.from({ length: 8 }, () => fixture.post(chatPath, { model: "m" })));
    for (const response of responses) assert.equal(response.status, 200, await response.text());
    await sleep(20 + round);
  }
});

// Case 10: back-pressure, scaled down.

test("a client that does not read holds the provider back", async () => {
  await using fixture = await GatewayFixture.start();
  const total = 64 << 20;
  let written = 0;
  fixture.mock.on(chatPath, async (_request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    const piece = Buffer.alloc(1 << 16, 0x78);
    while (written < total && !socket.destroyed) {
      const flushed = socket.write(Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")]));
      written += piece.length;
      if (!flushed) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), sleep(500)]);
      if (socket.writableLength > 1 << 20) break;
    }
    socket.end("0\r\n\r\n");
    return undefined;
  });
  const client = new RawClient(fixture.gateway.port);
  client.socket.pause();
  client.send(rawPost(chatPath, streamBody));
  await sleep(1200);
  assert.ok(written < 24 << 20, `${written} bytes were taken from the provider while nobody read`);
  client.socket.destroy();
  await fixture.rows(1);
});

test("a provider that does not read holds the client back", async () => {
  const deafSockets: Socket[] = [];
  const deaf = createServer((socket) => void deafSockets.push(socket.pause().on("error", () => {})));
  await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
  const { port } = deaf.address() as { port: number };
  await using behind = await GatewayFixture.start({
    config: { providers: { deaf: { baseUrl: `http://127.0.0.1:${port}` } } },
  });
  const client = new RawClient(behind.gateway.port);
  client.send("POST /deaf/v1/files HTTP/1.1\r\nhost: w\r\ncontent-length: 100000000\r\n\r\n");
  const piece = Buffer.alloc(1 << 20);
  let sent = 0;
  for (; sent < 64; sent += 1) {
    if (client.socket.write(piece)) continue;
    const drained = await Promise.race([
      new Promise((resolve) => client.socket.once("drain", () => resolve(true))),
      sleep(400),
    ]);
    if (drained !== true) break;
  }
  assert.ok(sent < 40, `${sent} MiB were taken from the client while the provider read nothing`);
  for (const socket of deafSockets) socket.resetAndDestroy();
  const [row] = await behind.rows(1);
  assert.equal(row?.error_type, "upstream_cut");
  client.socket.destroy();
  deaf.close();
});

// Case 11: deadlines, scaled down.

for (const [name, timeouts, answer, status, message] of [
  ["no first byte", { firstByteMs: 150 }, { delayMs: 30_000 }, 504, /begin its answer/],
  ["no connection", { connectMs: 200 }, undefined, 504, /accept the connection/],
  ["too long in all", { totalMs: 300 }, { delayMs: 30_000 }, 504, /total time limit/],
] as const) {
  test(`deadline: ${name}`, async () => {
    // 192.0.2.0/24 is routed nowhere; where a network refuses it at once, the connection is refused instead.
    const providers = { nowhere: { baseUrl: "http://192.0.2.1" } };
    await using fixture = await GatewayFixture.start({ config: { timeouts, providers } });
    if (answer !== undefined) fixture.mock.on(chatPath, answer);
    const response = await fixture.post(answer === undefined ? `/nowhere${chatPath}` : chatPath, { model: "m" });
    const { error } = (await response.json()) as { error: { code: string; message: string; retryable: boolean } };
    if (name === "no connection" && error.code === "UPSTREAM_UNREACHABLE") return;
    assert.equal(response.status, status);
    assert.equal(error.code, "UPSTREAM_TIMEOUT");
    assert.match(error.message, message);
    const [row] = await fixture.rows(1);
    assert.deepEqual([row?.status, row?.error_type, row?.http_status], ["error", "upstream_timeout", status]);
  });
}

test("deadline: a stream that stalls is cut, one that goes on slowly is not", async () => {
  await using fixture = await GatewayFixture.start({ config: { timeouts: { idleMs: 1500 } } });
  fixture.mock.on("stalls", streamed(chatStream, { stopAfter: 300, afterwards: "stall" }));
  fixture.mock.on("slow", streamed(chatStream, { cutAt: [100, 200, 300, 400, 500, 600], pauseMs: 300 }));
  const stalled = await fixture.post(chatPath, JSON.parse(streamBody), { headers: { "x-mock": "stalls" } });
  await assert.rejects(stalled.text());
  const slow = await fixture.post(chatPath, JSON.parse(streamBody), { headers: { "x-mock": "slow" } });
  assert.equal(await slow.text(), chatStream);
  const [first, second] = await fixture.rows(2);
  assert.deepEqual([first?.status, first?.error_type], ["cut", "upstream_timeout"]);
  assert.equal(second?.status, "ok");
});

// Cases 12 and 13: refusals and errors.

for (const [status, headers, body, path, errorType, message] of [
  [
    429,
    { "Retry-After": "7", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-tokens": "6m0s" },
    '{"error":{"message":"Rate limit é","type":"requests","code":"rate_limit_exceeded"}}',
    chatPath,
    "rate_limit",
    "Rate limit é",
  ],
  [
    429,
    { "retry-after": "30", "anthropic-ratelimit-unified-status": "rejected" },
    '{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
    "/v1/messages",
    "rate_limit",
    "slow",
  ],
  [
    529,
    {},
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    "/v1/messages",
    "overloaded",
    "Overloaded",
  ],
  [400, {}, '{"object":"error","message":"vllm says no","code":400}', chatPath, "invalid_request", "vllm says no"],
  [404, {}, '{"error":"model \\"x\\" not found"}', chatPath, "not_found", 'model "x" not found'],
  [500, {}, "upstream exploded", chatPath, "server_error", ""],
] as const) {
  test(`${status} passes with its headers and body: ${body.slice(0, 40)}`, async () => {
    await using fixture = await GatewayFixture.start();
    const type = body.startsWith("{") ? "application/json" : "text/plain";
    fixture.mock.on(path, { status, statusText: "Own Words", headers: { "content-type": type, ...headers }, body });
    const client = new RawClient(fixture.gateway.port);
    client.send(rawPost(path, chatBody, { connection: "close" }));
    await client.ended;
    assert.ok(client.received.startsWith(`HTTP/1.1 ${status} Own Words\r\n`), client.received);
    for (const [name, value] of Object.entries(headers))
      assert.ok(client.received.includes(`${name}: ${value}\r\n`), name);
    assert.ok(Buffer.from(client.received, "latin1").toString().endsWith(`\r\n\r\n${body}`));
    const [row] = await fixture.rows(1);
    assert.deepEqual(
      [row?.status, row?.http_status, row?.error_type, row?.error_message],
      ["error", status, errorType, message],
    );
    assert.equal(row?.cost_nano_usd, null);
  });
}

// Case 14: failure in mid-stream.

for (const [then, framing] of [
  ["reset", "chunked"],
  ["close", "chunked"],
  ["close", "length"],
  ["reset", "close"],
] as const) {
  for (const version of ["1.1", "1.0"] as const) {
    test(`a provider that breaks off (${then}, ${framing}) breaks the HTTP/${version} client's connection`, async () => {
      await using fixture = await GatewayFixture.start();
      const stopAfter = chatStream.indexOf("é漢");
      fixture.mock.on(chatPath, async (_request, socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${framing === "chunked" ? "transfer-encoding: chunked\r\n" : framing === "length" ? "content-length: 99999\r\n" : ""}\r\n`,
        );
        const part = Buffer.from(chatStream).subarray(0, stopAfter);
        socket.write(framing === "chunked" ? `${part.length.toString(16)}\r\n${part.toString()}\r\n` : part);
        // A reset may overtake what was sent before it.
        await eventually(() => client.received.includes("Hello"));
        if (then === "reset") socket.resetAndDestroy();
        else socket.end();
        return undefined;
      });
      const client = new RawClient(fixture.gateway.port);
      client.send(rawPost(chatPath, streamBody).replace("HTTP/1.1", `HTTP/${version}`));
      const how = await client.ended;
      assert.ok(client.received.includes("Hello"), "what came before is delivered");
      assert.doesNotMatch(client.received, /\[DONE\]|\r\n0\r\n/);
      const isDelimited = client.received.includes("chunked") || framing === "length";
      assert.equal(how, isDelimited ? "end" : "reset", "an answer without length must not end orderly");
      const [row] = await fixture.rows(1);
      assert.deepEqual([row?.status, row?.error_type, row?.http_status], ["cut", "upstream_cut", 200]);
      assert.equal(contentOf(row?.output ?? ""), "Hello");
    });
  }
}

test("a stream that ends in good order but without its last event passes as it is, and is recorded as cut", async () => {
  await using fixture = await GatewayFixture.start();
  const partial = chunk({ content: "Hel" });
  fixture.mock.on(chatPath, streamed(partial));
  assert.equal(await (await fixture.post(chatPath, JSON.parse(streamBody))).text(), partial);
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type], ["cut", "stream_incomplete"]);
});

test("an error frame inside a 200 is an error", async () => {
  await using fixture = await GatewayFixture.start();
  const error = messagesEvent({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  fixture.mock.on("/v1/messages", streamed(messageStart + error));
  assert.equal(await (await fixture.post("/v1/messages", { stream: true })).text(), messageStart + error);
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type, row?.error_message], ["error", "stream_error", "Overloaded"]);
});

// Case 22: the first token.

for (const [name, body, path, waits] of [
  ["a role frame is no token", [chunk({ role: "assistant", content: "" }), chunk({ content: "x" })], chatPath, true],
  [
    "reasoning is",
    [chunk({ role: "assistant" }), chunk({ reasoning_content: "hm" }), chunk({ content: "x" })],
    chatPath,
    true,
  ],
  [
    "a tool call is",
    [
      chunk({ role: "assistant" }),
      chunk({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "" } }] }),
    ],
    chatPath,
    true,
  ],
  [
    "message_start and ping are not",
    [
      messageStart,
      messagesEvent({ type: "ping" }),
      messagesEvent({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "h" } }),
    ],
    "/v1/messages",
    true,
  ],
] as const) {
  test(`time to first token: ${name}`, async () => {
    await using fixture = await GatewayFixture.start();
    const text = body.join("");
    const first = body[0].length;
    fixture.mock.on(path, streamed(text, { cutAt: [first], pauseMs: 150 }));
    await (await fixture.post(path, { ...JSON.parse(streamBody), stream: waits })).text();
    const [row] = await fixture.rows(1);
    assert.ok((row?.ttfb_ns ?? 0) < 120e6, `first byte after ${row?.ttfb_ns}`);
    assert.ok((row?.ttft_ns ?? 0) > 120e6, `first token after ${row?.ttft_ns}`);
  });
}

// Odd but legal servers and requests.

test("HTTP/1.0 and close-delimited answers, 1xx before the answer, trailers after it", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("old", { version: "1.0", headers: json, body: chatAnswer, framing: "close" });
  fixture.mock.on("early hints", {
    prelude: "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
    headers: json,
    body: chatAnswer,
  });
  fixture.mock.on("trailers", {
    headers: { ...json, trailer: "x-sum" },
    body: chatAnswer,
    framing: "chunked",
    trailers: "x-sum: 1\r\n",
  });
  for (const name of ["old", "early hints", "trailers"]) {
    const response = await fixture.post(chatPath, { model: "m" }, { headers: { "x-mock": name } });
    assert.equal(await response.text(), chatAnswer, name);
  }
  for (const row of await fixture.rows(3)) assert.deepEqual([row.status, row.output_tokens], ["ok", 5]);
});

test("paths, queries and methods pass as they are; an unknown path is an HTTP call", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/models/ft:gpt-4o%2Fx", { headers: json, body: '{"id":"m"}' });
  const response = await fetch(`${fixture.url}/openai/v1/models/ft:gpt-4o%2Fx?a=b%20c&limit=2`, { method: "DELETE" });
  assert.equal(await response.text(), '{"id":"m"}');
  assert.equal(fixture.mock.requests[0]?.path, "/v1/models/ft:gpt-4o%2Fx?a=b%20c&limit=2");
  assert.equal(fixture.mock.requests[0]?.method, "DELETE");
  const [row] = await fixture.rows(1);
  assert.deepEqual(
    [row?.kind, row?.http_route, row?.status, row?.usage_source],
    ["http", "DELETE /v1/models/{id}", "ok", "none"],
  );
  assert.equal(row?.output, '{"id":"m"}');
});

test("HEAD and 204 have no body and do not hang", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/models", (request, socket) => {
    if (request.method === "HEAD") socket.write("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n");
    else socket.write("HTTP/1.1 204 No Content\r\n\r\n");
    return undefined;
  });
  assert.equal(
    (await fetch(`${fixture.url}/openai/v1/models`, { method: "HEAD" })).headers.get("content-length"),
    "500",
  );
  assert.equal((await fetch(`${fixture.url}/openai/v1/models`, { method: "DELETE" })).status, 204);
  await fixture.rows(2);
});

test("a base URL with a path is put before the path once", async () => {
  const fixture = await GatewayFixture.start();
  await using behind = await GatewayFixture.start({
    config: { providers: { groq: { baseUrl: `${fixture.mock.url}/openai` } } },
  });
  fixture.mock.on(`/openai${chatPath}`, { headers: json, body: chatAnswer });
  for (const path of [`/groq${chatPath}`, `/groq/openai${chatPath}`]) {
    assert.equal((await behind.post(path, { model: "m" })).status, 200, path);
  }
  await fixture[Symbol.asyncDispose]();
});

test("the caller's traceparent is continued; the provider gets it unchanged, or one that names our span", async () => {
  await using fixture = await GatewayFixture.start();
  const providers = { own: { baseUrl: fixture.mock.url, traceContext: "child" } };
  await using behind = await GatewayFixture.start({ config: { providers } });
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer });
  behind.mock.on(chatPath, { headers: json, body: chatAnswer });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  const headers = { traceparent, tracestate: "a=b" };
  for (const path of [`/openai${chatPath}`, `/own${chatPath}`]) {
    await (await behind.post(path, { model: "m" }, { headers })).text();
  }
  await (await behind.post(`/own${chatPath}`, { model: "m" })).text();
  const rows = await behind.rows(3);
  const got = [...behind.mock.requests, ...fixture.mock.requests].map((it) => headerOf(it.headers, "traceparent"));
  const own = (index: number, flags: string) => `00-${rows[index]?.trace_id}-${rows[index]?.span_id}-${flags}`;
  assert.deepEqual(got, [traceparent, own(1, "00"), own(2, "01")]);
  assert.deepEqual(
    rows.slice(0, 2).map((row) => [row.trace_id, row.parent_span_id]),
    [1, 2].map(() => ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"]),
  );
  assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "tracestate"), "a=b");
});

test("a response in the background: its usage counts once, however often it is asked for", async () => {
  await using fixture = await GatewayFixture.start();
  const response = (status: string, more: object = {}) =>
    JSON.stringify({ id: "resp_1", object: "response", model: "gpt-5-2025-08-07", background: true, status, ...more });
  const usage = { input_tokens: 1000, output_tokens: 100, output_tokens_details: { reasoning_tokens: 60 } };
  const output = [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Done." }] }];
  fixture.mock.on("/v1/responses", { headers: json, body: response("queued", { usage: null, output: [] }) });
  const states = [response("in_progress", { usage: null }), ...Array(2).fill(response("completed", { usage, output }))];
  fixture.mock.on("/v1/responses/resp_1", () => ({ headers: json, body: states.shift() }));
  const asked = { model: "gpt-5", input: "hi", background: true };
  await (await fixture.post("/openai/v1/responses", asked)).text();
  for (let poll = 0; poll < 3; poll += 1) {
    await (await fetch(`${fixture.url}/openai/v1/responses/resp_1`)).text();
    await fixture.rows(poll + 2);
  }
  const rows = await fixture.rows(4);
  assert.deepEqual(
    rows.map((row) => [row.kind, row.http_route, row.input_tokens, row.output_tokens, row.response_id]),
    [
      ["llm", "POST /v1/responses", null, null, "resp_1"],
      ["http", "GET /v1/responses/{id}", null, null, ""],
      ["llm", "GET /v1/responses/{id}", 1000, 100, "resp_1"],
      ["http", "GET /v1/responses/{id}", null, null, "resp_1"],
    ],
  );
  assert.ok((rows[2]?.cost_nano_usd ?? 0) > 0);
  assert.equal(rows[2]?.name, "chat gpt-5-2025-08-07");
  assert.ok(String(rows[2]?.output).includes("Done."));
  assert.equal(rows[3]?.cost_nano_usd, null);
  assert.deepEqual([rows[1]?.trace_id, rows[3]?.trace_id], [rows[2]?.trace_id, rows[2]?.trace_id]);
});

test("an unknown provider is a clear error in words that SDKs read", async () => {
  await using fixture = await GatewayFixture.start();
  const response = await fixture.post("/opnai/v1/chat/completions", {});
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  assert.equal(response.status, 404);
  assert.equal(error["code"], "PROVIDER_UNKNOWN");
  assert.match(String(error["message"]), /openai, anthropic/);
});

test("a provider that is not there is a 502 in the words of its API", async () => {
  await using fixture = await GatewayFixture.start({
    config: { providers: { gone: { baseUrl: "http://127.0.0.1:9", shape: "anthropic" } } },
  });
  const response = await fixture.post("/gone/v1/messages", { model: "m" });
  assert.equal(response.status, 502);
  const body = (await response.json()) as { type: string; error: { type: string; code: string } };
  assert.deepEqual([body.type, body.error.type, body.error.code], ["error", "api_error", "UPSTREAM_UNREACHABLE"]);
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type, row?.request_model], ["error", "upstream_unreachable", "m"]);
});

// Recording.

test("a journal that refuses costs the record, never the call", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer, bodyDelayMs: 60 });
  fixture.log.refuseWith(new CodedError("JOURNAL_FULL", "full"));
  assert.equal(await (await fixture.post(chatPath, { model: "m" })).text(), chatAnswer);
  await eventually(() => fixture.events.some(({ fields }) => fields["reason"] === "JOURNAL_FULL"));
  assert.equal(fixture.calls.length, 1);
  fixture.log.refuseWith(undefined);
  await (await fixture.post(chatPath, { model: "m" })).text();
  await fixture.rows(1);
  assert.equal(fixture.log.open.length, 0, "the dropped call is not left open");
});

test("a call that lasts is announced, and closed with its row", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer, delayMs: 150 });
  const response = fixture.post(chatPath, { model: "gpt-4o" }, { headers: { "x-weir-user": "ann" } });
  await eventually(() => fixture.log.announced.length === 1);
  const open = fixture.log.announced[0]?.row;
  assert.deepEqual([open?.user_id, open?.request_model, open?.input], ["ann", "gpt-4o", ""]);
  await (await response).text();
  const [row] = await fixture.rows(1);
  assert.equal(row?.span_id, open?.span_id);
  assert.equal(fixture.log.open.length, 0);
});

test("a kept connection may be used once more while draining, and is told that this was the last time", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer });
  const { url } = fixture;
  const agent = new Agent({ keepAlive: true });
  const ask = () =>
    new Promise<{ connection: string | undefined; reused: boolean }>((resolve, reject) => {
      const sent = request(`${url}${chatPath}`, { method: "POST", agent, headers: json });
      sent.on("response", (answer) => {
        answer.resume();
        answer.on("end", () => resolve({ connection: answer.headers.connection, reused: sent.reusedSocket }));
      });
      sent.on("error", reject);
      sent.end('{"model":"gpt-4o"}');
    });
  assert.deepEqual(await ask(), { connection: "keep-alive", reused: false });
  const drained = fixture.gateway.drain();
  assert.deepEqual(await ask(), { connection: "close", reused: true });
  await drained;
  agent.destroy();
});

test("draining lets a call under way end, then stops", async () => {
  const fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer, delayMs: 200 });
  const { url } = fixture;
  const response = fixture.post(chatPath, { model: "m" });
  await eventually(() => fixture.mock.requests.length === 1);
  const drained = fixture.gateway.drain();
  const answered = await response;
  assert.equal(await answered.text(), chatAnswer);
  await drained;
  assert.equal(fixture.log.rows.length, 1);
  await assert.rejects(fetch(url));
  await fixture[Symbol.asyncDispose]();
});

test("content that may not be kept is not kept; the figures are", async () => {
  await using fixture = await GatewayFixture.start({ config: { capture: { content: false } } });
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer });
  await (await fixture.post(chatPath, { model: "gpt-4o", user: "ann" })).text();
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.input, row?.output, row?.content_state], ["", "", "off"]);
  assert.deepEqual([row?.request_model, row?.user_id, row?.output_tokens], ["gpt-4o", "ann", 5]);
});

test("a model call that does not say that it is JSON is read all the same", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(chatPath, { headers: json, body: chatAnswer });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await (await fetch(fixture.url + chatPath, { method: "POST", headers, body: chatBody })).text();
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.request_model, row?.input, row?.content_state], ["gpt-4o", chatBody, "full"]);
});

test("content over the limit is cut; usage is still found", async () => {
  await using fixture = await GatewayFixture.start({ config: { capture: { bodyLimitBytes: 1000 } } });
  const long = {
    ...JSON.parse(chatAnswer),
    choices: [{ message: { content: "y".repeat(200_000) }, finish_reason: "stop" }],
  };
  const { usage, ...head } = long;
  fixture.mock.on(chatPath, { headers: json, body: JSON.stringify({ ...head, usage }) });
  await (await fixture.post(chatPath, { model: "gpt-4o", messages: "x".repeat(100_000) })).text();
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.input.length, row?.output.length, row?.content_state], [1000, 1000, "truncated"]);
  assert.deepEqual([row?.input_tokens, row?.output_tokens, row?.request_model], [10, 5, "gpt-4o"]);
  assert.equal(fixture.gateway.capturedBytes, 0);
});
