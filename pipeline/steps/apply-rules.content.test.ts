import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogRow, newLogRow, newSpanRow, projectId, type SpanRow, silentTelemetry } from "@weir/model";
import { encodeTraces, type Span, type SpanEvent } from "@weir/otlp";
import { readBlocks } from "../blocks/block-reader.ts";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { Batch } from "../consumer.ts";
import { ExportWriter } from "../normalize/from-bytes/export-writer.ts";
import { recordingConfig } from "../rules/config.ts";
import { ApplyRulesStep } from "./apply-rules.ts";

const said = "what nobody else should read";
const project = projectId("clinic");

function stepped(batch: Batch, rules: readonly unknown[]): Batch {
  return new ApplyRulesStep(recordingConfig.parse({ rules }).rules, silentTelemetry).onBatch(batch);
}

function spansOf(rows: readonly SpanRow[]): Batch {
  const writer = createBlockWriter("spans");
  for (const row of rows) writer.append(row);
  return writer.finish();
}

function logsOf(rows: readonly Partial<LogRow>[]): Batch {
  const writer = createBlockWriter("logs");
  for (const row of rows) writer.append({ ...newLogRow(project, 5n), service_name: "desk", ...row });
  return writer.finish();
}

function holdsWhatWasSaid({ block }: Batch): boolean {
  return Buffer.from(block.buffer, block.byteOffset, block.byteLength).includes(said);
}

function exported(attributes: Span["attributes"], events: readonly SpanEvent[] = []): Batch {
  const span: Span = {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    parentSpanId: "",
    traceState: "",
    flags: 1,
    name: "chat",
    kind: 3,
    startTimeUnixNano: 1_700_000_000_000_000_000n,
    endTimeUnixNano: 1_700_000_001_000_000_000n,
    attributes,
    events: [...events],
    links: [],
    statusCode: 0,
    statusMessage: "",
    scope: { name: "tests", version: "1", attributes: {} },
    resource: { "service.name": "desk" },
  };
  const { batch } = new ExportWriter({ maxExportItems: 10 }).write(encodeTraces([span]), { projectId: project }, "");
  assert.ok(batch !== undefined);
  return batch;
}

const message = JSON.stringify([
  { role: "user", content: said, parts: [{ type: "text", content: said }], toolName: "look", args: said },
]);
const chat = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.prompt.name": "greeting" };
/** What each dialect calls content; whole attributes, and numbered ones. */
const contentAttributes: readonly string[] = [
  ...["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions"],
  ...["gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.args", "gen_ai.tool.result"],
  ...["gen_ai.retrieval.query.text", "gen_ai.retrieval.documents", "gen_ai.memory.query.text", "gen_ai.memory.records"],
  ...["gen_ai.prompt", "gen_ai.completion", "gen_ai.prompt.0.content", "gen_ai.completion.0.content"],
  ...["llm.request.functions.0.description", "llm.input_messages.0.message.content", "llm.prompts.0.prompt.text"],
  ...["llm.output_messages.0.message.content", "llm.tools.0.tool.json_schema", "llm.choices.0.completion.text"],
  ...["input.value", "output.value", "tool.parameters", "retrieval.documents.0.document.content", "reranker.query"],
  ...["reranker.input_documents.0.document.content", "reranker.output_documents.0.document.content"],
  ...["embedding.embeddings.0.embedding.text", "ai.prompt", "ai.prompt.messages", "ai.prompt.tools", "ai.result.text"],
  ...["ai.response.text", "ai.response.object", "ai.response.reasoning", "ai.response.toolCalls", "ai.toolCall.args"],
  ...["ai.toolCall.result", "ai.value", "ai.values", "traceloop.entity.input", "traceloop.entity.output"],
  ...["mlflow.spanInputs", "mlflow.spanOutputs", "gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_response"],
  ...["lk.chat_ctx", "lk.user_input", "lk.response.text", "lk.function_tool.arguments", "lk.function_tool.output"],
  ...["genkit:input", "genkit:output", "db.vector.query.text", "langfuse.observation.input", "langfuse.trace.output"],
  ...["haystack.component.input", "haystack.agent.output", "haystack.pipeline.input_data", "pydantic_ai.all_messages"],
  ...["all_messages_events", "events", "final_result", "tool_arguments", "tool_response", "input", "output"],
];

for (const key of contentAttributes) {
  test(`over OTLP nothing of ${key} is kept without content, beside another dialect either`, () => {
    const alone = { ...chat, [key]: message };
    const beside = { ...chat, "gen_ai.input.messages": message, "gen_ai.output.messages": message, [key]: message };
    for (const attributes of [alone, beside]) {
      const batch = exported(attributes);
      assert.ok(holdsWhatWasSaid(batch));
      const left = stepped(batch, [{ content: false }]);
      assert.equal(holdsWhatWasSaid(left), false);
      const [row] = readBlocks(left.block, "spans");
      assert.equal(row?.["content_state"], "off");
      assert.equal(row?.["request_model"], "gpt-4o");
      assert.equal(row?.["prompt_name"], "greeting");
    }
  });
}

