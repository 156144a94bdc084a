import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type OutgoingHttpHeaders } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { encodeExportAnswer, encodeRpcStatus } from "@weir/otlp";
import { createGrpcTransport } from "./grpc-transport.ts";
import { createHttpTransport, retryAfterMs } from "./http-transport.ts";
import type { SendResult, TransportOptions } from "./transport.ts";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function optionsOf(url: string, more: Partial<TransportOptions> = {}): TransportOptions {
  const plain = { isFullEndpoint: false, headers: { "x-key": "k" }, isCompressed: false, timeoutMs: 2000, tls: {} };
  return { endpoint: new URL(url), ...plain, ...more };
}

/** Sends "body" over HTTP to a server that answers so. */
async function overHttp(
  answer: (response: ServerResponse) => void,
  more: Partial<TransportOptions> & { path?: string; spelling?: "json" | "protobuf" } = {},
): Promise<{ result: SendResult; received: Received | undefined }> {
  let received: Received | undefined;
  const server = createHttpServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    received = { path: request.url ?? "", headers: request.headers, body };
    answer(response);
  });
  const url = await listen(server);
  await using transport = createHttpTransport(optionsOf(url + (more.path ?? ""), more), more.spelling ?? "protobuf");
  const result = await transport.send("traces", Buffer.from("body"));
  server.close();
  server.closeAllConnections();
  return { result, received };
}

const taken = { outcome: "accepted", rejectedCount: 0, reason: "" };

test("HTTP: path, type, headers and body", async () => {
  const { result, received } = await overHttp((response) => response.end(), { path: "/otlp/" });
  assert.deepEqual(result, taken);
  assert.equal(received?.path, "/otlp/v1/traces");
  assert.equal(received?.headers["content-type"], "application/x-protobuf");
  assert.equal(received?.headers["x-key"], "k");
  assert.equal(received?.body.toString(), "body");
});

test("HTTP: a full endpoint stays as it is; JSON; gzip", async () => {
  const more = { path: "/ingest?a=b", isFullEndpoint: true, isCompressed: true, spelling: "json" } as const;
  const { received } = await overHttp((response) => response.end("{}"), more);
  assert.equal(received?.path, "/ingest?a=b");
  assert.equal(received?.headers["content-type"], "application/json");
  assert.equal(received?.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(received?.body ?? "").toString(), "body");
});

for (const [status, headers, wanted] of [
  [400, {}, { outcome: "refused", reason: "HTTP 400" }],
  [401, {}, { outcome: "refused", reason: "HTTP 401" }],
  [301, { location: "/x" }, { outcome: "refused", reason: "HTTP 301" }],
  [500, {}, { outcome: "refused", reason: "HTTP 500" }],
  [503, {}, { outcome: "retryable", reason: "HTTP 503", retryAfterMs: undefined }],
  [429, { "retry-after": "7" }, { outcome: "retryable", reason: "HTTP 429", retryAfterMs: 7000 }],
] as const) {
  test(`HTTP ${status}`, async () => {
    const { result } = await overHttp((response) => response.writeHead(status, headers).end("no"));
    assert.deepEqual(result, wanted);
  });
}

for (const spelling of ["protobuf", "json"] as const) {
  test(`HTTP: a partial success in ${spelling}`, async () => {
    const answer = encodeExportAnswer("traces", spelling, { rejectedCount: 300, reason: "no ids" });
    const type = spelling === "json" ? "application/json" : "application/x-protobuf";
    const { result } = await overHttp((response) => response.setHeader("content-type", type).end(answer));
    assert.deepEqual(result, { outcome: "accepted", rejectedCount: 300, reason: "no ids" });
  });
}

test("HTTP: an answer that nobody can read is a success all the same", async () => {
  const { result } = await overHttp((response) => response.end(Buffer.from([0xff, 0xff, 0xff])));
  assert.deepEqual(result, taken);
});

