import assert from "node:assert/strict";
import { after, test } from "node:test";
import { priceUsage, readConversation, textOf, toolCallsOf, type Usage, unknownUsage } from "@weir/model";
import { apiOf, providerRows } from "./providers/index.ts";
import { encodeAwsEvent } from "./recording/aws-event-frames.ts";
import { CaptureBudget } from "./recording/capture.ts";
import { ResponseObserver } from "./recording/observe.ts";
import { type Exchange, hasExchanges, readExchanges } from "./testing/exchanges.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

const skip = hasExchanges ? false : "no ../shared/data/exchanges beside this checkout";
const exchanges = hasExchanges ? readExchanges() : [];

test("the recorded exchanges are there", { skip }, () => assert.ok(exchanges.length >= 96, `${exchanges.length}`));

const aspects = ["usage", "finish", "tools", "text", "cost", "every cut"] as const;
type Aspect = (typeof aspects)[number];

/** What was right, by provider: printed at the end. */
const right = new Map<string, Map<Aspect, number>>();

function count(exchange: Exchange, aspect: Aspect): void {
  const row = right.get(exchange.provider) ?? new Map<Aspect, number>();
  right.set(exchange.provider, row.set(aspect, (row.get(aspect) ?? 0) + 1));
}

after(() => {
  if (!hasExchanges) return;
  const lines = [...right].map(([provider, row]) => {
    const of = exchanges.filter((exchange) => exchange.provider === provider);
    const streams = of.filter(({ isStream }) => isStream).length;
    const cells = aspects.map((aspect) => `${row.get(aspect) ?? 0}/${aspect === "every cut" ? streams : of.length}`);
    return `| ${[provider, ...cells].join(" | ")} |`;
  });
  console.log([`| provider | ${aspects.join(" | ")} |`, `|-|${"-|".repeat(aspects.length)}`, ...lines].join("\n"));
});

function apiFor(exchange: Exchange) {
  return apiOf(exchange.method, exchange.path.split("?")[0] ?? "");
}

function observe(exchange: Exchange, chunks: readonly Buffer[], contentType = exchange.contentType): ResponseObserver {
  const observer = new ResponseObserver(
    apiFor(exchange),
    { status: exchange.status, contentType, contentEncoding: "", vendorHeaders: exchange.vendorHeaders },
    { contentBytes: 8 << 20, decodedBytes: 16 << 20, budget: new CaptureBudget(64 << 20) },
  );
  let nowMs = 1;
  for (const chunk of chunks) observer.push(chunk, nowMs++);
  observer.end(() => {});
  return observer;
}

/** The answer's parts, as they are read for the UI. */
function partsOf(exchange: Exchange, observer: ResponseObserver) {
  const content_format = apiFor(exchange).format;
  const input = exchange.requestBody.toString();
  return readConversation({ content_format, input, output: observer.output.toString() }).response?.parts ?? [];
}

