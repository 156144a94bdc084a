import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type Conversation, textOf, toolCallsOf } from "../message.ts";
import { contentFormats } from "../span.ts";
import { readConversation } from "./read-conversation.ts";

const read = (content_format: string, input: unknown, output: unknown): Conversation =>
  readConversation({ content_format, input: JSON.stringify(input), output: JSON.stringify(output) });

const image = "data:image/png;base64,iVBORw0KGgo=";

test("openai.chat: roles, images, tools, results, reasoning and the system prompt", () => {
  const conversation = read(
    "openai.chat",
    {
      model: "gpt-4o",
      temperature: 0.2,
      tools: [{ type: "function", function: { name: "weather", description: "d", parameters: { type: "object" } } }],
      messages: [
        { role: "system", content: "Be brief." },
        { role: "developer", content: [{ type: "text", text: "In French." }] },
        {
          role: "user",
          name: "ann",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url: image } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c1", content: "18 °C" },
      ],
    },
    {
      choices: [
        { message: { role: "assistant", content: "18 °C.", reasoning_content: "hm" }, finish_reason: "stop" },
        { message: { role: "assistant", refusal: "No." }, finish_reason: "stop" },
      ],
    },
  );
  assert.equal(conversation.system, "Be brief.\n\nIn French.");
  assert.deepEqual(conversation.messages, [
    {
      role: "user",
      name: "ann",
      parts: [
        { type: "text", text: "What is it?" },
        { type: "image", source: { kind: "data", mediaType: "image/png", base64: "iVBORw0KGgo=" }, name: "" },
      ],
    },
    {
      role: "assistant",
      parts: [{ type: "tool_call", id: "c1", name: "weather", arguments: "{}", isProviderTool: false }],
    },
    {
      role: "tool",
      parts: [{ type: "tool_result", id: "c1", parts: [{ type: "text", text: "18 °C" }], isError: false }],
    },
  ]);
  assert.deepEqual(conversation.response, {
    role: "assistant",
    parts: [
      { type: "reasoning", text: "hm", isEncrypted: false },
      { type: "text", text: "18 °C." },
    ],
    finishReason: "stop",
  });
  assert.deepEqual(conversation.alternatives[0]?.parts, [{ type: "refusal", text: "No." }]);
  assert.deepEqual(conversation.tools, [{ name: "weather", description: "d", parameters: { type: "object" } }]);
  assert.deepEqual(conversation.params, { model: "gpt-4o", temperature: 0.2 });
  assert.equal(conversation.truncated, false);
});

test("openai.responses: instructions, items in runs, provider tools and an incomplete answer", () => {
  const conversation = read(
    "openai.responses",
    {
      model: "gpt-5",
      instructions: "Be brief.",
      tools: [{ type: "web_search" }, { type: "function", name: "weather", parameters: {} }],
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "Hi" },
            { type: "input_image", image_url: "https://a.b/c.png" },
          ],
        },
        { type: "reasoning", summary: [{ type: "summary_text", text: "why" }] },
        { type: "function_call", call_id: "c1", name: "weather", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: "18" },
      ],
    },
    {
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [
        { type: "web_search_call", id: "w1", action: { query: "x" } },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "18" }] },
      ],
    },
  );
  assert.equal(conversation.system, "Be brief.");
  assert.deepEqual(
    conversation.messages.map(({ role, parts }) => [role, parts.map(({ type }) => type)]),
    [
      ["user", ["text", "image"]],
      ["assistant", ["reasoning", "tool_call"]],
      ["tool", ["tool_result"]],
    ],
  );
  assert.equal(conversation.response?.finishReason, "max_output_tokens");
  assert.deepEqual(toolCallsOf(conversation.response?.parts ?? []), [
    { type: "tool_call", id: "w1", name: "web_search", arguments: '{"query":"x"}', isProviderTool: true },
  ]);
  assert.deepEqual(
    conversation.tools.map(({ name }) => name),
    ["web_search", "weather"],
  );
});