test("HTTP: no answer in time, a broken connection, nobody there", async () => {
  const slow = await overHttp(() => {}, { timeoutMs: 20 });
  assert.equal(slow.result.outcome, "retryable");
  const broken = await overHttp((response) => response.destroy());
  assert.deepEqual(broken.result, { outcome: "retryable", reason: "ECONNRESET" });
  await using nowhere = createHttpTransport(optionsOf("http://127.0.0.1:1"), "json");
  assert.deepEqual(await nowhere.send("logs", Buffer.of()), { outcome: "retryable", reason: "ECONNREFUSED" });
});

for (const [header, wanted] of [
  [undefined, undefined],
  ["", undefined],
  ["3", 3000],
  ["-1", 0],
  ["Thu, 01 Jan 1970 00:00:09 GMT", 8000],
  ["soon", undefined],
] as const) {
  test(`Retry-After: ${header}`, () => assert.equal(retryAfterMs(header, 1000), wanted));
}

/** Sends "body" over gRPC to a server that answers so. */
async function overGrpc(
  trailers: OutgoingHttpHeaders | "silence" | "break",
  message: Buffer = Buffer.of(),
  more: Partial<TransportOptions> = {},
): Promise<{ result: SendResult; received: Received | undefined }> {
  let received: Received | undefined;
  const server = createHttp2Server();
  server.on("stream", async (stream, headers) => {
    stream.on("error", () => {});
    received = { path: String(headers[":path"]), headers, body: Buffer.concat(await stream.toArray()) };
    if (trailers === "silence") return;
    if (trailers === "break") {
      stream.session?.destroy();
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
  const url = await listen(server as unknown as Server);
  await using transport = createGrpcTransport(optionsOf(url, more));
  const result = await transport.send("metrics", Buffer.from("body"));
  await transport[Symbol.asyncDispose]();
  server.close();
  return { result, received };
}

test("gRPC: method, metadata and framing", async () => {
  const { result, received } = await overGrpc({ "grpc-status": 0 });
  assert.deepEqual(result, taken);
  assert.equal(received?.path, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  assert.equal(received?.headers["content-type"], "application/grpc");
  assert.equal(received?.headers["x-key"], "k");
  assert.deepEqual(received?.body, Buffer.from("\u0000\u0000\u0000\u0000\u0004body"));
});

test("gRPC: gzip", async () => {
  const { received } = await overGrpc({ "grpc-status": 0 }, Buffer.of(), { isCompressed: true });
  assert.equal(received?.headers["grpc-encoding"], "gzip");
  assert.equal(received?.body[0], 1);
  assert.equal(gunzipSync(received?.body.subarray(5) ?? "").toString(), "body");
});

test("gRPC: a partial success", async () => {
  const answer = encodeExportAnswer("metrics", "protobuf", { rejectedCount: 2, reason: "old" });
  const { result } = await overGrpc({ "grpc-status": 0 }, answer);
  assert.deepEqual(result, { outcome: "accepted", rejectedCount: 2, reason: "old" });
});

const retryInfo = encodeRpcStatus({ code: 8, message: "later", retryAfterMs: 100 }, "protobuf").toString("base64");
for (const [name, trailers, outcome] of [
  ["INVALID_ARGUMENT", { "grpc-status": 3 }, "refused"],
  ["UNAUTHENTICATED", { "grpc-status": 16 }, "refused"],
  ["UNAVAILABLE", { "grpc-status": 14 }, "retryable"],
  ["RESOURCE_EXHAUSTED", { "grpc-status": 8 }, "refused"],
  ["RESOURCE_EXHAUSTED that says when", { "grpc-status": 8, "grpc-status-details-bin": retryInfo }, "retryable"],
  ["no status", {}, "refused"],
  ["a connection that breaks", "break", "retryable"],
] as const) {
  test(`gRPC: ${name}`, async () => assert.equal((await overGrpc(trailers)).result.outcome, outcome));
}

test("gRPC: no answer in time, and nobody there", async () => {
  const { result } = await overGrpc("silence", Buffer.of(), { timeoutMs: 30 });
  assert.deepEqual(result, { outcome: "retryable", reason: "timeout" });
  await using nowhere = createGrpcTransport(optionsOf("http://127.0.0.1:1"));
  assert.equal((await nowhere.send("logs", Buffer.of())).outcome, "retryable");
});