/** The truth's counts on our bases; what the provider did not say is absent. */
function expectedUsage({ truth }: Exchange): Partial<Usage> {
  // Mistral's word for cached tokens, which the truth leaves out.
  const mistralCached = truth.raw_usage?.["num_cached_tokens"];
  const usage: Record<string, number> = {
    ...(typeof mistralCached === "number" ? { cache_read: mistralCached } : {}),
    ...truth.usage,
  };
  const cached = (usage["cache_read"] ?? 0) + (usage["cache_write"] ?? 0);
  const uncached = usage["input_uncached"];
  const entries: [keyof Usage, number | undefined][] = [
    ["input_tokens", usage["input_total"] ?? (uncached === undefined ? usage["billed_input"] : uncached + cached)],
    ["output_tokens", usage["output_total"]],
    ["cache_read_tokens", usage["cache_read"]],
    ["cache_write_tokens", usage["cache_write"]],
    ["cache_write_1h_tokens", usage["cache_write_1h"]],
    ["reasoning_tokens", usage["reasoning"]],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function assertUsage(exchange: Exchange, observer: ResponseObserver): void {
  const { answer } = observer;
  assert.equal(answer.hasUsage, exchange.truth.usage !== null);
  for (const [field, expected] of Object.entries(expectedUsage(exchange))) {
    if (apiFor(exchange).kind === "embedding" && field === "output_tokens") continue;
    assert.equal(answer.usage[field as keyof Usage], expected, field);
  }
}

function assertContent(exchange: Exchange, observer: ResponseObserver): void {
  const parts = partsOf(exchange, observer);
  assert.deepEqual(
    parts.filter(({ type }) => type === "unknown" || type === "json"),
    [],
  );
  if (exchange.truth.text !== null) assert.equal(textOf(parts), exchange.truth.text);
}

// Nova's answer to a plain invoke, whose truth was not read out of the body.
const withoutTruth = new Set(["bedrock.invoke.json.02.json"]);

function assertTools(exchange: Exchange, observer: ResponseObserver): void {
  if (withoutTruth.has(exchange.name)) return;
  const calls = toolCallsOf(partsOf(exchange, observer)).filter((call) => !call.isProviderTool);
  assert.deepEqual(
    calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
    exchange.truth.tools.map(({ name, arguments: text }) => ({
      name,
      arguments: typeof text === "string" ? JSON.parse(text) : text,
    })),
  );
}

function assertTruth(exchange: Exchange, observer: ResponseObserver): void {
  const { answer } = observer;
  assert.equal(answer.errorMessage, "");
  if (exchange.truth.model !== null) assert.equal(answer.model, exchange.truth.model);
  assertUsage(exchange, observer);
  count(exchange, "usage");
  assert.equal(answer.finish, exchange.truth.finish ?? "");
  count(exchange, "finish");
  assert.equal(observer.isComplete, true);
  assert.equal(observer.outputState, "full");
  if (apiFor(exchange).kind !== "embedding") assertContent(exchange, observer);
  count(exchange, "text");
  assertTools(exchange, observer);
  count(exchange, "tools");
}

for (const exchange of exchanges) {
  test(`${exchange.name}: read in one piece`, () => assertTruth(exchange, observe(exchange, [exchange.responseBody])));
}

function assertSame(cut: ResponseObserver, whole: ResponseObserver, what: string): void {
  assert.deepEqual(cut.answer, whole.answer, what);
  assert.equal(cut.gaps.chunkCount, whole.gaps.chunkCount, what);
  assert.ok(cut.output.equals(whole.output), what);
}

for (const exchange of exchanges.filter(({ isStream }) => isStream)) {
  test(`${exchange.name}: cut at every byte`, () => {
    const bytes = exchange.responseBody;
    const whole = observe(exchange, [bytes]);
    // The middle of a long stream is more of the same; reading byte by byte, below, cuts there too.
    const step = bytes.length > 12_000 ? 7 : 1;
    const isMiddle = (at: number) => at > 1500 && at < bytes.length - 800;
    for (let at = 1; at < bytes.length; at += isMiddle(at) ? 149 : step) {
      const cut = observe(exchange, [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
      assertSame(cut, whole, `cut at ${at}`);
    }
    const bytewise = observe(
      exchange,
      [...bytes].map((byte) => Buffer.of(byte)),
    );
    assertSame(bytewise, whole, "byte by byte");
    count(exchange, "every cut");
  });

  test(`${exchange.name}: broken off anywhere, what came is kept`, () => {
    const bytes = exchange.responseBody;
    const text = textOf(partsOf(exchange, observe(exchange, [bytes])));
    for (let at = 1; at < bytes.length * 0.8; at += Math.ceil(bytes.length / 60)) {
      const observer = observe(exchange, [Buffer.from(bytes.subarray(0, at))]);
      const partial = textOf(partsOf(exchange, observer));
      assert.ok(text.startsWith(partial.replace(/\ufffd+$/, "")), `cut at ${at}: ${partial.slice(-40)}`);
    }
  });
}

/** What no API knows yet, in the framing of a stream. */
function inventionFor(exchange: Exchange): Buffer {
  const data = JSON.stringify({ type: "a.later.invention", event_type: "later", delta: { kind: "new" }, value: [1] });
  if (exchange.contentType.startsWith("text/event-stream")) {
    return Buffer.from(`: a comment\nretry: 10\nevent: a.later.invention\ndata: ${data}\n\n`);
  }
  if (exchange.contentType.includes("amazon.eventstream")) {
    const headers = { ":event-type": "laterInvention", ":content-type": "application/json", ":message-type": "event" };
    return encodeAwsEvent(headers, Buffer.from(data));
  }
  return Buffer.from(`${data}\n`);
}

/** Where one event of a stream ends and the next begins. */
function boundariesOf(exchange: Exchange): number[] {
  const bytes = exchange.responseBody;
  const found = [0];
  if (exchange.contentType.includes("amazon.eventstream")) {
    for (let at = 0; at + 4 <= bytes.length; found.push(at)) at += bytes.readUInt32BE(at);
    return found;
  }
  const isEvents = exchange.contentType.startsWith("text/event-stream");
  const separator = isEvents ? (bytes.includes("\r\n\r\n") ? "\r\n\r\n" : "\n\n") : "\n";
  for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, at + 1)) {
    found.push(at + separator.length);
  }
  return found;
}

for (const exchange of exchanges.filter(({ isStream }) => isStream)) {
  test(`${exchange.name}: events that nobody knows change nothing`, () => {
    const bytes = exchange.responseBody;
    const whole = observe(exchange, [bytes]);
    const invention = inventionFor(exchange);
    const places = boundariesOf(exchange);
    for (let index = 0; index < places.length; index += Math.ceil(places.length / 40)) {
      const at = places[index] ?? 0;
      const added = observe(exchange, [bytes.subarray(0, at), invention, bytes.subarray(at)]);
      assert.deepEqual(added.answer, whole.answer, `at ${at}`);
      assert.equal(added.gaps.chunkCount, whole.gaps.chunkCount, `at ${at}`);
      assert.equal(added.isComplete, true, `at ${at}`);
      assert.deepEqual(partsOf(exchange, added), partsOf(exchange, whole), `at ${at}`);
    }
  });
}

for (const exchange of exchanges.filter(({ api }) => api === "streamGenerateContent")) {
  test(`${exchange.name}: as the JSON array that it is without alt=sse`, () => {
    const events = exchange.responseBody
      .toString()
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data: "));
    const array = Buffer.from(`[${events.map((line) => line.slice(6)).join("\r\n,\r\n")}\r\n]\r\n`);
    const whole = observe(exchange, [exchange.responseBody]);
    for (const sizes of [array.length, 1, 7, 1000]) {
      const count = Math.ceil(array.length / sizes);
      const chunks = Array.from({ length: count }, (_, index) => array.subarray(index * sizes, (index + 1) * sizes));
      assertSame(observe(exchange, chunks, "application/json; charset=UTF-8"), whole, `in pieces of ${sizes}`);
    }
  });
}

/** The price of the truth's counts; what is reported or billed apart comes first. */
function expectedCost(exchange: Exchange, provider: string): number | null {
  const { truth } = exchange;
  const raw = truth.raw_usage as RawCost | null;
  // OpenRouter tells the cost; what it billed to a key of the user's own comes on top.
  if (raw?.cost !== undefined) {
    const own = raw.is_byok === true ? (raw.cost_details?.upstream_inference_cost ?? 0) : 0;
    return Math.round((raw.cost + own) * 1e9);
  }
  const asked = (JSON.parse(exchange.requestBody.toString()) as { model?: string }).model ?? apiFor(exchange).model;
  const usage: Usage = { ...unknownUsage, output_tokens: 0, ...expectedUsage(exchange) };
  const billed = truth.usage?.["billed_input"];
  const input_audio_tokens = raw?.promptTokensDetails?.find(({ modality }) => modality === "AUDIO")?.tokenCount ?? null;
  const web_search_requests = raw?.server_tool_use?.web_search_requests ?? 0;
  const counts =
    billed === undefined
      ? { ...usage, input_audio_tokens, details: { web_search_requests } }
      : { ...unknownUsage, input_tokens: billed, output_tokens: truth.usage?.["billed_output"] ?? 0 };
  const prices = [truth.model ?? "", asked].map((model) =>
    priceUsage({ provider, model, usage: counts, at: new Date() }),
  );
  return prices.find((price) => price !== null)?.cost_nano_usd ?? null;
}

interface RawCost {
  readonly cost?: number;
  readonly is_byok?: boolean;
  readonly cost_details?: { readonly upstream_inference_cost?: number };
  readonly server_tool_use?: { readonly web_search_requests?: number };
  readonly promptTokensDetails?: readonly { readonly modality: string; readonly tokenCount: number }[];
}

test("through the gateway: what is sent and what is received is what was recorded", { skip }, async () => {
  await using fixture = await GatewayFixture.start();
  for (const exchange of exchanges) {
    const length = exchange.responseBody.length;
    fixture.mock.on(exchange.name, {
      status: exchange.status,
      headers: { "content-type": exchange.contentType, ...exchange.vendorHeaders },
      body: exchange.responseBody,
      framing: exchange.isStream ? "chunked" : "length",
      cutAt: exchange.isStream
        ? Array.from({ length: 40 }, (_, index) => (index * 7919) % length).sort((a, b) => a - b)
        : [],
    });
    const response = await fetch(`${fixture.url}/${exchange.provider}${exchange.path}`, {
      method: exchange.method,
      headers: { "content-type": "application/json", "x-mock": exchange.name },
      body: exchange.requestBody,
    });
    const received = Buffer.from(await response.arrayBuffer());
    const sent = fixture.mock.requests.at(-1);
    assert.equal(sent?.path, exchange.path);
    const isPatched = !sent.body.equals(exchange.requestBody);
    if (isPatched) assert.ok(sent.body.includes('"include_usage":true'), exchange.name);
    else assert.ok(received.equals(exchange.responseBody), exchange.name);
  }
  const rows = await fixture.rows(exchanges.length);
  const wrongCosts: string[] = [];
  for (const [index, exchange] of exchanges.entries()) {
    const row = rows[index];
    assert.ok(row);
    assert.equal(row.status, "ok", `${exchange.name}: ${row.error_message}`);
    assert.equal(row.content_state, "full", exchange.name);
    assert.equal(row.input, exchange.requestBody.toString(), exchange.name);
    assert.equal(row.input_tokens, expectedUsage(exchange).input_tokens ?? null, exchange.name);
    assert.equal(row.is_stream, exchange.isStream ? 1 : 0, exchange.name);
    assert.notEqual(row.request_model, "", exchange.name);
    if (exchange.isStream) assert.ok((row.ttft_ns ?? 0) > 0, exchange.name);
    const otelName = providerRows.find(({ id }) => id === exchange.provider)?.otelName ?? exchange.provider;
    const cost = expectedCost(exchange, otelName);
    const isRight = row.cost_nano_usd === cost;
    if (isRight) count(exchange, "cost");
    else wrongCosts.push(`${exchange.name}: ${row.cost_nano_usd}, expected ${cost}`);
  }
  assert.deepEqual(wrongCosts, []);
});
