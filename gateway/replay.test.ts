import assert from "node:assert/strict";
import { test } from "node:test";
import { apiOf } from "./providers/index.ts";
import { CaptureBudget } from "./recording/capture.ts";
import { ResponseObserver } from "./recording/observe.ts";
import { contentOf, type Exchange, hasExchanges, readExchanges } from "./testing/exchanges.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

const providers = ["openai", "anthropic", "groq", "mistral", "openrouter", "together"];
const skip = hasExchanges ? false : "no ../shared/data/exchanges beside this checkout";
const exchanges = hasExchanges ? readExchanges(providers) : [];

test("the recorded exchanges are there", { skip }, () => assert.ok(exchanges.length >= 40, `${exchanges.length}`));

function observe(exchange: Exchange, chunks: readonly Buffer[]): ResponseObserver {
  const api = apiOf("POST", exchange.path.split("?")[0] ?? "");
  const observer = new ResponseObserver(
    api,
    { status: exchange.status, contentType: exchange.contentType, contentEncoding: "" },
    { contentBytes: 8 << 20, decodedBytes: 16 << 20, budget: new CaptureBudget(64 << 20) },
  );
  let nowMs = 1;
  for (const chunk of chunks) observer.push(chunk, nowMs++);
  observer.end(() => {});
  return observer;
}

/** `truth.usage` → our fields; what the provider did not say is not compared. */
const usageFields = {
  input_total: "input_tokens",
  output_total: "output_tokens",
  cache_read: "cache_read_tokens",
  cache_write: "cache_write_tokens",
  cache_write_1h: "cache_write_1h_tokens",
  reasoning: "reasoning_tokens",
} as const;

function assertTruth(exchange: Exchange, observer: ResponseObserver): void {
  const { truth } = exchange;
  const { answer } = observer;
  assert.equal(answer.errorMessage, "");
  assert.equal(answer.model, truth.model ?? "");
  assert.equal(answer.finish, truth.finish ?? "");
  assert.equal(answer.hasUsage, truth.usage !== null);
  for (const [name, field] of Object.entries(usageFields)) {
    const expected = truth.usage?.[name];
    if (expected !== undefined && !(exchange.api === "embeddings" && name === "output_total")) {
      assert.equal(answer.usage[field], expected, field);
    }
  }
  assert.equal(observer.isComplete, true);
  assert.equal(observer.outputState, "full");
  if (exchange.api === "embeddings") return;
  const content = contentOf(observer.output);
  if (truth.text !== null) assert.equal(content.text, truth.text);
  assert.deepEqual(content.tools, truth.tools);
}

for (const exchange of exchanges) {
  test(`${exchange.name}: read in one piece`, () => assertTruth(exchange, observe(exchange, [exchange.responseBody])));
}

for (const exchange of exchanges.filter(({ contentType }) => contentType.startsWith("text/event-stream"))) {
  test(`${exchange.name}: cut at every byte`, () => {
    const bytes = exchange.responseBody;
    const whole = observe(exchange, [bytes]);
    // The middle of a long stream is more of the same; reading byte by byte, below, cuts there too.
    const step = bytes.length > 12_000 ? 7 : 1;
    const isMiddle = (at: number) => at > 1500 && at < bytes.length - 800;
    for (let at = 1; at < bytes.length; at += isMiddle(at) ? 149 : step) {
      const cut = observe(exchange, [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
      assert.deepEqual(cut.answer, whole.answer, `cut at ${at}`);
      assert.equal(cut.gaps.chunkCount, whole.gaps.chunkCount, `cut at ${at}`);
      assert.ok(cut.output.equals(whole.output), `cut at ${at}`);
    }
    const bytewise = observe(
      exchange,
      [...bytes].map((byte) => Buffer.of(byte)),
    );
    assertTruth(exchange, bytewise);
  });

  test(`${exchange.name}: broken off anywhere, what came is kept and the end is missed`, () => {
    const bytes = exchange.responseBody;
    const { text } = contentOf(observe(exchange, [bytes]).output);
    for (let at = 1; at < bytes.length * 0.8; at += Math.ceil(bytes.length / 60)) {
      const observer = observe(exchange, [Buffer.from(bytes.subarray(0, at))]);
      const partial = contentOf(observer.output).text;
      assert.ok(text.startsWith(partial.replace(/\ufffd+$/, "")), `cut at ${at}: ${partial.slice(-40)}`);
    }
  });
}

test("through the gateway: what is sent and what is received is what was recorded", { skip }, async () => {
  await using fixture = await GatewayFixture.start();
  let count = 0;
  for (const exchange of exchanges) {
    const isStream = exchange.contentType.startsWith("text/event-stream");
    fixture.mock.on(exchange.name, {
      status: exchange.status,
      headers: { "content-type": exchange.contentType },
      body: exchange.responseBody,
      framing: isStream ? "chunked" : "length",
      cutAt: isStream
        ? Array.from({ length: 40 }, (_, index) => (index * 7919) % exchange.responseBody.length).sort((a, b) => a - b)
        : [],
    });
    const response = await fetch(`${fixture.url}/${exchange.provider}${exchange.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-mock": exchange.name },
      body: exchange.requestBody,
    });
    const received = Buffer.from(await response.arrayBuffer());
    const sent = fixture.mock.requests.at(-1);
    const isPatched = sent !== undefined && !sent.body.equals(exchange.requestBody);
    if (isPatched) assert.ok(sent.body.includes('"include_usage":true'), exchange.name);
    else assert.ok(received.equals(exchange.responseBody), exchange.name);
    count += 1;
  }
  const rows = await fixture.rows(count);
  for (const [index, exchange] of exchanges.entries()) {
    const row = rows[index];
    assert.equal(row?.status, "ok", `${exchange.name}: ${row?.error_message}`);
    assert.equal(row?.content_state, "full", exchange.name);
    assert.equal(row?.input, exchange.requestBody.toString(), exchange.name);
    assert.equal(row?.input_tokens, exchange.truth.usage?.["input_total"] ?? null, exchange.name);
    if (exchange.contentType.startsWith("text/event-stream")) assert.ok((row?.ttft_ns ?? 0) > 0, exchange.name);
  }
});
