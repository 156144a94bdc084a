import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conversation, readConversation } from "@weir/model";
import type { Attributes, SpanEvent } from "@weir/otlp";
import { contentFromLog, joinLogContents } from "./content-from-log.ts";
import { rowWith } from "./testing/span-with.ts";

const llm = { "gen_ai.operation.name": "chat" };
const json = (value: unknown) => JSON.stringify(value);

function brief({ system, messages, response, tools }: Conversation): unknown {
  const parts = (message: Conversation["messages"][number]) => [
    message.role,
    ...message.parts.map((part) => {
      if (part.type === "text" || part.type === "reasoning") return `${part.type}:${part.text}`;
      if (part.type === "tool_call") return `call:${part.id}:${part.name}:${part.arguments}`;
      if (part.type === "tool_result") return `result:${part.id}:${json(part.parts)}`;
      return part.type;
    }),
  ];
  return {
    ...(system && { system }),
    ...(messages.length > 0 && { messages: messages.map(parts) }),
    ...(response && { response: parts(response) }),
    ...(tools.length > 0 && { tools: tools.map(({ name }) => name) }),
  };
}

const hi = ["user", "text:Hi"];
const event = (name: string, attributes: Attributes): SpanEvent => ({ name, attributes, timeUnixNano: 0n });

