import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { LogRow, MetricPointRow } from "@weir/model";
import { tracesTree } from "@weir/otlp";
import { readBlocks } from "@weir/pipeline/testing";
import { IntakeFixture, logsTree, metricsTree, samplePayload, sampleSpan } from "../otlp/testing.ts";
import { createOtlpHttpReceiver, isOtlpUrl } from "./receiver.ts";

const fixture = new IntakeFixture();
const server = createServer(createOtlpHttpReceiver(fixture.intake));
let base = "";

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());
beforeEach(() => fixture.reset());

const protobuf = { "content-type": "application/x-protobuf" };
const json = { "content-type": "application/json; charset=utf-8" };

async function post(body: Uint8Array | string, headers: Record<string, string> = protobuf, path = "/v1/traces") {
  const response = await fetch(base + path, { method: "POST", headers, body } as RequestInit);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

for (const [name, pack] of [
  ["identity", (bytes: Buffer) => bytes],
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
  ["deflate", deflateSync],
] as const) {
  test(`protobuf in ${name} becomes rows, and the answer is empty`, async () => {
    const { status, headers, bytes } = await post(pack(samplePayload({}, {})), {
      ...protobuf,
      "content-encoding": name,
    });
    assert.deepEqual([status, bytes.length, headers.get("content-type")], [200, 0, "application/x-protobuf"]);
    assert.deepEqual(
      fixture.log.rows.map((row) => [row.name, row.source, row.service_name, row.start_time, row.duration_ns]),
      Array(2).fill(["chat gpt-4o", "otlp", "shop", 1767323045123456789n, 1_000_000_000]),
    );
  });
}

test("JSON becomes the same rows, and is answered in JSON", async () => {
  const { status, headers, text } = await post(JSON.stringify(tracesTree([sampleSpan()])), json);
  assert.deepEqual([status, text, headers.get("content-type")], [200, "{}", "application/json"]);
  assert.equal(fixture.log.rows[0]?.attributes["gen_ai.request.model"], "gpt-4o");
});

test("an empty export is a success", async () => {
  assert.equal((await post("")).status, 200);
  assert.equal((await post("{}", json)).text, "{}");
});

test("spans without ids are refused, the others are kept", async () => {
  const spans = [sampleSpan(), sampleSpan({ spanId: "0000000000000000" }), sampleSpan({ traceId: "abcd" })];
  const { status, text } = await post(JSON.stringify(tracesTree(spans)), json);
  assert.equal(status, 200);
  const { partialSuccess } = JSON.parse(text);
  assert.equal(partialSuccess.rejectedSpans, "2");
  assert.match(partialSuccess.errorMessage, /needs a trace id/);
  assert.equal(fixture.log.rows.length, 1);
});

test("a span that no column holds is refused, the others are kept", async () => {
  const far = sampleSpan({ startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 2n ** 64n - 1n });
  const { status, text } = await post(JSON.stringify(tracesTree([sampleSpan(), far, sampleSpan()])), json);
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).partialSuccess?.rejectedSpans, "1");
  assert.equal(fixture.log.rows.length, 2);
});

test("logs are kept, each with its time and place in the order of arrival", async () => {
  const { status, text } = await post(JSON.stringify(logsTree), json, "/v1/logs");
  assert.deepEqual([status, text], [200, "{}"]);
  const [first, second] = fixture.log.batches.flatMap(
    ({ block, table }) => readBlocks(block, table) as unknown as LogRow[],
  );
  assert.ok(first && second);
  assert.deepEqual([first.body, second.body], ["a", ""]);
  assert.ok(first.time > 0n && (first.sequence + 1) >>> 0 === second.sequence);
  assert.equal((await post(Buffer.of(10, 9), protobuf, "/v1/logs")).status, 400);
});

test("points are kept; those that no chart could read are refused with the reason", async () => {
  const { status, text } = await post(JSON.stringify(metricsTree), json, "/v1/metrics");
  assert.equal(status, 200);
  const { partialSuccess } = JSON.parse(text);
  assert.equal(partialSuccess.rejectedDataPoints, "2");
  assert.match(partialSuccess.errorMessage, /delta or cumulative/);
  const rows = fixture.log.batches.flatMap(
    ({ block, table }) => readBlocks(block, table) as unknown as MetricPointRow[],
  );
  assert.deepEqual(
    rows.map(({ metric_name, type, value, temporality, service_name }) => [
      metric_name,
      type,
      value,
      temporality,
      service_name,
    ]),
    [
      ["queue", "gauge", Number.NaN, "", "shop"],
      ["calls", "sum", 5, "cumulative", "shop"],
      ["calls", "sum", 7, "cumulative", "shop"],
    ],
  );
  assert.equal((await post("{}", json, "/v1/metrics")).text, "{}");
});

test("logs and metrics that are sent again are counted once", async () => {
  for (const [tree, path] of [
    [logsTree, "/v1/logs"],
    [metricsTree, "/v1/metrics"],
  ] as const) {
    fixture.reset();
    const headers = { ...json, authorization: "Bearer good-key" };
    for (let time = 0; time < 3; time++) await post(JSON.stringify(tree), headers, path);
    assert.equal(fixture.log.batches.length, 1, path);
  }
});

