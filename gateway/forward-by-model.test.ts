import assert from "node:assert/strict";
import { test } from "node:test";
import { projectId } from "@weir/model";
import { encodeAwsEvent } from "./recording/aws-event-frames.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { headerOf, type MockAnswer } from "./testing/mock-upstream.ts";

const messages = [{ role: "user", content: "Hi" }];
const json = (body: unknown): MockAnswer => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const claude = {
  id: "msg_1",
  type: "message",
  model: "claude-sonnet-4-5",
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 3, output_tokens: 2 },
};
const bearer = { headers: { authorization: "Bearer sk-mine" } };

test("another vendor of OpenAI's API gets its own model's name, and every other byte", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/chat/completions", json({ choices: [] }));
  const body = `{"messages":[],  "model" : "mistral/mistral-small", "x":"mistral/mistral-small"}`;
  await fetch(`${fixture.url}/v1/chat/completions`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  assert.equal(fixture.mock.requests[0]?.body.toString(), body.replace('"mistral/mistral-small"', '"mistral-small"'));
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.provider, row?.request_model], ["mistral_ai", "mistral-small"]);
});

test("a model without a provider, or with one that is unknown, is the usual provider's, byte for byte", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/chat/completions", json({ choices: [] }));
  for (const model of ["gpt-4o", "acme/gpt", "/x", ""]) {
    const body = JSON.stringify({ model, messages });
    await fetch(`${fixture.url}/v1/chat/completions`, { method: "POST", body });
    assert.equal(fixture.mock.requests.at(-1)?.body.toString(), body);
  }
  const rows = await fixture.rows(4);
  assert.deepEqual([...new Set(rows.map((row) => row.provider))], ["openai"]);
});

test("an aggregator as the usual provider gets its own names as they are", async () => {
  await using fixture = await GatewayFixture.start({ config: { defaultProvider: "openrouter" } });
  fixture.mock.on("/v1/chat/completions", json({ choices: [] }));
  await fixture.post("/v1/chat/completions", { model: "anthropic/claude-sonnet-4.5", messages });
  assert.equal(JSON.parse(fixture.mock.requests[0]?.body.toString() ?? "").model, "anthropic/claude-sonnet-4.5");
});

test("a whole answer of Anthropic's: translated both ways, and recorded as what it was", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/messages", json(claude));
  const response = await fixture.post(
    "/v1/chat/completions",
    { model: "anthropic/claude-sonnet-4-5", messages },
    bearer,
  );
  const answer = (await response.json()) as {
    choices: [{ message: { content: string }; finish_reason: string }];
    usage: unknown;
  };
  assert.equal(answer.choices[0].message.content, "Hello");
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.deepEqual(answer.usage, { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
  const sent = fixture.mock.requests[0];
  assert.deepEqual(
    ["x-api-key", "anthropic-version", "authorization", "content-type"].map((name) =>
      headerOf(sent?.headers ?? [], name),
    ),
    ["sk-mine", "2023-06-01", undefined, "application/json"],
  );
  const [row] = await fixture.rows(1);
  assert.deepEqual(
    [row?.provider, row?.request_model, row?.content_format, row?.content_state, row?.input_tokens, row?.status],
    ["anthropic", "claude-sonnet-4-5", "anthropic.messages", "full", 3, "ok"],
  );
  assert.ok((row?.cost_nano_usd ?? 0) > 0);
  assert.equal(row?.input, sent?.body.toString());
});

const events = [
  ["messageStart", { role: "assistant" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hel" } }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "lo" } }],
  ["messageStop", { stopReason: "end_turn" }],
  ["metadata", { usage: { inputTokens: 3, outputTokens: 2 } }],
] as const;
const frames = events.map(([type, data]) => encodeAwsEvent({ ":event-type": type }, Buffer.from(JSON.stringify(data))));
const eventStream = { "content-type": "application/vnd.amazon.eventstream" };

test("a binary stream of Bedrock's becomes chunks, wherever its bytes are cut", async () => {
  await using fixture = await GatewayFixture.start();
  const body = Buffer.concat(frames);
  const cutAt = Array.from({ length: body.length }, (_, index) => index);
  fixture.mock.on("/model/us.amazon.nova-micro-v1%3A0/converse-stream", {
    headers: eventStream,
    body,
    framing: "chunked",
    cutAt,
  });
  const request = {
    model: "bedrock/us.amazon.nova-micro-v1:0",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  };
  const response = await fixture.post("/v1/chat/completions", request, bearer);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const text = await response.text();
  const data = text
    .split("\n\n")
    .slice(0, -2)
    .map(
      (event) =>
        JSON.parse(event.slice(6)) as {
          choices: { delta: { content?: string }; finish_reason: string | null }[];
          usage?: unknown;
        },
    );
  assert.equal(data.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "Hello");
  assert.equal(data.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finish_reason, "stop");
  assert.deepEqual(data.at(-1)?.usage, { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
  assert.ok(text.endsWith("data: [DONE]\n\n"));
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.is_stream, row?.output_tokens, row?.chunk_count], ["ok", 1, 2, 2]);
});

test("a stream that lacks its end breaks off visibly for the client too", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/model/m/converse-stream", {
    headers: eventStream,
    body: Buffer.concat(frames.slice(0, 2)),
    framing: "chunked",
  });
  const response = await fixture.post("/v1/chat/completions", { model: "bedrock/m", messages, stream: true }, bearer);
  await assert.rejects(response.text());
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type], ["cut", "stream_incomplete"]);
});