test("anthropic.messages: system blocks, thinking, tools with results that hold images, documents", () => {
  const source = { type: "base64", media_type: "image/png", data: "AA==" };
  const conversation = read(
    "anthropic.messages",
    {
      model: "claude",
      max_tokens: 5,
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
      tools: [{ name: "shot", description: "d", input_schema: { type: "object" } }],
      messages: [
        {
          role: "user",
          content: [{ type: "document", title: "T", source: { type: "text", media_type: "text/plain", data: "x" } }],
        },
        { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "shot", input: { a: 1 } }] },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "t1", is_error: true, content: [{ type: "image", source }] }],
        },
      ],
    },
    {
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "redacted_thinking", data: "…" },
        { type: "text", text: "Hi" },
      ],
      stop_reason: "end_turn",
    },
  );
  assert.equal(conversation.system, "Be brief.");
  assert.deepEqual(conversation.messages[0]?.parts, [
    { type: "document", source: { kind: "text", mediaType: "text/plain", text: "x" }, name: "T" },
  ]);
  assert.equal(toolCallsOf(conversation.messages[1]?.parts ?? [])[0]?.arguments, '{"a":1}');
  assert.deepEqual(conversation.messages[2]?.parts, [
    {
      type: "tool_result",
      id: "t1",
      isError: true,
      parts: [{ type: "image", source: { kind: "data", mediaType: "image/png", base64: "AA==" }, name: "" }],
    },
  ]);
  assert.deepEqual(
    conversation.response?.parts.map(({ type }) => type),
    ["reasoning", "reasoning", "text"],
  );
  assert.equal(conversation.response?.finishReason, "end_turn");
  assert.deepEqual(conversation.params, { model: "claude", max_tokens: 5 });
});

test("weir.messages: OpenTelemetry's parts, any API's content, one message, plain text", () => {
  const conversation = read(
    "weir.messages",
    [
      { role: "system", parts: [{ type: "text", content: "Be brief." }] },
      {
        role: "user",
        parts: [
          { type: "text", content: "Hi" },
          { type: "uri", modality: "image", uri: "https://a.b/c" },
        ],
      },
      { role: "assistant", parts: [{ type: "tool_call", id: "1", name: "f", arguments: { a: 1 } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "1", result: { b: 2 } }] },
      { role: "user", content: "And?" },
    ],
    { role: "assistant", parts: [{ type: "text", content: "That." }], finish_reason: "stop" },
  );
  assert.equal(conversation.system, "Be brief.");
  assert.deepEqual(
    conversation.messages.map(({ parts }) => parts.map(({ type }) => type)),
    [["text", "image"], ["tool_call"], ["tool_result"], ["text"]],
  );
  assert.equal(conversation.response?.finishReason, "stop");
  assert.deepEqual(read("weir.messages", "Hi", "Ho").messages, [
    { role: "user", parts: [{ type: "text", text: "Hi" }] },
  ]);
});

test("openai.completions, openai.embeddings, json and text", () => {
  const completions = read(
    "openai.completions",
    { prompt: "Once" },
    { choices: [{ text: " upon", finish_reason: "length" }] },
  );
  assert.deepEqual(completions.response, {
    role: "assistant",
    parts: [{ type: "text", text: " upon" }],
    finishReason: "length",
  });
  const embeddings = read(
    "openai.embeddings",
    { input: ["a", "b"] },
    { data: [{ embedding: [1, 2, 3] }, { embedding: "AACAPwAAAEA=" }] },
  );
  assert.deepEqual(embeddings.messages[0]?.parts.length, 2);
  assert.deepEqual(embeddings.response?.parts, [
    { type: "embedding", dimensions: 3 },
    { type: "embedding", dimensions: 2 },
  ]);
  assert.deepEqual(read("json", { a: 1 }, [2]).messages[0]?.parts, [{ type: "json", value: { a: 1 } }]);
  const text = readConversation({ content_format: "text", input: "{Hi", output: "Ho" });
  assert.equal(textOf(text.response?.parts ?? []), "Ho");
  assert.equal(text.truncated, false);
});

test("an answer that is an error says so, in every API", () => {
  for (const format of [
    "openai.chat",
    "openai.completions",
    "openai.responses",
    "openai.embeddings",
    "anthropic.messages",
  ]) {
    const { response } = read(format, {}, { error: { type: "rate_limit_error", message: "Slow down." } });
    assert.deepEqual(response?.parts, [{ type: "error", text: "Slow down.", code: "rate_limit_error" }], format);
  }
});

