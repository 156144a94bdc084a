import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultRetentionDays, projectId, type SpanRow } from "@weir/model";
import type { Attributes, Span } from "@weir/otlp";
import fc from "fast-check";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { fields } from "./fields.ts";
import { normalizeSpan } from "./normalize-span.ts";
import { rowWith, spanWith } from "./testing/span-with.ts";

type Case = readonly [what: string, attributes: Attributes, want: Partial<SpanRow>, more?: Partial<Span>];

const chat = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o" };
const tokens = (input: number, output: number) => ({
  "gen_ai.usage.input_tokens": input,
  "gen_ai.usage.output_tokens": output,
});
const anthropic = { ...chat, "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5" };
const startMs = 1_763_700_000_000;

const cases: readonly Case[] = [
  // Kinds.
  ["Langfuse's type wins over all", { ...chat, "langfuse.observation.type": "tool" }, { kind: "tool" }],
  ["OpenInference in any case", { "openinference.span.kind": "llm" }, { kind: "llm" }],
  ["a word that says nothing is passed over", { "openinference.span.kind": "UNKNOWN", ...chat }, { kind: "llm" }],
  ["MLflow's quotes", { "mlflow.spanType": '"RERANKER"' }, { kind: "reranker" }],
  [
    "the AI SDK's operation with a function behind it",
    { "operation.name": "ai.streamText.doStream fn" },
    { kind: "llm" },
  ],
  ["the AI SDK's outer span", { "ai.operationId": "ai.streamText", "ai.model.id": "gpt-4o" }, { kind: "agent" }],
  ["fetching a response is no call", { ...chat, "gen_ai.operation.name": "fetch_response" }, { kind: "chain" }],
  ["an MCP tool call", { "mcp.method.name": "tools/call" }, { kind: "tool" }],
  ["an MCP listing", { "mcp.method.name": "tools/list" }, { kind: "chain" }],
  ["a vector database", { "db.vector.query.top_k": 3 }, { kind: "retriever" }],
  ["a model and nothing else", { "gen_ai.request.model": "gpt-4o" }, { kind: "llm" }],
  ["nothing at all", {}, { kind: "chain", status: "ok", input: "", content_format: "" }],
  ["an HTTP client", { "http.request.method": "GET" }, { kind: "chain" }],
  // Providers.
  ["an alias", { ...chat, "gen_ai.provider.name": "vertex_ai" }, { provider: "gcp.vertex_ai" }],
  [
    "an API behind the provider",
    { "ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "openai.responses" },
    { provider: "openai" },
  ],
  [
    "an AI SDK provider with a dot",
    { ...chat, "gen_ai.provider.name": "google.vertex.chat" },
    { provider: "gcp.vertex_ai" },
  ],
  [
    "a framework is no provider",
    { "gen_ai.system": "langchain", "gen_ai.request.model": "claude-haiku-4-5" },
    { provider: "anthropic" },
  ],
  ["an unknown provider stays", { ...chat, "gen_ai.provider.name": "My-Proxy" }, { provider: "my-proxy" }],
  ["an open model is nobody's", { "gen_ai.request.model": "gpt-oss-20b" }, { provider: "", cost_nano_usd: null }],
  // Usage and cost.
  [
    "a price",
    { ...chat, ...tokens(1000, 100) },
    { cost_nano_usd: 3_500_000, price_source: "genai-prices", usage_source: "reported" },
  ],
  [
    "numbers as text",
    { ...chat, "gen_ai.usage.input_tokens": "1000", "gen_ai.usage.output_tokens": "100" },
    { cost_nano_usd: 3_500_000 },
  ],
  [
    "numbers as bigint",
    { ...chat, "gen_ai.usage.input_tokens": 1000n, "gen_ai.usage.output_tokens": 100n },
    { cost_nano_usd: 3_500_000 },
  ],
  ["unknown is not zero", chat, { input_tokens: null, output_tokens: null, cost_nano_usd: null, usage_source: "none" }],
  ["a count that cannot be", { ...chat, ...tokens(-1, 1.5) }, { input_tokens: null, output_tokens: null }],
  [
    "an agent does not bill",
    { ...chat, ...tokens(5, 5), "gen_ai.operation.name": "invoke_agent", "operation.cost": 1 },
    { input_tokens: null, cost_nano_usd: null, usage_source: "none" },
  ],
  [
    "an embedding has no output",
    {
      "gen_ai.operation.name": "embeddings",
      "gen_ai.request.model": "text-embedding-3-small",
      "gen_ai.usage.input_tokens": 50,
    },
    { output_tokens: 0, cost_nano_usd: 1000 },
  ],
  [
    "details that exceed the input were left out",
    { ...anthropic, ...tokens(3, 10), "gen_ai.usage.cache_read.input_tokens": 7166 },
    { input_tokens: 7169, cache_read_tokens: 7166 },
  ],
  [
    "a scope that leaves the cache out",
    { ...anthropic, ...tokens(2000, 10), "gen_ai.usage.cache_read.input_tokens": 1000 },
    { input_tokens: 3000 },
    { scope: { name: "@traceloop/instrumentation-anthropic", version: "0.27.0", attributes: {} } },
  ],
  [
    "its Python sister counts it in",
    { ...anthropic, ...tokens(2000, 10), "gen_ai.usage.cache_read.input_tokens": 1000 },
    { input_tokens: 2000 },
    { scope: { name: "opentelemetry.instrumentation.anthropic", version: "0.62.4", attributes: {} } },
  ],
  [
    "raw usage beside the AI SDK's",
    {
      "ai.operationId": "ai.generateText.doGenerate",
      "ai.model.provider": "anthropic.messages",
      "ai.model.id": "claude-sonnet-4-5",
      "ai.usage.inputTokens": 2000,
      "ai.usage.outputTokens": 1,
      "ai.response.providerMetadata":
        '{"anthropic":{"usage":{"input_tokens":2000,"cache_read_input_tokens":500,"cache_creation_input_tokens":300,"cache_creation":{"ephemeral_1h_input_tokens":100}}}}',
    },
    { input_tokens: 2800, cache_read_tokens: 500, cache_write_tokens: 300, cache_write_1h_tokens: 100 },
  ],
  [
    "Langfuse's input is what is left",
    {
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "gpt-4o",
      "langfuse.observation.usage_details": '{"input":100,"output":10,"input_cached_tokens":50}',
    },
    { input_tokens: 150, cache_read_tokens: 50, provider: "openai" },
  ],
  [
    "OpenAI's usage within Langfuse",
    {
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "gpt-4o",
      "langfuse.observation.usage_details":
        '{"prompt_tokens":100,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":50},"completion_tokens_details.reasoning_tokens":4}',
    },
    { input_tokens: 100, cache_read_tokens: 50, reasoning_tokens: 4 },
  ],
  [
    "reasoning that was left out of the output",
    { ...chat, ...tokens(5, 711), "gen_ai.usage.reasoning_tokens": 1096 },
    { output_tokens: 1807 },
  ],
  [
    "a user's own cost wins",
    {
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "gpt-4o",
      ...tokens(1000, 100),
      "langfuse.observation.cost_details": '{"input":0.001,"output":0.002}',
    },
    { cost_nano_usd: 3_000_000, price_source: "reported" },
  ],
  ["our price before an SDK's", { ...chat, ...tokens(1000, 100), "operation.cost": 9 }, { cost_nano_usd: 3_500_000 }],
  [
    "an SDK's where we have none",
    { ...chat, ...tokens(1000, 100), "gen_ai.request.model": "nobody-1", "gen_ai.usage.cost": "0.5" },
    { cost_nano_usd: 500_000_000, price_source: "reported" },
  ],
  [
    "an SDK's zero is no price",
    { ...chat, ...tokens(1000, 100), "gen_ai.request.model": "nobody-1", "gen_ai.usage.cost": 0 },
    { cost_nano_usd: null, price_source: "" },
  ],
  [
    "OpenRouter's bill wins",
    {
      ...chat,
      ...tokens(1000, 100),
      "gen_ai.provider.name": "openrouter",
      "gen_ai.request.model": "openai/gpt-4o",
      "gen_ai.usage.cost": 0.004,
    },
    { cost_nano_usd: 4_000_000, price_source: "reported" },
  ],
  [
    "a service tier",
    { ...chat, ...tokens(1000, 100), "openai.response.service_tier": "priority" },
    { cost_nano_usd: 5_950_000, price_source: "weir-tiers" },
  ],
  ["a batch", { ...chat, ...tokens(1000, 100), "gen_ai.request.batch": true }, { cost_nano_usd: 1_750_000 }],
  [
    "a deployment's own name",
    { ...chat, ...tokens(1000, 100), "gen_ai.response.model": "my-deployment" },
    { cost_nano_usd: 3_500_000, response_model: "my-deployment" },
  ],
  // Time.
  [
    "seconds to the first chunk",
    { ...chat, "gen_ai.response.time_to_first_chunk": 0.25 },
    { ttft_ns: 250_000_000, is_stream: 1 },
  ],
  [
    "milliseconds to the first chunk",
    { "ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 250 },
    { ttft_ns: 250_000_000, is_stream: 1 },
  ],
  [
    "a time of day",
    {
      "langfuse.observation.type": "generation",
      "langfuse.observation.completion_start_time": `"${new Date(startMs + 250).toISOString()}"`,
    },
    { ttft_ns: 250_000_000, is_stream: 1 },
  ],
  [
    "an event",
    chat,
    { ttft_ns: 250_000_000, is_stream: 1 },
    { events: [{ name: "ai.stream.firstChunk", timeUnixNano: BigInt(startMs + 250) * 1_000_000n, attributes: {} }] },
  ],
  [
    "an event outside of the span",
    chat,
    { ttft_ns: null, is_stream: 0 },
    { events: [{ name: "ai.stream.firstChunk", timeUnixNano: 5n, attributes: {} }] },
  ],
  [
    "no stream has no first token",
    { ...chat, "gen_ai.request.stream": false, "gen_ai.server.time_to_first_token": 0.2 },
    { ttft_ns: null, is_stream: 0 },
  ],
  ["the AI SDK streams", { "ai.operationId": "ai.streamText.doStream" }, { is_stream: 1, ttft_ns: null }],
  ["an end before the start", {}, { duration_ns: 0 }, { endTimeUnixNano: 0n }],
  // Ends.
  [
    "finish reasons are folded",
    { ...chat, "gen_ai.response.finish_reasons": ["tool-calls"] },
    { finish_reason: "tool_call" },
  ],
  ["one in JSON text", { ...chat, "gen_ai.response.finish_reasons": '["end_turn"]' }, { finish_reason: "stop" }],
  [
    "Gemini's words",
    { ...chat, "gen_ai.response.finish_reasons": ["FinishReason.MAX_TOKENS"] },
    { finish_reason: "length" },
  ],
  [
    "an error of the status",
    {},
    { status: "error", error_type: "RateLimitError", error_message: "RateLimitError: slow down" },
    { statusCode: 2, statusMessage: "RateLimitError: slow down" },
  ],
  [
    "an exception",
    {},
    { status: "error", error_type: "ValueError", error_message: "no" },
    {
      statusCode: 2,
      events: [
        {
          name: "exception",
          timeUnixNano: 0n,
          attributes: { "exception.type": "ValueError", "exception.message": "no" },
        },
      ],
    },
  ],
  [
    "a handled exception",
    {},
    { status: "ok", error_type: "" },
    { events: [{ name: "exception", timeUnixNano: 0n, attributes: { "exception.type": "ValueError" } }] },
  ],
  ["error.type without a status", { "error.type": "timeout" }, { status: "error", error_type: "timeout" }],
  [
    "Langfuse's level",
    { "langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "bad" },
    { status: "error", error_type: "_OTHER", error_message: "bad" },
  ],
  ["a caller that went away", { "error.type": "asyncio.exceptions.CancelledError" }, { status: "cancelled" }],
  [
    "an HTTP status",
    { ...chat, "http.response.status_code": 429 },
    { status: "error", error_type: "429", http_status: 429 },
    { statusCode: 2 },
  ],
  // Who, where, what for.
  [
    "users, sessions, tags",
    { "langfuse.user.id": "u", "session.id": "s", "langsmith.span.tags": "a, b" },
    { user_id: "u", session_id: "s", tags: ["a", "b"] },
  ],
  ["the end customer where there is no other", { ...chat, "gen_ai.request.user": "u" }, { user_id: "u" }],
  [
    "a managed prompt",
    { "langfuse.observation.prompt.name": "p", "langfuse.observation.prompt.version": 3 },
    { prompt_name: "p", prompt_version: "3" },
  ],
  [
    "resource",
    {},
    { service_name: "svc", environment: "prod" },
    { resource: { "service.name": "svc", "deployment.environment": "prod" } },
  ],
  // Place in the trace.
  ["a root", {}, { is_entry: 1, parent_span_id: "0000000000000000" }],
  ["a child", {}, { is_entry: 0, parent_span_id: "00f067aa0ba902b7" }, { parentSpanId: "00f067aa0ba902b7" }],
  ["a child of another process by its flags", {}, { is_entry: 1 }, { parentSpanId: "00f067aa0ba902b7", flags: 0x301 }],
  ["a server's span", {}, { is_entry: 1 }, { parentSpanId: "00f067aa0ba902b7", kind: 2 }],
  [
    "a server's span below one of its own",
    {},
    { is_entry: 0 },
    { parentSpanId: "00f067aa0ba902b7", kind: 2, flags: 0x101 },
  ],
];
for (const [what, attributes, want, more] of cases) {
  test(what, () => {
    const row = rowWith(attributes, more);
    const got = Object.fromEntries(Object.keys(want).map((name) => [name, row[name as keyof SpanRow]]));
    assert.deepEqual(got, want);
  });
}

const added: readonly (readonly [what: string, attributes: Attributes, want: Readonly<Record<string, string>>])[] = [
  [
    "the usage rule",
    { ...anthropic, ...tokens(10, 1), "gen_ai.usage.cache_read.input_tokens": 5 },
    { "weir.usage_rule": "inclusive" },
  ],
  [
    "a tool's name and call",
    { "ai.operationId": "ai.toolCall", "ai.toolCall.name": "t", "ai.toolCall.id": "c" },
    { "gen_ai.tool.name": "t", "gen_ai.tool.call.id": "c" },
  ],
  ["an agent's name", { "traceloop.span.kind": "agent", "traceloop.entity.name": "a" }, { "gen_ai.agent.name": "a" }],
  [
    "parameters in JSON",
    { "llm.invocation_parameters": '{"temperature":0.5,"max_completion_tokens":9,"stop":["x"]}' },
    { "gen_ai.request.temperature": "0.5", "gen_ai.request.max_tokens": "9", "gen_ai.request.stop_sequences": '["x"]' },
  ],
  [
    "metadata",
    {
      "langfuse.trace.metadata.team": '"support"',
      metadata: '{"plan":"pro","size":3}',
      "ai.telemetry.metadata.x": true,
    },
    { "metadata.team": "support", "metadata.plan": "pro", "metadata.size": "3", "metadata.x": "true" },
  ],
  [
    "values that are no text",
    { list: [1, "a"], map: { a: 1n }, bytes: new Uint8Array([1, 2]), none: null, flag: false },
    { list: '[1,"a"]', map: '{"a":"1"}', bytes: "AQI=", none: "null", flag: "false" },
  ],
];
for (const [what, attributes, want] of added) {
  test(`attributes hold ${what}`, () => {
    const row = rowWith(attributes);
    assert.deepEqual(Object.fromEntries(Object.keys(want).map((key) => [key, row.attributes[key]])), want);
  });
}

test("scope, resource, other events and links are kept; vectors are not", () => {
  const { attributes } = rowWith(
    { "embedding.embeddings.0.embedding.vector": [0.1, 0.2], "ai.embedding": "[0.1]", "host.name": "own" },
    {
      scope: { name: "s", version: "1", attributes: { "scope.key": 1 } },
      resource: { "telemetry.sdk.language": "go", "host.name": "theirs", "process.command_args": ["x"] },
      events: [{ name: "retry", timeUnixNano: 5n, attributes: { n: 1 } }],
      links: [{ traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: {} }],
    },
  );
  assert.deepEqual(attributes, {
    "host.name": "own",
    "otel.scope.name": "s",
    "otel.scope.version": "1",
    "scope.key": "1",
    "telemetry.sdk.language": "go",
    "otel.events": '[{"name":"retry","time_unix_nano":"5","attributes":{"n":1}}]',
    "otel.links": `[{"trace_id":"${"a".repeat(32)}","span_id":"${"b".repeat(16)}"}]`,
  });
});

test("the retention class is the project's", () => {
  const context = { projectId: projectId("p") };
  assert.equal(normalizeSpan(spanWith({}), { ...context, retentionDays: 7 }).retention_days, 7);
  assert.equal(normalizeSpan(spanWith({}), context).retention_days, defaultRetentionDays);
});

const knownKeys = Object.values(fields).flatMap((field) =>
  field.from.map((source) => (typeof source === "string" ? source : source.key)),
);
const contentKeys = [
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.prompt",
  "gen_ai.prompt.0.role",
  "gen_ai.prompt.0.tool_calls.0.name",
  "gen_ai.prompt.0",
  "gen_ai.completion.0.content",
  "input.value",
  "output.value",
  "llm.input_messages.0.message.contents.0.message_content.type",
  "llm.input_messages.0.message",
  "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
  "llm.tools.0.tool.json_schema",
  "embedding.embeddings.0.embedding.text",
  "retrieval.documents.0.document.metadata",
  "ai.prompt",
  "ai.prompt.messages",
  "ai.prompt.tools",
  "ai.values",
  "ai.response.text",
  "ai.response.toolCalls",
  "ai.response.object",
  "ai.response.providerMetadata",
  "pydantic_ai.all_messages",
  "all_messages_events",
  "events",
  "final_result",
  "haystack.component.input",
  "haystack.component.output",
  "langfuse.observation.input",
  "langfuse.observation.output",
  "langfuse.observation.usage_details",
  "mlflow.spanInputs",
  "mlflow.spanOutputs",
  "traceloop.entity.input",
  "metadata",
  "langfuse.trace.metadata",
  "llm.invocation_parameters",
  "__proto__",
  "constructor",
  "toString",
];
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value));
const messageLike = fc
  .record(
    {
      role: fc.constantFrom("user", "assistant", "tool", "system"),
      content: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 3 })),
      parts: fc.jsonValue({ maxDepth: 3 }),
      tool_calls: fc.jsonValue({ maxDepth: 3 }),
      type: fc.constantFrom("text", "tool-call", "tool-result", "image", "human", "ai"),
      choices: fc.jsonValue({ maxDepth: 3 }),
    },
    { requiredKeys: [] },
  )
  .chain((message) =>
    fc.constantFrom(
      JSON.stringify(message),
      JSON.stringify([message]),
      JSON.stringify({ messages: [message] }),
      JSON.stringify(JSON.stringify([message])),
    ),
  );