test("an error of Gemini's is read as OpenAI's; its status stays", async () => {
  await using fixture = await GatewayFixture.start();
  const error = { error: { code: 429, message: "Quota.", status: "RESOURCE_EXHAUSTED" } };
  fixture.mock.on("/v1beta/models/gemini-2.5-flash:generateContent", { ...json(error), status: 429 });
  const response = await fixture.post("/v1/chat/completions", { model: "gemini/gemini-2.5-flash", messages }, bearer);
  assert.equal(response.status, 429);
  assert.equal(((await response.json()) as { error: { message: string } }).error.message, "Quota.");
  assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "x-goog-api-key"), "sk-mine");
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.status, row?.error_type, row?.provider], ["error", "rate_limit", "gcp.gemini"]);
});

for (const [model, path, message] of [
  ["anthropic/claude", "/v1/embeddings", /no embeddings/],
  ["bedrock/m", "/v1/chat/completions", /data: URL/],
] as const) {
  test(`${model}${path}: what cannot be translated is refused before it is sent`, async () => {
    await using fixture = await GatewayFixture.start();
    const content = [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }];
    const response = await fixture.post(path, { model, input: "a", messages: [{ role: "user", content }] });
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as { error: { message: string } }).error.message, message);
    assert.equal(fixture.mock.requests.length, 0);
  });
}

test("embeddings of Cohere's", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(
    "/v2/embed",
    json({ id: "e", embeddings: { float: [[1, 2]] }, meta: { billed_units: { input_tokens: 2 } } }),
  );
  const response = await fixture.post("/v1/embeddings", { model: "cohere/embed-v4.0", input: "a" }, bearer);
  const { data, usage } = (await response.json()) as {
    data: { embedding: number[] }[];
    usage: { prompt_tokens: number };
  };
  assert.deepEqual([data[0]?.embedding, usage.prompt_tokens], [[1, 2], 2]);
  assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "authorization"), "Bearer sk-mine");
});

const key = "weir_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg";
const catalog = (secret: string) => ({
  current: () => ({
    apiKey: (given: string) => (given === key ? { id: "key_1", projectId: projectId("shop") } : undefined),
    connection: () => ({ secret }),
  }),
});

test("a virtual key for Bedrock: the gateway signs, in the region that the client's own signature names", async () => {
  await using fixture = await GatewayFixture.start({ catalog: catalog("AKIAIOSFODNN7EXAMPLE:secret") });
  fixture.mock.on(
    "/model/m/converse",
    json({ output: { message: { role: "assistant", content: [{ text: "Hi" }] } }, stopReason: "end_turn" }),
  );
  const scope = `AWS4-HMAC-SHA256 Credential=${key}/20240101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=00`;
  const headers = { authorization: scope, "x-amz-date": "20240101T000000Z", "x-amz-security-token": "mine" };
  const response = await fixture.post("/bedrock/model/m/converse", { messages: [] }, { headers });
  assert.equal(response.status, 200);
  const sent = fixture.mock.requests[0];
  const authorization = headerOf(sent?.headers ?? [], "authorization") ?? "";
  assert.match(
    authorization,
    /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
  );
  assert.notEqual(headerOf(sent?.headers ?? [], "x-amz-date"), "20240101T000000Z");
  assert.equal(headerOf(sent?.headers ?? [], "x-amz-security-token"), undefined);
  assert.ok(!JSON.stringify(sent?.headers).includes(key));
});

test("a virtual key for Bedrock whose connection holds an API key", async () => {
  await using fixture = await GatewayFixture.start({ catalog: catalog("ABSK-secret-0123456789") });
  fixture.mock.on("/model/m/converse", json({ output: { message: { content: [] } } }));
  await fixture.post("/bedrock/model/m/converse", { messages: [] }, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(headerOf(fixture.mock.requests[0]?.headers ?? [], "authorization"), "Bearer ABSK-secret-0123456789");
});

test("a client's own signature passes as it is", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/model/m/converse", json({ output: { message: { content: [] } } }));
  const authorization =
    "AWS4-HMAC-SHA256 Credential=AKIAMINE/20240101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=00";
  await fixture.post(
    "/bedrock/model/m/converse",
    { messages: [] },
    { headers: { authorization, "x-amz-date": "20240101T000000Z" } },
  );
  const sent = fixture.mock.requests[0]?.headers ?? [];
  assert.deepEqual(
    [headerOf(sent, "authorization"), headerOf(sent, "x-amz-date")],
    [authorization, "20240101T000000Z"],
  );
});

test("an upload of audio: its model and fields are recorded, its bytes only pass", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on(
    "/v1/audio/transcriptions",
    json({ text: "Hello", usage: { type: "tokens", input_tokens: 10, output_tokens: 2 } }),
  );
  const body = new FormData();
  body.append("file", new Blob([Buffer.alloc(100_000, 7)], { type: "audio/wav" }), "a.wav");
  body.append("model", "gpt-4o-transcribe");
  await fetch(`${fixture.url}/openai/v1/audio/transcriptions`, { method: "POST", body });
  assert.ok((fixture.mock.requests[0]?.body.length ?? 0) > 100_000);
  const [row] = await fixture.rows(1);
  assert.deepEqual(
    [row?.request_model, row?.operation, row?.content_state, row?.input_tokens],
    ["gpt-4o-transcribe", "transcription", "full", 10],
  );
  const file = { filename: "a.wav", content_type: "audio/wav", bytes: 100_000 };
  assert.deepEqual(JSON.parse(String(row?.input)), { file, model: "gpt-4o-transcribe" });
  assert.ok((row?.cost_nano_usd ?? 0) > 0);
});
