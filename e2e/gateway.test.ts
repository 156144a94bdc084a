import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request } from "node:http";
import { after, before, test } from "node:test";
import { callsOfUser, listCalls, newUser } from "./calls-api.ts";
import { RecordingProxy } from "./recording-proxy.ts";
import { Program, Weir } from "./weir-process.ts";

/** What leaves the gateway on either side, to the byte. A proxy that keeps every byte stands before the provider. */

let mock: Program;
let proxy: RecordingProxy;
let weir: Weir;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.05");
  proxy = await RecordingProxy.start(mock.url);
  weir = await Weir.start({ upstream: proxy.url });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A request as these bytes and headers, through nothing that would tidy them up. */
function send(url: string, headers: Record<string, string>, body: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: "POST", headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers, rawHeaders } = response;
        resolve({ status, headers, rawHeaders, body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const json = { "content-type": "application/json" };
const question =
  '{ "model" : "gpt-4o-mini",\n  "messages":[{"role":"user","content":"Ol\\u00e1 – ção 🙂"}], "seed": 1.0 }';

const bodies: readonly [name: string, path: string, body: string, headers?: Record<string, string>][] = [
  ["odd white space and escapes", "/v1/chat/completions", question],
  [
    "a stream that asks for usage",
    "/v1/chat/completions",
    question.replace("{", '{"stream":true,"stream_options":{"include_usage":true},'),
  ],
  ["the responses API, streamed", "/v1/responses", '{"model":"gpt-5-mini","input":"hi","stream":true}'],
  ["an error", "/v1/chat/completions", question, { "x-mock-fault": "rate-limit" }],
  ["a body that is not JSON", "/v1/moderations", "\u0000\u0001 not json"],
  ["an unknown path", "/v1/never/heard/of?x=1&y=%20", "{}"],
];

for (const [name, path, body, more = {}] of bodies) {
  test(`bytes through the gateway are those of a direct call: ${name}`, async () => {
    const headers = { ...json, authorization: "Bearer sk-e2e", "x-mock-case": name, ...more };
    const straight = await send(mock.url + path, headers, body);
    proxy.forget();
    const through = await send(`${weir.url}/openai${path}`, headers, body);
    assert.equal(through.status, straight.status);
    assert.equal(through.body, straight.body);
    const provider = (answer: RawAnswer) =>
      Object.entries(answer.headers).filter(
        ([header]) => !/^(date|connection|keep-alive|transfer-encoding|content-length|x-weir-.*)$/.test(header),
      );
    assert.deepEqual(provider(through), provider(straight));
    assert.equal(Buffer.from(proxy.lastRequest().body, "latin1").toString(), body);
  });
}

test("a megabyte of a foreign body arrives as it was sent", async () => {
  const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 7919) % 256));
  proxy.forget();
  await send(
    `${weir.url}/openai/v1/files`,
    { "content-type": "application/octet-stream", authorization: "Bearer x" },
    body,
  );
  const sent = Buffer.from(proxy.lastRequest().body, "latin1");
  assert.ok(sent.subarray(-body.length).equals(body));
});

test("Weir's own headers and keys never reach the provider", async () => {
  const user = newUser();
  proxy.forget();
  const headers = {
    ...json,
    authorization: "Bearer sk-e2e-provider",
    "x-weir-key": weir.apiKey,
    "x-weir-user": user,
    "x-weir-session": "s-1",
    "x-weir-tags": "red, blue",
    "Helicone-User-Id": "somebody else",
    "x-custom": "stays",
  };
  const answer = await send(`${weir.url}/openai/v1/chat/completions`, headers, question);
  assert.equal(answer.status, 200);
  const sent = proxy.sentText.toLowerCase();
  for (const secret of [weir.apiKey, "x-weir-", "helicone", user])
    assert.ok(!sent.includes(secret.toLowerCase()), secret);
  assert.ok(sent.includes("x-custom: stays"));
  assert.ok(sent.includes("bearer sk-e2e-provider"));
  const [call] = await callsOfUser(weir, user);
  assert.equal(call?.session_id, "s-1");
  assert.deepEqual(call?.tags, ["red", "blue"]);
  assert.notEqual(call?.api_key_id, "");
});

test("a virtual key: the project's own provider key goes on in its place", async () => {
  const created = await weir.post<{ key: { id: string }; secret: string }>("/api/v1/keys", { name: "virtual" });
  await weir.post("/api/v1/connections", { provider: "openai", base_url: proxy.url, secret: "sk-of-the-project" });
  const user = newUser();
  const headers = { ...json, authorization: `Bearer ${created.secret}`, "x-weir-user": user };
  await weir.until("the new key known to the gateway", 60_000, async () => {
    proxy.forget();
    return (await send(`${weir.url}/openai/v1/chat/completions`, headers, question)).status === 200;
  });
  assert.ok(proxy.sentText.includes("Bearer sk-of-the-project"));
  assert.ok(!proxy.sentText.includes(created.secret));
  const [call] = await callsOfUser(weir, user);
  assert.equal(call?.api_key_id, created.key.id);
  assert.equal(call?.status, "ok");
});

test("an unknown Weir key is refused and nothing is sent on", async () => {
  proxy.forget();
  const headers = { ...json, authorization: `Bearer weir_${"A".repeat(43)}` };
  const answer = await send(`${weir.url}/openai/v1/chat/completions`, headers, question);
  assert.equal(answer.status, 401);
  assert.equal(JSON.parse(answer.body).error.code, "GATEWAY_KEY_INVALID");
  assert.equal(proxy.sentText, "");
});