const conversations: readonly (readonly [string, Attributes, string, unknown, (readonly SpanEvent[])?])[] = [
  [
    "messages, instructions and tools in one object, byte for byte",
    {
      ...llm,
      "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
      "gen_ai.input.messages": '[ {"role":"user","parts":[{"type":"text","content":"Hi"}]} ]',
      "gen_ai.tool.definitions": ['{"type":"function","name":"t","inputSchema":{}}'],
      "gen_ai.output.messages": [
        { role: "assistant", parts: [{ type: "thinking", content: "hm" }], finish_reason: "stop" },
      ],
    },
    "weir.messages",
    { system: "Be brief.", messages: [hi], response: ["assistant", "reasoning:hm"], tools: ["t"] },
  ],
  [
    "doubly encoded messages",
    { ...llm, "gen_ai.input.messages": json(json([{ role: "user", content: "Hi" }])) },
    "weir.messages",
    { messages: [hi] },
  ],
  [
    "numbered prompts, and not their neighbours",
    {
      ...llm,
      "gen_ai.prompt.name": "greeting",
      "gen_ai.prompt.10.role": "user",
      "gen_ai.prompt.10.content": "Hi",
      "gen_ai.prompt.2.role": "assistant",
      "gen_ai.prompt.2.tool_calls.0.id": "c1",
      "gen_ai.prompt.2.tool_calls.0.name": "t",
      "gen_ai.prompt.2.tool_calls.0.arguments": "{}",
      "gen_ai.prompt.3.role": "tool",
      "gen_ai.prompt.3.tool_call_id": "c1",
      "gen_ai.prompt.3.content": "18",
      "gen_ai.completion.0.content": "Hello",
      "llm.request.functions.0.name": "t",
      "llm.request.functions.0.parameters": "{}",
    },
    "weir.messages",
    {
      messages: [["assistant", "call:c1:t:{}"], ["tool", 'result:c1:[{"type":"text","text":"18"}]'], hi],
      response: ["assistant", "text:Hello"],
      tools: ["t"],
    },
  ],
  [
    "OpenInference's contents of every kind",
    {
      "openinference.span.kind": "LLM",
      "llm.input_messages.0.message.role": "user",
      "llm.input_messages.0.message.contents.0.message_content.type": "text",
      "llm.input_messages.0.message.contents.0.message_content.text": "Hi",
      "llm.input_messages.0.message.contents.1.message_content.type": "image",
      "llm.input_messages.0.message.contents.1.message_content.image.image.url": "https://a.b/c.png",
      "llm.output_messages.0.message.role": "assistant",
      "llm.output_messages.0.message.contents.0.message_content.type": "reasoning",
      "llm.output_messages.0.message.contents.0.message_content.text": "hm",
      "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "t",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
    },
    "weir.messages",
    { messages: [[...hi, "image"]], response: ["assistant", "reasoning:hm", "call:c1:t:{}"] },
  ],
  [
    "a provider's own request and answer stay as they are",
    {
      "openinference.span.kind": "LLM",
      "input.value": '{"model":"m", "system":"Be brief.","messages":[{"role":"user","content":"Hi"}]}',
      "output.value": '{"id":"msg_1","type":"message","content":[{"type":"text","text":"Hello"}]}',
      "llm.input_messages.0.message.content": "Hi",
    },
    "anthropic.messages",
    { system: "Be brief.", messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  [
    "an answer of an API to messages of another form",
    {
      ...llm,
      "gen_ai.prompt": json([{ role: "user", content: "Hi" }]),
      "gen_ai.completion": '{"choices":[{"message":{"role":"assistant","content":"Hello"}}]}',
    },
    "weir.messages",
    { messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  [
    "the AI SDK's parts, of versions 4 and 5",
    {
      "ai.operationId": "ai.generateText.doGenerate",
      "ai.prompt.messages": json([
        {
          role: "user",
          content: [
            { type: "text", text: "Hi" },
            { type: "image", image: "https://a.b/c.png" },
            { type: "file", data: "AA==", mediaType: "application/pdf" },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "hm" },
            { type: "tool-call", toolCallId: "c1", toolName: "t", args: { a: 1 } },
          ],
        },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", output: { type: "text", value: "18" } }] },
      ]),
      "ai.response.text": "Hello",
      "ai.response.toolCalls": json([{ toolCallId: "c2", toolName: "t", input: "{}" }]),
    },
    "weir.messages",
    {
      messages: [
        [...hi, "image", "document"],
        ["assistant", "reasoning:hm", 'call:c1:t:{"a":1}'],
        ["tool", 'result:c1:[{"type":"text","text":"18"}]'],
      ],
      response: ["assistant", "text:Hello", "call:c2:t:{}"],
    },
  ],
  [
    "an agent run of pydantic-ai",
    {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.system_instructions": "Be brief.",
      "pydantic_ai.all_messages": json([
        { role: "user", parts: [{ type: "text", content: "Hi" }] },
        { role: "assistant", parts: [{ type: "text", content: "Hello" }] },
      ]),
      final_result: "Hello",
    },
    "weir.messages",
    { system: "Be brief.", messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  [
    "the events of pydantic-ai's first format",
    {
      ...llm,
      events: json([
        { "event.name": "gen_ai.user.message", content: "Hi", role: "user" },
        { "event.name": "gen_ai.choice", index: 0, message: { role: "assistant", content: "Hello" } },
      ]),
    },
    "weir.messages",
    { messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  [
    "events of the span",
    llm,
    "weir.messages",
    { messages: [hi], response: ["assistant", "text:Hello"] },
    [
      event("gen_ai.user.message", { content: "Hi" }),
      event("gen_ai.choice", { message: '{"content":"Hello"}', finish_reason: "stop" }),
    ],
  ],
  [
    "the oldest events",
    llm,
    "weir.messages",
    { messages: [hi], response: ["assistant", "text:Hello"] },
    [
      event("gen_ai.content.prompt", { "gen_ai.prompt": '[{"role":"user","content":"Hi"}]' }),
      event("gen_ai.content.completion", { "gen_ai.completion": "Hello" }),
    ],
  ],
  [
    "LangChain's messages",
    {
      "openinference.span.kind": "CHAIN",
      "input.value": '{"messages":[{"type":"human","content":"Hi"}]}',
      "output.value": '{"lc":1,"id":["langchain","schema","messages","AIMessage"],"kwargs":{"content":"Hello"}}',
    },
    "weir.messages",
    { messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  [
    "text on both sides",
    { input: "Hi", output: "Hello" },
    "text",
    { messages: [hi], response: ["assistant", "text:Hello"] },
  ],
  ["text that looks like a list", { input: "[sic] Hi" }, "text", { messages: [["user", "text:[sic] Hi"]] }],
  [
    "JSON against text",
    { "traceloop.entity.input": '{"a":1}', "traceloop.entity.output": "done" },
    "json",
    { messages: [["user", "json"]], response: ["assistant", "text:done"] },
  ],
];
for (const [what, attributes, format, want, events] of conversations) {
  test(`a conversation: ${what}`, () => {
    const row = rowWith(attributes, { events: events ?? [] });
    assert.equal(row.content_format, format);
    assert.equal(row.content_state, "full");
    const conversation = readConversation({ ...row, input: String(row.input), output: String(row.output) });
    assert.deepEqual(brief(conversation), want);
    assert.equal(conversation.truncated, false);
  });
}

test("bytes of a single source are the sender's, and are not stored again", () => {
  const messages = '[ {"role":"user", "parts":[]} ]';
  const row = rowWith({ ...llm, "gen_ai.input.messages": messages, "gen_ai.request.seed": 1 });
  assert.equal(row.input, messages);
  assert.deepEqual(Object.keys(row.attributes), ["gen_ai.operation.name", "gen_ai.request.seed"]);
});

test("JSON that a limit of the sender cut off is kept, and said to be truncated", () => {
  const row = rowWith({
    ...llm,
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"te',
    "gen_ai.output.messages": "[]",
  });
  assert.equal(row.content_state, "truncated");
  assert.equal(row.input, '[{"role":"user","parts":[{"type":"te');
});

const sides: readonly (readonly [string, Attributes, string, string])[] = [
  [
    "a tool's arguments and result",
    {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.call.arguments": { a: 1 },
      "gen_ai.tool.call.result": '{"b":2}',
    },
    '{"a":1}',
    '{"b":2}',
  ],
  [
    "a query and documents",
    {
      "gen_ai.operation.name": "retrieval",
      "gen_ai.retrieval.query.text": "q",
      "gen_ai.retrieval.documents": '[{"id":"d"}]',
    },
    '"q"',
    '[{"id":"d"}]',
  ],
  [
    "OpenInference's documents",
    {
      "openinference.span.kind": "RETRIEVER",
      "input.value": "q",
      "retrieval.documents.0.document.id": "d",
      "retrieval.documents.0.document.metadata": '{"p":1}',
    },
    '"q"',
    '[{"id":"d","metadata":{"p":1}}]',
  ],
  [
    "embedded texts",
    {
      "openinference.span.kind": "EMBEDDING",
      "embedding.embeddings.0.embedding.text": "a",
      "embedding.embeddings.1.embedding.text": "b",
    },
    '["a","b"]',
    "",
  ],
  ["one embedded text", { "ai.operationId": "ai.embed.doEmbed", "ai.values": ['"a"'] }, '["a"]', ""],
];
for (const [what, attributes, input, output] of sides) {
  test(`a step: ${what}`, () => {
    const row = rowWith(attributes);
    assert.deepEqual([row.input, row.output], [input, output]);
  });
}

test("content in log records reads as that of spans does", () => {
  const log = (eventName: string, body: Attributes, attributes: Attributes = {}) =>
    contentFromLog({ eventName, body, attributes });
  const contents = [
    log("gen_ai.system.message", { content: "Be brief." }),
    contentFromLog({ eventName: "", body: { content: "Hi" }, attributes: { "event.name": "gen_ai.user.message" } }),
    log("gen_ai.choice", { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }),
  ].map((content) => content ?? assert.fail());
  const joined = joinLogContents(contents);
  assert.deepEqual(brief(readConversation(joined)), {
    system: "Be brief.",
    messages: [hi],
    response: ["assistant", "text:Hello"],
  });

  const details = log(
    "gen_ai.client.inference.operation.details",
    {},
    { "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "Hi" }] }] },
  );
  assert.deepEqual(brief(readConversation(joinLogContents([details ?? assert.fail()]))), { messages: [hi] });
  assert.equal(log("something.else", { content: "Hi" }), undefined);
  assert.equal(contentFromLog({ eventName: "", body: "a line", attributes: {} }), undefined);
});