for (const name of ["gen_ai.user.message", "gen_ai.choice", "gen_ai.content.prompt", "some event"]) {
  test(`over OTLP nothing of a span's event ${name} is kept without content`, () => {
    const batch = exported(chat, [
      { name, timeUnixNano: 1n, attributes: { content: said, message: said, "gen_ai.prompt": said } },
    ]);
    assert.ok(holdsWhatWasSaid(batch));
    assert.equal(holdsWhatWasSaid(stepped(batch, [{ content: false }])), false);
  });
}

for (const source of ["gateway", "rest", "otlp"] as const) {
  test(`a ${source} row is recorded without content where a rule says so, and only there`, () => {
    const row = (model: string): SpanRow =>
      Object.assign(newSpanRow(project, source, 5n), {
        request_model: model,
        input: `{"messages":[{"role":"user","content":"${said}"}]}`,
        output: said,
        content_format: "openai.chat",
        attributes: { "metadata.tier": "free" },
      });
    const rows = [row("a"), row("b")];
    const left = stepped(spansOf(rows), [{ when: "model:a", content: false }]);
    const [off, kept] = readBlocks(left.block, "spans");
    assert.deepEqual([off?.["input"], off?.["output"], off?.["content_state"]], ["", "", "off"]);
    assert.deepEqual(off?.["attributes"], { "metadata.tier": "free" });
    assert.deepEqual(kept, readBlocks(spansOf(rows).block, "spans")[1]);
  });
}

const records: readonly (readonly [string, Partial<LogRow>])[] = [
  ["a message of the conventions", { event_name: "gen_ai.user.message", body: `{"content":"${said}"}` }],
  ["an answer", { event_name: "gen_ai.choice", body: `{"message":{"content":"${said}"}}` }],
  ["a message in attributes", { event_name: "gen_ai.assistant.message", attributes: { content: said, role: "x" } }],
  [
    "all of a call",
    {
      event_name: "gen_ai.client.inference.operation.details",
      attributes: { "gen_ai.input.messages": message, "gen_ai.system_instructions": message },
    },
  ],
  ["a record with a span's attributes", { body: "done", attributes: { "traceloop.entity.input": said } }],
];

for (const [what, fields] of records) {
  const record = { ...fields, attributes: { ...fields.attributes, "gen_ai.request.model": "gpt-4o" } };
  const isKept = (rules: readonly unknown[]) => holdsWhatWasSaid(stepped(logsOf([record]), rules));
  test(`${what} in a log record is kept, or not, with its span's content`, () => {
    assert.ok(isKept([{ content: true }]));
    assert.equal(isKept([{ content: false }]), false);
    assert.equal(isKept([{ projects: ["clinic"], content: false }]), false);
    assert.ok(isKept([{ projects: ["bank"], content: false }]));
    assert.equal(isKept([{ when: "service:desk", content: false }]), false);
    assert.ok(isKept([{ when: "service:shop", content: false }]));
    assert.ok(isKept([{ when: "service:desk" }, { content: false }]));
    assert.ok(isKept([{ when: "NOT service:desk OR (service:shop model:x)", content: false }]));
    // What a record does not tell may be so.
    assert.equal(isKept([{ when: "model:other", content: false }]), false);
    assert.equal(isKept([{ when: "status:error" }, { content: false }]), false);
    assert.equal(isKept([{ when: "NOT model:other", content: false }]), false);
    assert.equal(isKept([{ record: false }]), false);
  });
}

test("of a log record all but content is kept, and records that have none stay as they are", () => {
  const rows = [
    { event_name: "gen_ai.user.message", body: said, attributes: { "gen_ai.system": "openai", content: said } },
    { event_name: "checkout.done", body: "an order", attributes: { content: "a box", input: said } },
  ];
  const left = readBlocks(stepped(logsOf(rows), [{ content: false }]).block, "logs");
  assert.deepEqual(
    left.map(({ body, attributes, service_name }) => ({ body, attributes, service_name })),
    [
      { body: "", attributes: { "gen_ai.system": "openai", content: "" }, service_name: "desk" },
      { body: "an order", attributes: { content: "a box", input: "" }, service_name: "desk" },
    ],
  );
  const plain = logsOf([{ body: "an order", attributes: { content: "a box" } }]);
  assert.equal(stepped(plain, [{ content: false }]), plain);
});
