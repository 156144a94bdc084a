import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { callsOfUser, newUser } from "./calls-api.ts";
import { RecordingProxy } from "./recording-proxy.ts";
import { Program, Weir } from "./weir-process.ts";
import { writtenFiles } from "./written-files.ts";

/** Keys that come in by every way are in no answer and in no file; the provider sees what the client sent. */

let mock: Program;
let proxy: RecordingProxy;
let weir: Weir;
/** Of the provider `pieces`: deltas that it streams, gzipped, and what it was sent last. */
let deltas: readonly object[] = [];
let sentToPieces = "";
const piecesProvider = createServer(async (request, response) => {
  const body: Buffer[] = [];
  for await (const part of request) body.push(part);
  sentToPieces = gunzipSync(Buffer.concat(body)).toString();
  const events = deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
  response.end(gzipSync(`${events.join("")}data: [DONE]\n\n`));
});
const planted: string[] = [];
const configFolder = process.env["RUNNER_TEMP"] ?? "/tmp";
const configFile = join(configFolder, `weir-e2e-redaction-${process.pid}.yaml`);

before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.05");
  proxy = await RecordingProxy.start(mock.url);
  await new Promise<void>((resolve) => piecesProvider.listen(0, "127.0.0.1", resolve));
  writeFileSync(
    configFile,
    `providers:
  pieces:
    baseUrl: http://127.0.0.1:${(piecesProvider.address() as AddressInfo).port}
redaction:
  personal: [email, card_number]
  patterns:
    - name: order_number
      pattern: 'ORD-\\d{8}'
recording:
  rules:
    - when: '@metadata.kind:noise'
      record: false
    - when: '@metadata.kind:private'
      content: false
metrics:
  custom:
    - name: team_calls_total
      kind: counter
      labels: { kind: '@metadata.kind' }
`,
  );
  weir = await Weir.start({ upstream: proxy.url, environment: { WEIR_CONFIG: configFile } });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
  piecesProvider.close();
});

/** A key that no other run has, and that compression leaves as it is where it is kept. */
function plant(): string {
  const key = `sk-proj-${randomBytes(24).toString("hex")}`;
  planted.push(key);
  return key;
}

async function chat(user: string, content: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer sk-pass-through",
      "x-weir-user": user,
      ...headers,
    },
    body: JSON.stringify({ model: "gpt-4o-mini", user, stream: true, messages: [{ role: "user", content }] }),
  });
  assert.equal(response.status, 200);
  return response.text();
}

