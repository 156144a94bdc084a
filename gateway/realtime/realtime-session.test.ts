import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { defaultProjectId, type SpanRow, silentTelemetry } from "@weir/model";
import { MemoryLog } from "@weir/pipeline/testing";
import { gatewayConfig } from "../config.ts";
import { providerTable } from "../provider-table.ts";
import { apiOf } from "../providers/index.ts";
import { CallRecord } from "../recording/call-record.ts";
import { CaptureBudget } from "../recording/capture.ts";
import { Recorder } from "../recording/recorder.ts";
import { eventually, GatewayFixture, RawClient } from "../testing/gateway-fixture.ts";
import { headerOf, type SeenRequest } from "../testing/mock-upstream.ts";
import { RealtimeSession } from "./realtime-session.ts";
import { deflatedTogether, frameOf, textFrame } from "./testing.ts";

const path = "/v1/realtime";
const target = "/openai/v1/realtime?model=gpt-realtime";

function upgraded(request: SeenRequest, extensions = ""): string {
  const key = headerOf(request.headers, "sec-websocket-key") ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${extensions}\r\n`;
}

/** A provider that upgrades and hands its socket over. */
function onUpgrade(fixture: GatewayFixture, extensions = ""): Promise<Socket> {
  return new Promise((resolve) => {
    fixture.mock.on(path, (request, socket) => {
      socket.write(upgraded(request, extensions));
      resolve(socket);
      return undefined;
    });
  });
}

async function connectRaw(fixture: GatewayFixture): Promise<RawClient> {
  const client = new RawClient(fixture.gateway.port);
  client.send(
    `GET ${target} HTTP/1.1\r\nhost: w\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: a2V5\r\nsec-websocket-version: 13\r\n\r\n`,
  );
  await client.waitFor("\r\n\r\n");
  return client;
}

const session = {
  type: "session.created",
  event_id: "event_1",
  session: {
    type: "realtime",
    id: "sess_1",
    model: "gpt-realtime-2025-08-28",
    instructions: "Be brief.",
    audio: { input: { transcription: { model: "gpt-4o-mini-transcribe" } } },
  },
};
const spoken = {
  type: "conversation.item.added",
  item: { id: "item_u", type: "message", role: "user", content: [{ type: "input_audio", transcript: null }] },
};
const transcribed = {
  type: "conversation.item.input_audio_transcription.completed",
  item_id: "item_u",
  content_index: 0,
  transcript: "How late is it?",
};
const created = { type: "response.created", response: { id: "resp_1", object: "realtime.response", output: [] } };
const itemAdded = {
  type: "response.output_item.added",
  response_id: "resp_1",
  output_index: 0,
  item: { id: "item_a", type: "message", role: "assistant", content: [] },
};
const deltas = ["Half", " past ten."].map((delta) => ({
  type: "response.output_audio_transcript.delta",
  event_id: "event_2",
  response_id: "resp_1",
  output_index: 0,
  content_index: 0,
  delta,
}));
const sound = {
  type: "response.output_audio.delta",
  event_id: "event_3",
  response_id: "resp_1",
  delta: "A".repeat(20_000),
};
const usage = {
  total_tokens: 1500,
  input_tokens: 1000,
  output_tokens: 500,
  input_token_details: {
    text_tokens: 600,
    audio_tokens: 400,
    cached_tokens: 200,
    cached_tokens_details: { text_tokens: 50, audio_tokens: 150 },
  },
  output_token_details: { text_tokens: 100, audio_tokens: 400 },
};
const done = {
  type: "response.done",
  event_id: "event_4",
  response: {
    id: "resp_1",
    object: "realtime.response",
    status: "completed",
    status_details: null,
    output: [
      {
        id: "item_a",
        type: "message",
        role: "assistant",
        content: [{ type: "output_audio", transcript: "Half past ten." }],
      },
    ],
    usage,
  },
};
const turn = [session, spoken, created, itemAdded, deltas[0], sound, deltas[1], done, transcribed];

function frames(events: readonly unknown[]): Buffer {
  return Buffer.concat(events.map((event) => textFrame(JSON.stringify(event))));
}

function closeFrame(code: number): Buffer {
  return frameOf({ opcode: 8, payload: Buffer.from([code >> 8, code & 0xff]) });
}

function responses(rows: readonly SpanRow[]): SpanRow[] {
  return rows.filter(({ kind }) => kind === "llm");
}

function assertTurn(row: SpanRow | undefined): asserts row is SpanRow {
  assert.ok(row);
  assert.deepEqual(
    [
      row.status,
      row.operation,
      row.provider,
      row.request_model,
      row.response_model,
      row.response_id,
      row.finish_reason,
    ],
    ["ok", "chat", "openai", "gpt-realtime", "gpt-realtime-2025-08-28", "resp_1", "stop"],
  );
  assert.deepEqual(
    [row.input_tokens, row.output_tokens, row.cache_read_tokens, row.input_audio_tokens, row.output_audio_tokens],
    [1000, 500, 200, 400, 400],
  );
  // 550 text × $4 + 250 audio × $32 + 200 cached × $0.40 + 100 text × $16 + 400 audio × $64, each a million.
  assert.equal(row.cost_nano_usd, 2_200_000 + 8_000_000 + 80_000 + 1_600_000 + 25_600_000);
  const output = JSON.parse(String(row.output)) as typeof done.response;
  assert.deepEqual(output.output, done.response.output);
  const input = JSON.parse(String(row.input)) as {
    instructions: string;
    input: { content: { transcript: string }[] }[];
  };
  assert.equal(input.instructions, "Be brief.");
  assert.equal(input.input[0]?.content[0]?.transcript, "How late is it?");
  assert.equal(row.content_state, "full");
  assert.equal(row.chunk_count, 3);
}

test("a session's response is a call below the connection, with text, tokens and cost; bytes pass as they are", async () => {
  await using fixture = await GatewayFixture.start();
  const upgrading = onUpgrade(fixture);
  const client = await connectRaw(fixture);
  const provider = await upgrading;
  const up = frameOf({
    opcode: 1,
    payload: Buffer.from('{"type":"response.create"}'),
    mask: Buffer.from([1, 2, 3, 4]),
  });
  const seen: Buffer[] = [];
  provider.on("data", (chunk: Buffer) => seen.push(chunk));
  client.send(up);
  await eventually(() => Buffer.concat(seen).equals(up));
  const down = frames(turn);
  // Cut within heads, masks and payloads.
  for (let at = 0; at < down.length; at += 997) provider.write(down.subarray(at, at + 997));
  await eventually(() => client.received.endsWith(down.toString("latin1")));
  const [first] = await fixture.rows(1);
  assertTurn(first);
  provider.end(closeFrame(1000));
  const rows = await fixture.rows(2);
  const connection = rows.find(({ kind }) => kind === "http");
  assert.deepEqual(
    [connection?.status, connection?.http_status, connection?.http_route, connection?.request_model],
    ["ok", 101, "GET /v1/realtime", "gpt-realtime"],
  );
  assert.deepEqual([first.trace_id, first.parent_span_id], [connection?.trace_id, connection?.span_id]);
  assert.equal(connection?.response_bytes, down.length + 4);
  assert.equal(fixture.gateway.capturedBytes, 0);
});

test("a real client with permessage-deflate: what it hears is what was sent, and it is read too", async () => {
  await using fixture = await GatewayFixture.start();
  const upgrading = onUpgrade(fixture, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  const client = new WebSocket(`${fixture.url.replace("http", "ws")}${target}`);
  const heard: string[] = [];
  client.addEventListener("message", ({ data }) => void heard.push(String(data)));
  const provider = await upgrading;
  assert.match(
    headerOf(fixture.mock.requests[0]?.headers ?? [], "sec-websocket-extensions") ?? "",
    /permessage-deflate/,
  );
  const texts = turn.map((event) => JSON.stringify(event));
  for (const payload of await deflatedTogether(texts.map((text) => Buffer.from(text)))) {
    provider.write(frameOf({ opcode: 1, payload, isCompressed: true }));
  }
  await eventually(() => heard.length === texts.length);
  assert.deepEqual(heard, texts);
  const [first] = await fixture.rows(1);
  assertTurn(first);
  client.close(1000);
  provider.end(closeFrame(1000));
  const rows = await fixture.rows(2);
  assert.equal(rows.find(({ kind }) => kind === "http")?.status, "ok");
});

for (const [name, ending, status, errorType, ofConnection] of [
  ["the client leaves without a word", (client: RawClient) => client.socket.destroy(), "cancelled", "", "cancelled"],
  [
    "the provider breaks off",
    (_client: RawClient, provider: Socket) => void provider.resetAndDestroy(),
    "cut",
    "upstream_cut",
    "cut",
  ],
  [
    "the provider closes with an error",
    (_client: RawClient, provider: Socket) => void provider.end(closeFrame(1011)),
    "cut",
    "stream_error",
    "error",
  ],
] as const) {
  test(`${name} in mid-response: what was said until then is kept`, async () => {
    await using fixture = await GatewayFixture.start();
    const upgrading = onUpgrade(fixture);
    const client = await connectRaw(fixture);
    const provider = await upgrading;
    provider.write(frames([session, created, itemAdded, deltas[0], sound]));
    await client.waitFor("AAAA");
    ending(client, provider);
    const rows = await fixture.rows(2);
    const [response] = responses(rows);
    assert.deepEqual([response?.status, response?.error_type], [status, errorType]);
    assert.equal(rows.find(({ kind }) => kind === "http")?.status, ofConnection);
    const output = JSON.parse(String(response?.output)) as { output: { content: { transcript: string }[] }[] };
    assert.equal(output.output[0]?.content[0]?.transcript, "Half");
    assert.equal(response?.cost_nano_usd, null);
    client.socket.destroy();
    await eventually(() => fixture.gateway.activeCalls === 0 && fixture.gateway.openConnections.providers === 0);
    assert.equal(fixture.gateway.capturedBytes, 0);
  });
}

test("a response that fails, and an error of the session", async () => {
  await using fixture = await GatewayFixture.start();
  const upgrading = onUpgrade(fixture);
  const client = await connectRaw(fixture);
  const provider = await upgrading;
  const failed = {
    type: "response.done",
    response: {
      id: "resp_1",
      status: "failed",
      status_details: { type: "failed", error: { code: "rate_limit_exceeded", message: "Too much." } },
      output: [],
    },
  };
  const error = { type: "error", error: { type: "invalid_request_error", code: "x", message: "No such voice." } };
  provider.write(frames([session, created, failed, error]));
  provider.end(closeFrame(1000));
  const rows = await fixture.rows(2);
  const [response] = responses(rows);
  assert.deepEqual([response?.status, response?.error_message], ["error", "Too much."]);
  const connection = rows.find(({ kind }) => kind === "http");
  assert.deepEqual(
    [connection?.status, connection?.error_type, connection?.error_message],
    ["error", "invalid_request", "No such voice."],
  );
  client.socket.destroy();
});

for (const [name, model, told, tokens, cost] of [
  [
    "by tokens",
    "gpt-4o-mini-transcribe",
    { type: "tokens", input_tokens: 20, output_tokens: 10, input_token_details: { text_tokens: 0, audio_tokens: 20 } },
    [20, 10, 20],
    20 * 3000 + 10 * 5000,
  ],
  ["by the second", "whisper-1", { type: "duration", seconds: 3 }, [null, null, null], 300_000],
  ["without a price", "a-model-of-ones-own", { type: "duration", seconds: 3 }, [null, null, null], null],
] as const) {
  test(`speech put in words is a call of its own, billed ${name}`, async () => {
    await using fixture = await GatewayFixture.start();
    const upgrading = onUpgrade(fixture);
    const client = await connectRaw(fixture);
    const provider = await upgrading;
    const own = { ...session.session, audio: { input: { transcription: { model } } } };
    const committed = { type: "input_audio_buffer.committed", item_id: "item_u", previous_item_id: null };
    provider.write(frames([{ ...session, session: own }, committed, spoken, { ...transcribed, usage: told }]));
    const [row] = await fixture.rows(1);
    assert.ok(row);
    assert.deepEqual(
      [row.kind, row.operation, row.status, row.provider, row.request_model, row.content_state],
      ["llm", "transcription", "ok", "openai", model, "full"],
    );
    assert.deepEqual([row.input_tokens, row.output_tokens, row.input_audio_tokens], tokens);
    assert.equal(row.cost_nano_usd, cost);
    assert.equal((JSON.parse(String(row.output)) as { text: string }).text, "How late is it?");
    provider.end(closeFrame(1000));
    const rows = await fixture.rows(2);
    const connection = rows.find(({ kind }) => kind === "http");
    assert.deepEqual([row.trace_id, row.parent_span_id], [connection?.trace_id, connection?.span_id]);
    assert.equal(fixture.gateway.capturedBytes, 0);
    client.socket.destroy();
  });
}

test("what is no WebSocket passes all the same, and is not judged", async () => {
  await using fixture = await GatewayFixture.start();
  const upgrading = onUpgrade(fixture);
  const client = await connectRaw(fixture);
  const provider = await upgrading;
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) & 0xff));
  provider.write(noise);
  await eventually(() => client.received.endsWith(noise.toString("latin1")));
  client.socket.end();
  const [row] = await fixture.rows(1);
  assert.equal(row?.status, "ok");
});

test("content that may not be kept is not kept; the figures are", async () => {
  await using fixture = await GatewayFixture.start({ config: { capture: { content: false } } });
  const upgrading = onUpgrade(fixture);
  const client = await connectRaw(fixture);
  (await upgrading).write(frames(turn));
  const [row] = await fixture.rows(1);
  assert.deepEqual(
    [row?.output_tokens, row?.content_state, String(row?.input), String(row?.output)],
    [500, "off", "", ""],
  );
  client.socket.destroy();
  await fixture.rows(2);
});

test("a reading that is given up lets go of everything, and says how far each response got", async () => {
  const budget = new CaptureBudget(1 << 20);
  const config = gatewayConfig.parse({});
  const provider = providerTable(config).get("openai");
  assert.ok(provider);
  const log = new MemoryLog();
  await using recorder = new Recorder({ log, telemetry: silentTelemetry, onCall: () => {}, limitBytes: 1 << 20 });
  let callNumber = 1;
  const connection = new CallRecord({
    callNumber,
    startMs: performance.now(),
    method: "GET",
    provider,
    api: apiOf("GET", path),
    admission: {
      projectId: defaultProjectId,
      apiKeyId: "",
      credentials: [],
      target: { origin: "", pathPrefix: "", isUserGiven: false },
      signer: undefined,
      googleKeyFile: "",
      maskedCredential: "",
    },
    attribution: undefined,
    traceparent: "",
  });
  const nextCallNumber = () => ++callNumber;
  const { capture } = config;
  const reading = new RealtimeSession({
    connection,
    model: "m",
    extensions: "",
    recorder,
    capture,
    budget,
    nextCallNumber,
  });
  reading.onDown(
    Buffer.concat([frames([session, spoken, created, deltas[0]]), textFrame("unfinished").subarray(0, 5)]),
  );
  assert.ok(budget.usedBytes > 0);
  reading.abandon();
  const [row] = await log.waitForRows(1);
  assert.deepEqual([row?.status, row?.parent_span_id], ["cut", connection.spanId]);
  assert.equal(budget.usedBytes, 0);
  reading.end("client");
});