test("gemini.interactions: a text, contents, or steps go in", () => {
  const image = { type: "image", mime_type: "image/png", data: "iVBORw0KGgo=" };
  const cases: [input: unknown, roles: string[], parts: string[][]][] = [
    ["Hi", ["user"], [["text"]]],
    [[{ type: "text", text: "What is it?" }, image], ["user"], [["text", "image"]]],
    [
      [
        { type: "user_input", content: [{ type: "text", text: "Hi" }] },
        { type: "thought", signature: "AA==" },
        { type: "model_output", content: [{ type: "text", text: "Ho" }] },
        { type: "function_call", id: "c1", name: "f", arguments: {} },
        { type: "function_result", call_id: "c1", result: "1" },
      ],
      ["user", "assistant", "assistant", "assistant", "tool"],
      [["text"], ["reasoning"], ["text"], ["tool_call"], ["tool_result"]],
    ],
    [
      [
        { role: "user", content: "Hi" },
        { role: "model", content: [{ type: "text", text: "Ho" }] },
      ],
      ["user", "assistant"],
      [["text"], ["text"]],
    ],
    [
      [
        {
          role: "model",
          content: [
            { type: "thought", signature: "AA==" },
            { type: "text", text: "Ho" },
            { type: "function_call", id: "c1", name: "f", arguments: {} },
          ],
        },
        { role: "user", content: [{ type: "function_result", call_id: "c1", result: "1" }] },
      ],
      ["assistant", "user"],
      [["reasoning", "text", "tool_call"], ["tool_result"]],
    ],
  ];
  for (const [input, roles, parts] of cases) {
    const request = {
      model: "gemini-2.5-flash",
      input,
      system_instruction: "Be brief.",
      generation_config: { seed: 1 },
    };
    const { messages, system, params } = read("gemini.interactions", request, {});
    assert.deepEqual(
      [
        system,
        params,
        messages.map(({ role }) => role),
        messages.map((message) => message.parts.map(({ type }) => type)),
      ],
      ["Be brief.", { model: "gemini-2.5-flash", seed: 1 }, roles, parts],
    );
  }
});

test("errors that have no member of their own around them", () => {
  const cases: [format: string, body: unknown, text: string, code: string][] = [
    ["openai.chat", { message: "Unauthorized", request_id: "r1" }, "Unauthorized", ""],
    [
      "openai.chat",
      { message: "Wrong key", type: "invalid_request_error", code: "wrong_key" },
      "Wrong key",
      "wrong_key",
    ],
    [
      "openai.completions",
      { object: "error", message: "Too long", type: "BadRequest", code: 400 },
      "Too long",
      "BadRequest",
    ],
    ["openai.embeddings", { detail: "Not Found" }, "Not Found", ""],
    [
      "openai.responses",
      { detail: [{ loc: ["body", "input"], msg: "required" }] },
      '[{"loc":["body","input"],"msg":"required"}]',
      "",
    ],
  ];
  for (const [format, body, text, code] of cases) {
    assert.deepEqual(read(format, {}, body).response?.parts, [{ type: "error", text, code }], format);
  }
  const answered = { message: "all is well", choices: [{ message: { content: "Hi" } }] };
  assert.deepEqual(read("openai.chat", {}, answered).response?.parts, [{ type: "text", text: "Hi" }]);
});

test("what a provider does beside the model's tools, and what it kept of a conversation", () => {
  const act = (name: string, input: unknown, id = "") => {
    return { type: "tool_call", id, name, arguments: JSON.stringify(input), isProviderTool: true };
  };
  const cases: [format: string, item: Record<string, unknown>, part: unknown][] = [
    [
      "openai.responses",
      { type: "mcp_list_tools", id: "l1", server_label: "wiki", tools: [] },
      act("mcp_list_tools", { server_label: "wiki", tools: [] }, "l1"),
    ],
    [
      "openai.responses",
      { type: "mcp_approval_request", id: "a1", name: "ask", arguments: "{}", server_label: "wiki" },
      act("mcp_approval_request", { name: "ask", arguments: "{}", server_label: "wiki" }, "a1"),
    ],
    ["openai.responses", { type: "program", id: "p1", call_id: "c1", code: "1" }, act("program", { code: "1" }, "c1")],
    [
      "openai.responses",
      { type: "program_output", id: "o1", call_id: "c1", result: "1" },
      { type: "tool_result", id: "c1", parts: [{ type: "text", text: "1" }], isError: false },
    ],
    [
      "openai.responses",
      { type: "code_interpreter_call", id: "i1", code: "print(1)", outputs: [] },
      { ...act("code_interpreter", "", "i1"), arguments: "print(1)" },
    ],
    [
      "openai.responses",
      { type: "compaction", id: "k1", encrypted_content: "gAAA" },
      { type: "reasoning", text: "", isEncrypted: true },
    ],
    [
      "anthropic.messages",
      { type: "compaction", content: "They asked for a sum." },
      { type: "reasoning", text: "They asked for a sum.", isEncrypted: false },
    ],
    [
      "anthropic.messages",
      { type: "fallback", from: { model: "a" }, to: { model: "b" } },
      act("fallback", { from: { model: "a" }, to: { model: "b" } }),
    ],
  ];
  for (const [format, item, part] of cases) {
    const body = format === "openai.responses" ? { output: [item] } : { content: [item], stop_reason: "end_turn" };
    assert.deepEqual(read(format, {}, body).response?.parts, [part], String(item["type"]));
  }
});