async function send(path: string, body: unknown): Promise<void> {
  const response = await fetch(weir.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": weir.apiKey },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

const startNano = () => String(BigInt(Date.now()) * 1_000_000n);

function attribute(key: string, value: string): unknown {
  return { key, value: { stringValue: value } };
}

test("the gateway's calls", async () => {
  const user = newUser();
  const key = plant();
  await chat(user, `line one\n${key}\tORD-12345678`, { "Helicone-Property-note": `see ${key}` });
  const [call] = await callsOfUser(weir, user);
  assert.match(call?.input ?? "", /line one\\n\[redacted:openai_key\]\\t\[redacted:order_number\]/);
  JSON.parse(call?.input ?? "");
  const sent = Buffer.concat(proxy.connections.flatMap((connection) => connection.sent)).toString();
  assert.ok(sent.includes(key), "the provider got what the client sent");
});

test("what comes compressed, in pieces and as JSON in JSON", async () => {
  const user = newUser();
  const key = plant();
  const [one, other] = [key.slice(0, 9), key.slice(9)];
  const tool = { index: 0, id: "call_1", type: "function", function: { name: "pay", arguments: '{"card":"4111' } };
  deltas = [
    { role: "assistant", content: `the key ${one}` },
    { content: `${other} and 4111` },
    { content: " 1111 1111" },
    { content: " 1111" },
    { tool_calls: [tool] },
    { tool_calls: [{ index: 0, function: { arguments: '111111111111","to":"grace\\u0040exam' } }] },
    { tool_calls: [{ index: 0, function: { arguments: 'ple.com"}' } }] },
  ];
  const content = `mail grace@example.com\n${key}`;
  const response = await fetch(`${weir.url}/pieces/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip", "x-weir-user": user },
    body: gzipSync(JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content }] })),
  });
  assert.ok((await response.text()).includes(other), "the client got what the provider sent");
  assert.ok(sentToPieces.includes(key));
  const [call] = await callsOfUser(weir, user);
  assert.match(call?.input ?? "", /mail \[redacted:email\]\\n\[redacted:openai_key\]/);
  assert.match(call?.output ?? "", /the key \[redacted:openai_key\] and \[redacted:card_number\]/);
  assert.match(call?.output ?? "", /card[\\":]+\[redacted:card_number\][\\",]+to[\\":]+\[redacted:email\]/);
});

test("spans and logs over OTLP, and REST", async () => {
  const key = plant();
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const span = { traceId, spanId, name: `tool ${key}`, startTimeUnixNano: startNano(), endTimeUnixNano: startNano() };
  const message = `[{"role":"user","parts":[{"type":"text","content":"${key}"}]}]`;
  const attributes = [
    attribute("app.secret", key),
    attribute("gen_ai.operation.name", "chat"),
    attribute("gen_ai.input.messages", message),
  ];
  const status = { code: 2, message: `refused: ${key}` };
  await send("/v1/traces", {
    resourceSpans: [
      {
        resource: { attributes: [attribute("host.name", key)] },
        scopeSpans: [
          {
            spans: [
              { ...span, attributes },
              { ...span, spanId: randomBytes(8).toString("hex"), status },
            ],
          },
        ],
      },
    ],
  });
  const body = { stringValue: `log of ${key}` };
  const record = { timeUnixNano: startNano(), traceId, spanId, body, attributes: [attribute("k", key)] };
  await send("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  await send("/api/v1/traces", {
    trace_id: traceId,
    trace_type: "single_call",
    user_id: `user ${key}`,
    metadata: { note: key },
    spans: [{ name: "rest", model: "gpt-4o", provider: "openai", input: `ask ${key}`, output: { text: key } }],
  });
  await weir.until("stored", 60_000, async () => {
    const trace = await weir.json<{ span_count: number }>(`/api/v1/traces/${traceId}`);
    return trace.span_count >= 3;
  });
  const trace = JSON.stringify(await weir.json(`/api/v1/traces/${traceId}`));
  assert.ok(trace.includes("[redacted:openai_key]"));
  assert.ok(!trace.includes(key));
  await weir.until("logged", 60_000, async () => {
    const logs = await weir.json<{ data: unknown[] }>("/api/v1/logs");
    return JSON.stringify(logs).includes("log of [redacted:openai_key]");
  });
});

test("rules say what is recorded; what is counted does not depend on them", async () => {
  const user = newUser();
  await chat(user, "noise", { "Helicone-Property-kind": "noise" });
  await chat(user, "private matters", { "Helicone-Property-kind": "private" });
  const [call, ...others] = await callsOfUser(weir, user);
  assert.deepEqual([others.length, call?.input, call?.output, call?.content_state], [0, "", "", "off"]);
  const metrics = await (await fetch(`${weir.url}/metrics`)).text();
  assert.match(metrics, /^team_calls_total\{kind="noise"\} 1$/m);
  assert.match(metrics, /^team_calls_total\{kind="private"\} 1$/m);
  assert.match(metrics, /^weir_redactions_total\{detector="openai_key"\} \d+$/m);
  assert.match(metrics, /^weir_spans_not_recorded_total\{reason="rule"\} 1$/m);
});

test("no key is in any file", () => {
  assert.ok(planted.length > 0);
  for (const { path, bytes } of writtenFiles(weir.dataDirectory)) {
    for (const key of planted) assert.ok(!bytes.includes(key), path);
  }
});
