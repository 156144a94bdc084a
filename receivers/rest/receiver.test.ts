import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  CodedError,
  defaultProjectId,
  type ErrorDetail,
  noSpanId,
  type ProjectId,
  type SpanRow,
  silentTelemetry,
} from "@weir/model";
import { MemoryLog } from "@weir/pipeline/testing";
import fc from "fast-check";
import { receiversConfig } from "../config.ts";
import { createRestReceiver } from "./receiver.ts";
import { traceRequest } from "./trace-request.ts";
import { traceRows } from "./trace-rows.ts";

const keys = () => ({
  apiKey: (secret: string) => (secret === "good-key" ? { id: "key_1", projectId: "shop" as ProjectId } : undefined),
  project: (id: string) => (id === "shop" ? { id: "shop" as ProjectId } : undefined),
});

let log = new MemoryLog();
let allowKeyless = true;
const config = receiversConfig.parse({ maxBodyBytes: 200_000, maxBatchTraces: 3 });
const server = createServer((request, response) =>
  createRestReceiver({ consumer: log, keys, config, telemetry: silentTelemetry, allowKeyless })(request, response),
);
let base = "";

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());
beforeEach(() => {
  log = new MemoryLog();
  allowKeyless = true;
});

interface Answer {
  status?: string;
  count?: number;
  trace_id?: string;
  span_ids?: Record<string, string>;
  error?: { code: string; retryable: boolean; details: { path: string }[] };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const init = {
    method: "POST",
    headers,
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  };
  const response = await fetch(base + path, init as RequestInit);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}

const span = {
  name: "answer",
  model: "gpt-4o-mini",
  provider: "openai",
  input: "hi",
  output: "hello",
  prompt_tokens: 10,
  completion_tokens: 5,
  duration_ms: 120,
  status: "success",
};
const single = { trace_type: "single_call", model: "gpt-4o-mini", provider: "openai", spans: [span] };

function byName(name: string): SpanRow {
  const row = log.rows.find((candidate) => candidate.name === name);
  assert.ok(row, `a row named ${name}`);
  return row;
}

test("a single call becomes one priced row in the default project", async () => {
  const { status, body } = await post("/api/v1/traces", {
    ...single,
    user_id: "u1",
    metadata: { team: "a", deep: { x: 1 } },
  });
  assert.equal(status, 200);
  assert.equal(body.status, "accepted");
  const row = byName("answer");
  assert.equal(row.trace_id, body.trace_id);
  assert.equal(row.project_id, "default");
  assert.deepEqual(
    [row.kind, row.status, row.input_tokens, row.output_tokens, row.user_id],
    ["llm", "ok", 10, 5, "u1"],
  );
  assert.equal(row.duration_ns, 120_000_000);
  // 10 × $0.15 and 5 × $0.60 a million tokens.
  assert.equal(row.cost_nano_usd, 1500 + 3000);
  assert.equal(row.attributes["metadata.team"], "a");
  assert.equal(row.attributes["metadata.deep"], '{"x":1}');
  assert.deepEqual([row.content_format, row.input, row.output], ["text", "hi", "hello"]);
});

test("providers are spelt as OpenTelemetry does, and priced by any spelling", async () => {
  for (const [sent, provider] of [
    ["mistral", "mistral_ai"],
    ["Mistral_AI", "mistral_ai"],
    ["bedrock", "aws.bedrock"],
    ["litellm", "litellm"],
    ["our own", "our own"],
  ] as const) {
    const named = { ...span, name: `by ${sent}`, provider: sent, model: "mistral-small-latest" };
    await post("/api/v1/traces", { ...single, spans: [named] });
    const row = byName(`by ${sent}`);
    assert.equal(row.provider, provider);
    if (provider === "mistral_ai") assert.ok((row.cost_nano_usd ?? 0) > 0);
  }
});