test("cut-off JSON becomes text, and says so", () => {
  const cut = readConversation({ content_format: "openai.chat", input: '{"messages":[{"role":"us', output: "" });
  assert.deepEqual(cut.messages, [{ role: "user", parts: [{ type: "text", text: '{"messages":[{"role":"us' }] }]);
  assert.equal(cut.truncated, true);
  assert.equal(cut.response, null);
});

test("no content is no conversation", () => {
  const empty = { system: "", messages: [], response: null, alternatives: [], tools: [], params: {}, truncated: false };
  for (const content_format of contentFormats) {
    assert.deepEqual(readConversation({ content_format, input: "", output: "" }), empty, content_format);
  }
});

test("never throws, whatever the JSON", () => {
  const word = fc.constantFrom(
    ...["role", "content", "parts", "messages", "type", "text", "tool_calls", "function", "output", "input", "choices"],
    ...[
      "message",
      "tool_result",
      "reasoning",
      "summary",
      "image_url",
      "source",
      "system",
      "user",
      "tool",
      "error",
      "data",
      "__proto__",
    ],
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "medium" },
      word,
      fc.constant(null),
      fc.integer(),
      fc.boolean(),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(word, tie("value"), { maxKeys: 6 }),
  })).value;
  const formats = fc.constantFrom(...contentFormats, "unknown.format", "constructor");
  fc.assert(
    fc.property(formats, json, json, (format, input, output) => {
      const conversation = read(format, input, output);
      for (const message of conversation.messages) assert.ok(Array.isArray(message.parts));
      JSON.stringify(conversation);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(formats, fc.string(), (content_format, content) => {
      readConversation({ content_format, input: content, output: content });
    }),
  );
});

test("deeply nested content does not exhaust the stack", () => {
  const nested = `${'{"type":"tool_result","content":['.repeat(20_000)}1${"]}".repeat(20_000)}`;
  const input = `{"messages":[{"role":"user","content":[${nested}]}]}`;
  assert.equal(readConversation({ content_format: "anthropic.messages", input, output: "" }).messages.length, 1);
});

interface Exchange {
  provider: string;
  api: string;
  stream: boolean;
  status: number;
  request: { body: unknown };
  response: { body_json?: unknown };
  truth: { text: string | null; tools: { name: string; arguments: unknown }[] | null; finish: string | null };
}

const exchanges = fileURLToPath(new URL("../../../shared/data/exchanges", import.meta.url));
const formatOfApi: Record<string, string> = {
  chat: "openai.chat",
  completions: "openai.completions",
  responses: "openai.responses",
  messages: "anthropic.messages",
};
const present = existsSync(exchanges);
test("recorded exchanges are read as they were", {
  skip: present ? false : `no recordings at ${exchanges}`,
}, async (context) => {
  for (const name of readdirSync(exchanges).filter((file) =>
    /^(openai|anthropic|openrouter|groq|mistral|together)\./.test(file),
  )) {
    const exchange = JSON.parse(readFileSync(`${exchanges}/${name}`, "utf8")) as Exchange;
    const format = formatOfApi[exchange.api];
    if (format === undefined) continue;
    await context.test(name, () => compare(exchange, format));
  }
});

function compare({ request, response, truth }: Exchange, format: string): void {
  const conversation = read(format, request.body, response.body_json ?? null);
  assert.equal(conversation.truncated, false);
  assert.ok(conversation.messages.length + conversation.system.length > 0);
  const parts = [...conversation.messages.flatMap((message) => message.parts), ...(conversation.response?.parts ?? [])];
  assert.deepEqual(parts.filter(({ type }) => type === "json").length, 0);
  if (response.body_json === undefined) return;
  const answer = conversation.response?.parts ?? [];
  // The recording's text is null where there were only tool calls, and where content was a list.
  if (truth.text !== null || truth.tools?.length) assert.equal(textOf(answer), truth.text ?? "");
  const calls = toolCallsOf(answer).filter((call) => !call.isProviderTool);
  const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  assert.deepEqual(
    calls.map((call) => ({ name: call.name, arguments: call.arguments })),
    (truth.tools ?? []).map((call) => ({ name: call.name, arguments: asText(call.arguments) })),
  );
  assert.equal(conversation.response?.finishReason, truth.finish);
}
