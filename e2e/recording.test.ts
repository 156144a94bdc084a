import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callsOfUser, listCalls, newUser } from "./calls-api.ts";
import { Program, Weir } from "./weir-process.ts";
import { writtenFiles } from "./written-files.ts";

/** Traces are kept whole by their outcome, over kills and restarts; content that is not kept is in no file, by any way in. */

const configFile = join(process.env["RUNNER_TEMP"] ?? "/tmp", `weir-e2e-recording-${process.pid}.yaml`);
const said = `said-${randomBytes(12).toString("hex")}`;
let mock: Program;
let weir: Weir;

before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.05");
  writeFileSync(
    configFile,
    `recording:
  rules:
    - sample: 0
      tail: true
      content: false
  keepTraces:
    - when: 'status:error'
    - when: '@app.tier:gold'
  holdMinutes: 0.4
metrics:
  custom:
    - name: seen_spans_total
      kind: counter
      when: 'kind:llm OR kind:chain OR kind:tool'
`,
  );
  weir = await Weir.start({ upstream: mock.url, environment: { WEIR_CONFIG: configFile } });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
  rmSync(configFile, { force: true });
});

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const message = JSON.stringify([{ role: "user", parts: [{ type: "text", content: said }] }]);

interface SentSpan {
  readonly name: string;
  readonly failed?: boolean;
  readonly attributes?: readonly unknown[];
}

/** Spans of one trace over OTLP, the first of them the root. Returns the trace's id. */
async function sendSpans(spans: readonly SentSpan[], traceId = randomBytes(16).toString("hex")): Promise<string> {
  const now = `${BigInt(Date.now()) * 1_000_000n}`;
  const root = randomBytes(8).toString("hex");
  const told = spans.map(({ name, failed = false, attributes = [] }, index) => ({
    traceId,
    spanId: index === 0 ? root : randomBytes(8).toString("hex"),
    ...(index > 0 && { parentSpanId: root }),
    name,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    status: { code: failed ? 2 : 1 },
    attributes: [
      attribute("gen_ai.operation.name", "chat"),
      attribute("gen_ai.input.messages", message),
      ...attributes,
    ],
  }));
  await weir.post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: told }] }] });
  return traceId;
}

async function namesOf(traceId: string): Promise<string[]> {
  const response = await weir.fetch(`/api/v1/traces/${traceId}`);
  if (response.status === 404) return [];
  const { spans } = (await response.json()) as { spans: { name: string }[] };
  return spans.map(({ name }) => name).sort();
}

async function chat(user: string, model: string): Promise<void> {
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-pass-through", "x-weir-user": user },
    body: JSON.stringify({ model, messages: [{ role: "user", content: said }] }),
  });
  await response.text();
}

test("held spans are seen at once; a trace with a span that fits stays whole, the others go, kill -9 or not", async () => {
  const failed = await sendSpans([{ name: "root" }, { name: "step" }, { name: "broken", failed: true }]);
  const gold = await sendSpans([{ name: "plan", attributes: [attribute("app.tier", "gold")] }, { name: "act" }]);
  const plain = await sendSpans([{ name: "hello" }, { name: "world" }]);
  const user = newUser();
  await chat(user, "gpt-4o-mini");
  await weir.until("stored", 60_000, async () => (await namesOf(plain)).length === 2);
  assert.equal((await namesOf(failed)).length, 3);
  const [call] = await callsOfUser(weir, user);
  assert.deepEqual([call?.content_state, call?.input], ["off", ""]);

  for (const pid of [...weir.pidsOf("core"), ...weir.pidsOf("ingest")]) process.kill(pid, "SIGKILL");
  await weir.until("the trace that nothing fits has gone", 120_000, async () => {
    return (await namesOf(plain).catch(() => ["not ready"])).length === 0;
  });
  assert.deepEqual(await namesOf(failed), ["broken", "root", "step"]);
  assert.deepEqual(await namesOf(gold), ["act", "plan"]);
  await weir.until("the call too", 60_000, async () => (await listCalls(weir, { user_id: user })).length === 0);

  await sendSpans([{ name: "late" }], failed);
  const other = await sendSpans([{ name: "other" }]);
  await weir.until("stored", 60_000, async () => (await namesOf(other)).length === 1);
  await weir.killAll();
  weir.startAgain();
  await weir.ready();
  await weir.until("decided after the start", 120_000, async () => {
    return (await namesOf(other).catch(() => ["not ready"])).length === 0;
  });
  assert.deepEqual(await namesOf(failed), ["broken", "late", "root", "step"]);
});

test("without content nothing of it is in any file: gateway, spans and logs over OTLP, REST", async () => {
  const user = newUser();
  await chat(user, "gpt-4o-mini");
  const traceId = await sendSpans([{ name: "answer", attributes: [attribute("traceloop.entity.output", said)] }]);
  const spanId = randomBytes(8).toString("hex");
  const record = { timeUnixNano: `${Date.now()}000000`, traceId, spanId };
  const records = [
    { ...record, eventName: "gen_ai.user.message", body: { stringValue: said } },
    { ...record, eventName: "gen_ai.choice", attributes: [attribute("content", said)] },
    { ...record, eventName: "order.done", body: { stringValue: "an order" } },
  ];
  await weir.post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] });
  await weir.post("/api/v1/traces", {
    trace_type: "single_call",
    user_id: user,
    spans: [{ name: "rest", model: "gpt-4o", provider: "openai", input: said, output: { text: said } }],
  });
  const calls = await callsOfUser(weir, user, 2);
  for (const { content_state, input, output } of calls)
    assert.deepEqual([content_state, input, output], ["off", "", ""]);
  await weir.until("logged", 60_000, async () => {
    const { data } = await weir.json<{ data: { event_name: string; body: string }[] }>(
      `/api/v1/logs?trace_id=${traceId}`,
    );
    const bodies = Object.fromEntries(data.map(({ event_name, body }) => [event_name, body]));
    if (data.length < 3) return false;
    assert.deepEqual(bodies, { "gen_ai.user.message": "", "gen_ai.choice": "", "order.done": "an order" });
    return true;
  });
  const metrics = await (await fetch(`${weir.url}/metrics`)).text();
  assert.match(metrics, /^seen_spans_total [1-9]/m);
  for (const { path, bytes } of writtenFiles(weir.dataDirectory)) assert.ok(!bytes.includes(said), path);
});