test("spans without ids are span-1 to span-n, and parents are found by those names", async () => {
  const workflow = {
    trace_type: "agent_workflow",
    model: "gpt-4o",
    provider: "openai",
    spans: [
      { name: "plan", duration_ms: 1000, status: "ok" },
      {
        name: "look up",
        kind: "tool",
        parent_span_id: "span-1",
        duration_ms: 200,
        input: { q: 1 },
        output: [1, 2],
        status: "ok",
      },
      { ...span, name: "write", parent_span_id: "span-1", duration_ms: 300 },
    ],
  };
  const { body } = await post("/api/traces", workflow);
  const ids = body.span_ids ?? {};
  assert.deepEqual(Object.keys(ids), ["span-1", "span-2", "span-3"]);
  const [plan, lookUp, write] = [byName("plan"), byName("look up"), byName("write")];
  assert.equal(plan.parent_span_id, noSpanId);
  assert.equal(lookUp.parent_span_id, plan.span_id);
  assert.equal(write.parent_span_id, ids["span-1"]);
  assert.deepEqual([plan.is_entry, lookUp.is_entry], [1, 0]);
  assert.equal(lookUp.start_time, plan.start_time);
  assert.equal(write.start_time - lookUp.start_time, 200_000_000n);
  assert.deepEqual([lookUp.content_format, lookUp.input, lookUp.output], ["json", '{"q":1}', "[1,2]"]);
  assert.equal(lookUp.cost_nano_usd, null);
});

test("several spans without a parent get a common root", async () => {
  await post("/api/v1/traces", { ...single, trace_type: "agent_workflow", spans: [span, { ...span, name: "second" }] });
  const root = byName("agent_workflow");
  assert.equal(root.kind, "agent");
  assert.equal(root.cost_nano_usd, null);
  assert.equal(byName("second").parent_span_id, root.span_id);
  assert.equal(log.rows.filter(({ is_entry }) => is_entry === 1).length, 1);
});

test("given times, trace id and hex ids are kept", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spans = [
    {
      ...span,
      duration_ms: undefined,
      span_id: "b7ad6b7169203331",
      parent_span_id: "00f067aa0ba902b7",
      start_time: "2026-01-02T03:04:05.123456789Z",
      end_time: "2026-01-02T03:04:06Z",
    },
  ];
  await post("/api/v1/traces", { ...single, trace_id: traceId, spans });
  const row = byName("answer");
  assert.deepEqual([row.trace_id, row.span_id, row.parent_span_id], [traceId, "b7ad6b7169203331", "00f067aa0ba902b7"]);
  assert.equal(row.start_time, 1767323045123456789n);
  assert.equal(row.duration_ns, 876_543_211);
  assert.equal(row.is_entry, 1);
});

test("unknown tokens stay unknown", async () => {
  await post("/api/v1/traces", { ...single, spans: [{ name: "x", model: "gpt-4o", status: "ok" }] });
  const row = byName("x");
  assert.deepEqual(
    [row.input_tokens, row.output_tokens, row.cost_nano_usd, row.usage_source],
    [null, null, null, "none"],
  );
});

test("a batch is taken whole, bare or wrapped", async () => {
  const wrapped = await post("/api/v1/traces/batch", { traces: [single, single] });
  assert.equal(wrapped.body.count, 2);
  const bare = await post("/api/v1/traces/batch", [single]);
  assert.equal(bare.body.count, 1);
  assert.equal(log.rows.length, 3);
});

for (const [name, path, sent, fields] of [
  ["a missing list", "/api/v1/traces", { trace_type: "single_call" }, ["spans"]],
  ["an empty list", "/api/v1/traces", { ...single, spans: [] }, ["spans"]],
  [
    "a negative duration",
    "/api/v1/traces",
    { ...single, spans: [{ ...span, duration_ms: -1 }] },
    ["spans[0].duration_ms"],
  ],
  [
    "two wrong fields",
    "/api/v1/traces",
    { ...single, spans: [span, { ...span, name: "", prompt_tokens: "7" }] },
    ["spans[1].name", "spans[1].prompt_tokens"],
  ],
  ["an odd status", "/api/v1/traces", { ...single, spans: [{ ...span, status: "meh" }] }, ["spans[0].status"]],
  [
    "an unknown parent",
    "/api/v1/traces",
    { ...single, spans: [{ ...span, parent_span_id: "span-9" }] },
    ["spans[0].parent_span_id"],
  ],
  [
    "a span that is its own parent",
    "/api/v1/traces",
    { ...single, spans: [{ ...span, parent_span_id: "span-1" }] },
    ["spans[0].parent_span_id"],
  ],
  [
    "a ring of parents",
    "/api/v1/traces",
    {
      ...single,
      spans: [
        { ...span, parent_span_id: "span-2" },
        { ...span, parent_span_id: "span-1" },
      ],
    },
    ["spans[0].parent_span_id", "spans[1].parent_span_id"],
  ],
  [
    "one id twice",
    "/api/v1/traces",
    {
      ...single,
      spans: [
        { ...span, span_id: "a" },
        { ...span, span_id: "a" },
      ],
    },
    ["spans[1].span_id"],
  ],
  ["a list as a trace", "/api/v1/traces", [], ["body"]],
  ["a batch of nothing", "/api/v1/traces/batch", {}, ["traces"]],
  ["too many traces", "/api/v1/traces/batch", [single, single, single, single], ["traces"]],
  [
    "a wrong field in a batch",
    "/api/v1/traces/batch",
    [single, { ...single, trace_type: 3 }],
    ["traces[1].trace_type"],
  ],
] as const) {
  test(`${name} is refused with the path of each wrong field`, async () => {
    const { status, body } = await post(path, sent);
    assert.equal(status, 400);
    const error = body.error;
    assert.equal(error?.code, "BAD_REQUEST");
    assert.deepEqual(
      error?.details.map((detail) => detail.path),
      fields,
    );
    assert.equal(log.rows.length, 0);
  });
}