test("an unknown provider is named, with 404", async () => {
  const answer = await send(`${weir.url}/nobody/v1/chat/completions`, json, question);
  assert.equal(answer.status, 404);
});

test("a reader who leaves: the provider is let go, and what it told until then is kept", async () => {
  const user = newUser();
  const leave = new AbortController();
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { ...json, authorization: "Bearer x", "x-weir-user": user, "x-mock-pace": "10" },
    body: question.replace("{", '{"stream":true,'),
    signal: leave.signal,
  });
  let received = "";
  for await (const chunk of response.body ?? []) {
    received += Buffer.from(chunk).toString();
    if (/"content":"[^"]/.test(received)) break;
  }
  leave.abort();
  const [call] = await callsOfUser(weir, user);
  assert.equal(call?.status, "cancelled");
  assert.notEqual(call?.ttft_ns, null);
  assert.ok(JSON.parse(call?.output ?? "{}").choices[0].message.content.length > 0);
});

for (const [fault, status] of [
  ["cut", "cut"],
  ["error-in-stream", "error"],
] as const) {
  test(`a stream that ends with "${fault}" is recorded as ${status}, and the client sees what came`, async () => {
    const user = newUser();
    const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
      method: "POST",
      headers: { ...json, authorization: "Bearer x", "x-weir-user": user, "x-mock-fault": fault },
      body: question.replace("{", '{"stream":true,'),
    });
    if (fault === "cut") await assert.rejects(response.text());
    else assert.ok(!(await response.text()).includes("[DONE]"));
    const [call] = await callsOfUser(weir, user);
    assert.equal(call?.status, status);
  });
}

test("a call can be seen soon after its end", async (context) => {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const user = newUser();
    const answer = await send(
      `${weir.url}/openai/v1/chat/completions`,
      { ...json, authorization: "Bearer x", "x-weir-user": user },
      question,
    );
    assert.equal(answer.status, 200);
    const seen = async () => (await listCalls(weir, { user_id: user })).length === 1;
    times.push(await weir.until("visible", 60_000, seen, 20));
  }
  times.sort((a, b) => a - b);
  context.diagnostic(`visible after ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
});

test("the read side answers: health, ready, metrics, OpenAPI, docs, UI", async () => {
  const expected: readonly [path: string, status: number, type: RegExp, text: RegExp][] = [
    ["/health", 200, /json/, /ok/],
    ["/ready", 200, /json/, /"engine"/],
    ["/metrics", 200, /text\/plain|openmetrics/, /gen_ai_/],
    ["/api/openapi.json", 200, /json/, /"\/api\/v1\/calls"/],
    ["/docs", 200, /html/, /swagger/i],
    ["/ui", 200, /html/, /<div id="root"/],
    ["/api/v1/nothing", 404, /json/, /NOT_FOUND/],
  ];
  for (const [path, status, type, text] of expected) {
    const response = await weir.fetch(path);
    assert.equal(response.status, status, path);
    assert.match(response.headers.get("content-type") ?? "", type, path);
    assert.match(await response.text(), text, path);
  }
  assert.equal((await fetch(weir.url, { redirect: "manual" })).headers.get("location")?.startsWith("/ui"), true);
});

test("the API refuses without a key", async () => {
  for (const path of ["/api/v1/calls", "/api/v1/keys", "/api/v1/metrics/summary"]) {
    const response = await fetch(weir.url + path);
    assert.equal(response.status, 401, path);
  }
});

test("/metrics counts tokens by model and masked key", async () => {
  const text = await (await fetch(`${weir.url}/metrics`)).text();
  assert.match(text, /tokens_counter(_total)?\{[^}]*gpt-4o-mini[^}]*\} [1-9]/);
  assert.ok(!text.includes("sk-e2e-provider"), "a provider's key is shown in full");
  assert.ok(!text.includes(weir.apiKey), "a Weir key is shown in full");
});

test("a keyless trace posted by REST is there as a tree", async () => {
  const user = newUser();
  const response = await fetch(`${weir.url}/api/v1/traces`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({
      trace_type: "agent_workflow",
      user_id: user,
      spans: [
        { name: "agent", duration_ms: 500, status: "success" },
        { name: "search", duration_ms: 100, status: "success", parent_span_id: "span-1" },
        {
          name: "chat",
          model: "gpt-4o-mini",
          provider: "openai",
          prompt_tokens: 100,
          completion_tokens: 20,
          duration_ms: 300,
          status: "success",
          parent_span_id: "span-1",
        },
      ],
    }),
  });
  assert.equal(Math.floor(response.status / 100), 2, await response.text());
  let traceId = "";
  await weir.until("the trace listed", 60_000, async () => {
    const page = await weir.json<{ data: { trace_id: string; span_count: number }[] }>(
      `/api/v1/traces?user_id=${user}`,
    );
    traceId = page.data[0]?.trace_id ?? "";
    return page.data[0]?.span_count === 3;
  });
  const { spans } = await weir.json<{
    spans: { name: string; span_id: string; parent_span_id: string | null; cost_nano_usd: number | null }[];
  }>(`/api/v1/traces/${traceId}`);
  const root = spans.find(({ name }) => name === "agent");
  assert.equal(root?.parent_span_id, null);
  assert.deepEqual(
    spans
      .filter(({ parent_span_id }) => parent_span_id === root?.span_id)
      .map(({ name }) => name)
      .toSorted(),
    ["chat", "search"],
  );
  assert.equal(spans.find(({ name }) => name === "chat")?.cost_nano_usd, 100 * 150 + 20 * 600);
});