test("the same bytes again are counted once", async () => {
  const payload = samplePayload();
  for (let time = 0; time < 3; time++) assert.equal((await post(payload)).status, 200);
  assert.equal(fixture.log.rows.length, 1);
  await post(payload, { ...protobuf, authorization: "Bearer good-key" });
  assert.equal(fixture.log.rows.length, 2);
});

test("a key decides the project, from each of its headers; a wrong one is 401", async () => {
  for (const header of [
    { authorization: "Bearer good-key" },
    { "x-api-key": "good-key" },
    { "x-weir-key": "good-key" },
  ]) {
    await post(samplePayload(), { ...protobuf, ...(header as Record<string, string>) });
  }
  assert.deepEqual(
    fixture.log.rows.map(({ project_id, api_key_id }) => [project_id, api_key_id]),
    Array(3).fill(["shop", "key_1"]),
  );
  assert.equal((await post(samplePayload(), { ...protobuf, "x-api-key": "bad" })).status, 401);
  fixture.allowKeyless = false;
  const refused = await post("{}", json);
  assert.equal(refused.status, 401);
  assert.equal(JSON.parse(refused.text).code, 16);
});

test("who sends too often is told when to go on", async () => {
  fixture.limitTo(1);
  assert.equal((await post("{}", json)).status, 200);
  const refused = await post("{}", json);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) > 50);
  assert.equal(JSON.parse(refused.text).code, 8);
});

test("a full journal is 503 with a delay, in the request's spelling", async () => {
  fixture.fill();
  const inJson = await post(JSON.stringify(tracesTree([sampleSpan()])), json);
  assert.deepEqual([inJson.status, inJson.headers.get("retry-after")], [503, "3"]);
  const status = JSON.parse(inJson.text);
  assert.deepEqual([status.code, status.details[0].retryDelay], [14, "2.5s"]);
  const payload = samplePayload();
  const inProtobuf = await post(payload);
  assert.deepEqual([inProtobuf.status, inProtobuf.headers.get("content-type")], [503, "application/x-protobuf"]);
  assert.ok(inProtobuf.bytes.includes("google.rpc.RetryInfo"));
  fixture.log.refuseWith(undefined);
  assert.equal((await post(payload)).status, 200);
  assert.equal(fixture.log.rows.length, 1);
});

for (const [name, send, status] of [
  ["another method", () => fetch(`${base}/v1/traces`), 405],
  ["another path", () => post("", protobuf, "/v1/profiles"), 404],
  ["another media type", () => post("", { "content-type": "text/plain" }), 415],
  ["another encoding", () => post("", { ...protobuf, "content-encoding": "rot13" }), 415],
  ["bytes that are no message", () => post("what?"), 400],
  ["text that is no JSON", () => post("what?", json), 400],
  ["bytes that are no gzip", () => post("what?", { ...protobuf, "content-encoding": "gzip" }), 400],
  ["a large body", () => post(Buffer.alloc(100_001)), 413],
  ["a gzip bomb", () => post(gzipSync(Buffer.alloc(1 << 20)), { ...protobuf, "content-encoding": "gzip" }), 413],
  [
    "a zstd bomb",
    () => post(zstdCompressSync(Buffer.alloc(1 << 20)), { ...protobuf, "content-encoding": "zstd" }),
    413,
  ],
  ["too many spans", () => post(samplePayload(...Array(51).fill({}))), 413],
] as const) {
  test(`${name} is ${status}, and nothing is kept`, async () => {
    assert.equal((await send()).status, status);
    assert.equal(fixture.log.rows.length, 0);
    // And nothing of it is left for the next one.
    assert.equal((await post(samplePayload())).status, 200);
    assert.equal(fixture.log.rows.length, 1);
  });
}

test("a wrong field of JSON is named", async () => {
  const { status, text } = await post('{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"x"}]}]}]}', json);
  assert.equal(status, 400);
  assert.equal(JSON.parse(text).code, 3);
  assert.match(JSON.parse(text).message, /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.kind/);
});

test("more than may be held at once is told to wait; what was held is given back", async () => {
  const { intake } = fixture;
  const held = intake.inFlight.lease();
  held.add((1 << 20) - 10);
  const { status, headers } = await post(samplePayload());
  assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
  held[Symbol.dispose]();
  assert.equal((await post(samplePayload())).status, 200);
  assert.equal(intake.inFlight.used, 0);
});

test("a sender that breaks off leaves nothing behind", async () => {
  const broken = request(`${base}/v1/traces`, { method: "POST", headers: { ...protobuf, "content-length": "5000" } });
  broken.on("error", () => {});
  broken.write("half");
  while (fixture.intake.inFlight.used !== 5000) await sleep(5);
  broken.destroy();
  while (fixture.intake.inFlight.used > 0) await sleep(5);
});

test("the URLs of OTLP", () => {
  assert.deepEqual(
    ["/v1/traces", "/v1/logs/", "/v1/metrics?x=1", "/v1/chat/completions", "/api/v1/traces", undefined].map(isOtlpUrl),
    [true, true, true, false, false, false],
  );
});
