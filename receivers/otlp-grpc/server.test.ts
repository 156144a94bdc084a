import assert from "node:assert/strict";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { after, before, beforeEach, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { IntakeFixture, samplePayload } from "../otlp/testing.ts";
import { type OtlpGrpcServer, startOtlpGrpcServer } from "./server.ts";

const fixture = new IntakeFixture();
let server: OtlpGrpcServer;
let client: ClientHttp2Session;

before(async () => {
  server = await startOtlpGrpcServer(fixture.intake, { host: "127.0.0.1", port: 0 });
  client = connect(`http://127.0.0.1:${server.port}`);
});
after(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => fixture.reset());

const tracesPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

interface Answer {
  readonly status: string;
  readonly message: Buffer;
  readonly headers: IncomingHttpHeaders;
}

function call(body: Uint8Array, headers: Record<string, string> = {}, path = tracesPath): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = client.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const chunks: Buffer[] = [];
    let all: IncomingHttpHeaders = {};
    stream.on("response", (received) => {
      all = { ...all, ...received };
    });
    stream.on("trailers", (received) => {
      all = { ...all, ...received };
    });
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("close", () =>
      resolve({ status: String(all["grpc-status"]), message: Buffer.concat(chunks), headers: all }),
    );
    stream.on("error", reject);
    stream.end(body);
  });
}

for (const [name, pack, flag] of [
  ["identity", (bytes: Buffer) => bytes, 0],
  ["gzip", gzipSync, 1],
  ["zstd", zstdCompressSync, 1],
] as const) {
  test(`an export in ${name} becomes rows; the answer is one empty message`, async () => {
    const { status, message } = await call(framed(pack(samplePayload({}, {})), flag), { "grpc-encoding": name });
    assert.equal(status, "0");
    assert.deepEqual([...message], [0, 0, 0, 0, 0]);
    assert.equal(fixture.log.rows.length, 2);
  });
}

test("a key in the metadata decides the project", async () => {
  await call(framed(samplePayload()), { authorization: "Bearer good-key" });
  assert.deepEqual([fixture.log.rows[0]?.project_id, fixture.log.rows[0]?.api_key_id], ["shop", "key_1"]);
});

test("spans without ids are a partial success", async () => {
  const { status, message } = await call(framed(samplePayload({ spanId: "0000000000000000" }, {})));
  assert.equal(status, "0");
  assert.match(message.toString("latin1"), /needs a trace id/);
  assert.equal(fixture.log.rows.length, 1);
});

test("the same message again is counted once", async () => {
  const body = framed(samplePayload());
  await call(body);
  await call(body);
  assert.equal(fixture.log.rows.length, 1);
});

test("who sends too often is told when to go on: RESOURCE_EXHAUSTED with RetryInfo", async () => {
  fixture.limitTo(1);
  const body = framed(samplePayload());
  assert.equal((await call(body)).status, "0");
  const refused = await call(body);
  assert.equal(refused.status, "8");
  const details = Buffer.from(String(refused.headers["grpc-status-details-bin"]), "base64");
  assert.ok(details.includes("google.rpc.RetryInfo"));
});

test("a full journal is UNAVAILABLE with RetryInfo", async () => {
  fixture.fill();
  const { status, headers } = await call(framed(samplePayload()));
  assert.equal(status, "14");
  const details = Buffer.from(String(headers["grpc-status-details-bin"]), "base64");
  assert.ok(details.includes("google.rpc.RetryInfo"));
});

for (const [name, body, headers, path, status] of [
  ["no key where one is needed", framed(samplePayload()), { "x-api-key": "bad" }, tracesPath, "16"],
  ["another method", framed(Buffer.alloc(0)), {}, "/grpc.health.v1.Health/Check", "12"],
  ["another encoding", framed(Buffer.of(1), 1), { "grpc-encoding": "snappy" }, tracesPath, "12"],
  ["bytes that are no message", framed(Buffer.from("what?")), {}, tracesPath, "3"],
  ["no message", Buffer.alloc(0), {}, tracesPath, "3"],
  ["two messages", Buffer.concat([framed(samplePayload()), framed(samplePayload())]), {}, tracesPath, "3"],
  ["a large message", framed(Buffer.alloc(200_000)), {}, tracesPath, "8"],
  ["a bomb", framed(gzipSync(Buffer.alloc(1 << 20)), 1), { "grpc-encoding": "gzip" }, tracesPath, "8"],
  ["too many spans", framed(samplePayload(...Array(51).fill({}))), {}, tracesPath, "8"],
] as const) {
  test(`${name} is status ${status}, and nothing is kept`, async () => {
    const answer = await call(body, headers as Record<string, string>, path);
    assert.equal(answer.status, status);
    assert.ok(!Buffer.from(String(answer.headers["grpc-status-details-bin"]), "base64").includes("RetryInfo"));
    assert.equal(fixture.log.rows.length, 0);
    assert.equal(fixture.intake.inFlight.used, 0);
  });
}

test("logs and metrics are served, and an empty export is a success", async () => {
  for (const [name, service] of [
    ["logs", "Logs"],
    ["metrics", "Metrics"],
  ] as const) {
    const path = `/opentelemetry.proto.collector.${name}.v1.${service}Service/Export`;
    assert.equal((await call(framed(Buffer.alloc(0)), {}, path)).status, "0");
  }
});