test("broken JSON, a bomb and a large body are refused", async () => {
  assert.equal((await post("/api/v1/traces", "{")).status, 400);
  assert.equal(
    (await post("/api/v1/traces", gzipSync("x".repeat(300_000)), { "content-encoding": "gzip" })).status,
    413,
  );
  assert.equal((await post("/api/v1/traces", "not gzip", { "content-encoding": "gzip" })).status, 400);
  assert.equal((await post("/api/v1/traces", "x", { "content-encoding": "rot13" })).status, 415);
  assert.equal((await post("/api/v1/other", single)).status, 404);
});

test("gzip is read", async () => {
  const { status } = await post("/api/v1/traces", gzipSync(JSON.stringify(single)), { "content-encoding": "gzip" });
  assert.equal(status, 200);
});

test("a key decides the project; without one only a loopback listener accepts", async () => {
  await post("/api/v1/traces", { ...single, project_id: "other" }, { authorization: "Bearer good-key" });
  assert.deepEqual([byName("answer").project_id, byName("answer").api_key_id], ["shop", "key_1"]);
  assert.equal(byName("answer").attributes["weir.project_id"], "other");
  assert.equal((await post("/api/v1/traces", single, { "x-api-key": "bad" })).status, 401);
  allowKeyless = false;
  assert.equal((await post("/api/v1/traces", single)).status, 401);
});

test("a keyless sender may name a project that exists", async () => {
  await post("/api/v1/traces", { ...single, project_id: "shop" });
  assert.equal(byName("answer").project_id, "shop");
});

test("without a key, a page of another site is refused, and one of this machine is not", async () => {
  for (const headers of [{ origin: "https://evil.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]) {
    assert.equal((await post("/api/v1/traces", single, headers as Record<string, string>)).status, 401);
  }
  assert.equal(log.rows.length, 0);
  assert.equal((await post("/api/v1/traces", single, { origin: "http://localhost:3000" })).status, 200);
  const key = { origin: "https://evil.example", authorization: "Bearer good-key" };
  assert.equal((await post("/api/v1/traces", single, key)).status, 200);
});

test("a chain as deep as a trace may be is taken, and a ring in it is named", () => {
  const parse = (spans: object[]) => traceRequest.parse({ trace_type: "agent_workflow", spans });
  const chain = Array.from({ length: 10_000 }, (_, index) => ({
    name: "step",
    parent_span_id: index < 9999 ? `span-${index + 2}` : undefined,
  }));
  const problems: ErrorDetail[] = [];
  assert.equal(traceRows(parse(chain), defaultProjectId, 0n, problems)?.rows.length, 10_000);
  assert.deepEqual(problems, []);
  const ring = [...chain.slice(0, -1), { name: "step", parent_span_id: "span-9999" }];
  assert.equal(traceRows(parse(ring), defaultProjectId, 0n, problems), undefined);
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["spans[9998].parent_span_id", "spans[9999].parent_span_id"],
  );
});

test("a full journal is 503 with Retry-After, and nothing is kept", async () => {
  log.refuseWith(new CodedError("JOURNAL_FULL", "full", { retryAfterMs: 2500 }));
  const { status, headers, body } = await post("/api/v1/traces", single);
  assert.equal(status, 503);
  assert.equal(headers.get("retry-after"), "3");
  assert.equal(body.error?.retryable, true);
});

test("any JSON is answered with 200 or 4xx", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.record({ trace_type: fc.string(), spans: fc.array(fc.object()) }).map((value) => JSON.stringify(value)),
      ),
      async (text) => {
        const { status } = await post("/api/v1/traces", text);
        assert.ok(status === 200 || status === 400, `status ${status}`);
      },
    ),
    { numRuns: 60 },
  );
});