const anyValue: fc.Arbitrary<Attributes[string]> = fc.oneof(
  fc.string(),
  json,
  messageLike,
  json.map((text) => text.slice(0, -1)),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 8 }),
  fc.array(fc.oneof(fc.string(), fc.double(), fc.constant(null)), { maxLength: 4 }),
  fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.bigInt(), fc.array(fc.string(), { maxLength: 2 })), {
    maxKeys: 4,
  }),
);

test("never throws, whatever the attributes hold, and gives rows that can be stored", () => {
  const attributes = fc.dictionary(fc.constantFrom(...knownKeys, ...contentKeys), anyValue, { maxKeys: 12 });
  const event = fc.record({
    name: fc.constantFrom(
      "gen_ai.user.message",
      "gen_ai.choice",
      "gen_ai.content.prompt",
      "exception",
      "gen_ai.client.inference.operation.details",
      "x",
    ),
    timeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    attributes: fc.dictionary(
      fc.constantFrom("content", "message", "role", "tool_calls", "gen_ai.prompt", "gen_ai.input.messages"),
      anyValue,
    ),
  });
  const span = fc.record({
    traceId: fc.constantFrom("0af7651916cd43dd8448eb211c80319c", "", "xyz"),
    parentSpanId: fc.constantFrom("", "00f067aa0ba902b7", "0000000000000000"),
    startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    endTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    events: fc.array(event, { maxLength: 3 }),
    statusCode: fc.nat({ max: 3 }),
    statusMessage: fc.string(),
  });
  fc.assert(
    fc.property(attributes, span, (held, more) => {
      const row = rowWith(held, more);
      assert.match(row.trace_id, /^[0-9a-f]{32}$/);
      for (const value of Object.values(row.attributes)) assert.equal(typeof value, "string");
      for (const name of ["input_tokens", "output_tokens", "cache_read_tokens"] as const) {
        const count = row[name];
        assert.ok(count === null || (Number.isInteger(count) && count >= 0), `${name} ${count}`);
      }
      assert.ok(row.ttft_ns === null || Number.isSafeInteger(row.ttft_ns));
      createBlockWriter("spans").append(row);
    }),
    { numRuns: 1000 },
  );
});
