import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteAllowance, CaptureBudget } from "../recording/capture.ts";
import { apiOf } from "./index.ts";
import type { StreamReading } from "./shape.ts";

function open(path: string, limit = 1 << 20): StreamReading {
  const stream = apiOf("POST", path).openStream?.(new ByteAllowance(limit, new CaptureBudget(1 << 24)));
  assert.ok(stream);
  return stream;
}

/** Feeds events as the framer would; returns which of them were content. */
function feed(stream: StreamReading, events: readonly unknown[]): boolean[] {
  return events.map((event) => {
    const bytes = Buffer.from(`<<${typeof event === "string" ? event : JSON.stringify(event)}>>`);
    return stream.read(bytes, 2, bytes.length - 2, "");
  });
}

type Json = Record<string, unknown>;

function assembled(stream: StreamReading): Json {
  return JSON.parse(stream.assemble().toString()) as Json;
}

function message(stream: StreamReading): Json {
  return ((assembled(stream)["choices"] as Json[])[0] as { message: Json }).message;
}

function chunk(delta: unknown, rest: Json = {}): Json {
  return { id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: null, ...rest }] };
}

function call(index: number | undefined, id: string | undefined, name: string | undefined, args: unknown): Json {
  return { tool_calls: [{ index, id, function: { name, arguments: args } }] };
}

const chat = "/v1/chat/completions";

// Case 15: tool calls, told apart whatever the numbering.

for (const [name, deltas, expected] of [
  [
    "parallel calls, pieces interleaved",
    [
      call(0, "a", "f", ""),
      call(1, "b", "g", ""),
      call(0, undefined, undefined, '{"x"'),
      call(1, undefined, undefined, '{"y"'),
      call(0, undefined, undefined, ":1}"),
      call(1, undefined, undefined, ":2}"),
    ],
    [
      ["a", "f", '{"x":1}'],
      ["b", "g", '{"y":2}'],
    ],
  ],
  [
    "every call numbered 0, with ids",
    [call(0, "a", "f", "{}"), call(0, "b", "g", '{"y":2}')],
    [
      ["a", "f", "{}"],
      ["b", "g", '{"y":2}'],
    ],
  ],
  [
    "every call numbered 0, without ids",
    [call(0, undefined, "f", "{}"), call(0, undefined, "g", '{"y":2}')],
    [
      [undefined, "f", "{}"],
      [undefined, "g", '{"y":2}'],
    ],
  ],
  [
    "no numbers at all",
    [call(undefined, "a", "f", '{"x":'), call(undefined, undefined, undefined, "1}"), call(undefined, "b", "g", "{}")],
    [
      ["a", "f", '{"x":1}'],
      ["b", "g", "{}"],
    ],
  ],
  [
    "name and id repeated with each piece",
    [call(0, "a", "f", '{"x"'), call(0, "a", "f", ":1}")],
    [["a", "f", '{"x":1}']],
  ],
  [
    "pieces after a second call of the same number",
    [
      call(0, "a", "f", ""),
      call(0, undefined, undefined, "{"),
      call(0, undefined, undefined, "}"),
      call(0, "b", "g", ""),
      call(0, undefined, undefined, "["),
      call(0, undefined, undefined, "]"),
    ],
    [
      ["a", "f", "{}"],
      ["b", "g", "[]"],
    ],
  ],
  ["arguments as an object", [call(0, "a", "f", { x: 1 })], [["a", "f", '{"x":1}']]],
] as const) {
  test(`tool calls: ${name}`, () => {
    const stream = open(chat);
    assert.ok(
      feed(
        stream,
        deltas.map((delta) => chunk(delta)),
      ).every((isContent) => isContent),
    );
    const calls = message(stream)["tool_calls"] as { id?: string; function: { name: string; arguments: string } }[];
    assert.deepEqual(
      calls.map((one) => [one.id, one.function.name, one.function.arguments]),
      expected,
    );
    assert.equal(message(stream)["content"], null);
  });
}

test("what a chat stream may carry besides text", () => {
  const stream = open(chat);
  const contents = feed(stream, [
    chunk({ role: "assistant", content: "", refusal: null }),
    chunk({ reasoning_content: "hm" }),
    chunk({ reasoning_content: "m" }),
    chunk({ content: "a", annotations: [{ url: 1 }] }),
    chunk({ content: "b", annotations: [{ url: 2 }] }),
    chunk({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "x" }] }),
    chunk({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "y", signature: "s" }] }),
    chunk({ audio: { id: "au", data: "AA", transcript: "he" } }),
    chunk({ audio: { data: "BB", transcript: "llo" } }),
    chunk({}, { finish_reason: "stop", logprobs: { content: [{ token: "b" }] } }),
    "[DONE]",
  ]);
  assert.deepEqual(contents, [false, true, true, true, true, false, false, true, true, false, false]);
  assert.deepEqual(message(stream), {
    role: "assistant",
    content: "ab",
    refusal: null,
    reasoning_content: "hmm",
    annotations: [{ url: 1 }, { url: 2 }],
    reasoning_details: [{ type: "reasoning.text", index: 0, text: "xy", signature: "s" }],
    audio: { id: "au", data: "AABB", transcript: "hello" },
  });
  assert.equal(stream.isComplete, true);
});

test("content that comes as parts, as Mistral's reasoning models send it", () => {
  const stream = open(chat);
  const thinking = (text: string) => chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text }] }] });
  feed(stream, [
    chunk({ content: "" }),
    thinking("a"),
    thinking("b"),
    chunk({ content: "c" }),
    chunk({ content: "d" }),
  ]);
  assert.deepEqual(message(stream)["content"], [
    { type: "thinking", thinking: [{ type: "text", text: "ab" }] },
    { type: "text", text: "cd" },
  ]);
});

test("several choices stay apart", () => {
  const stream = open(chat);
  const piece = (index: number, content: string, finish: string | null = null) => ({
    model: "m",
    choices: [{ index, delta: { content }, finish_reason: finish }],
  });
  feed(stream, [piece(0, "a"), piece(1, "x"), piece(0, "b"), piece(1, "y"), piece(0, "", "stop")]);
  assert.equal(stream.isComplete, false);
  feed(stream, [piece(1, "", "length")]);
  assert.equal(stream.isComplete, true);
  const choices = assembled(stream)["choices"] as { message: Json; finish_reason: string }[];
  assert.deepEqual(
    choices.map((choice) => [choice.message["content"], choice.finish_reason]),
    [
      ["ab", "stop"],
      ["xy", "length"],
    ],
  );
});

test("legacy completions", () => {
  const stream = open("/v1/completions");
  const piece = (text: string, finish: string | null = null) => ({
    id: "c",
    model: "m",
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
  });
  assert.deepEqual(feed(stream, [piece("a"), piece("b"), piece("c"), piece("", "stop")]), [true, true, true, false]);
  assert.deepEqual((assembled(stream)["choices"] as Json[])[0], { index: 0, text: "abc", finish_reason: "stop" });
});

test("frames that look alike say what parsing says: any deltas, spaces, obfuscation, usage in between", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string(),
    fc.constantFrom('"', "\\", '\\"', '"}', "\ud83d", "\ude00", "\n"),
  );
  const frame = fc.record({
    field: fc.constantFrom("content", "reasoning_content"),
    text,
    obfuscation: fc.option(fc.string({ maxLength: 6 })),
    index: fc.constantFrom(0, 0, 0, 1),
    isEscaped: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 25 }), (frames) => {
      const stream = open(chat);
      const expected = new Map<string, string>();
      for (const { field, text: piece, obfuscation, index, isEscaped } of frames) {
        let json = JSON.stringify({
          id: "c",
          choices: [{ index, delta: { [field]: piece }, finish_reason: null }],
          usage: null,
          ...(obfuscation === null ? {} : { obfuscation }),
        });
        if (isEscaped)
          json = json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
        feed(stream, [json]);
        const key = `${index}.${field}`;
        expected.set(key, (expected.get(key) ?? "") + piece);
      }
      const choices = assembled(stream)["choices"] as { index: number; message: Json }[];
      for (const [key, whole] of expected) {
        const [index, field] = key.split(".");
        const choice = choices.find((one) => one.index === Number(index));
        assert.equal(Buffer.from(String(choice?.message[field ?? ""])).toString(), Buffer.from(whole).toString());
      }
    }),
    { numRuns: 500 },
  );
});

// Cases 16 and 17: usage.

const start = (usage: Json) => ({ type: "message_start", message: { id: "msg", model: "claude", content: [], usage } });
const delta = (usage: Json) => ({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage });

for (const [name, events, expected] of [
  [
    "cumulative output: the last value, not the sum",
    [start({ input_tokens: 10, output_tokens: 1 }), delta({ output_tokens: 50 }), delta({ output_tokens: 80 })],
    [10, 80, null, null, null],
  ],
  [
    "input excludes the cache, ours includes it",
    [
      start({
        input_tokens: 4,
        cache_read_input_tokens: 1167,
        cache_creation_input_tokens: 20,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
        output_tokens: 1,
      }),
      delta({ output_tokens: 256 }),
    ],
    [1191, 256, 1167, 20, 15],
  ],
  [
    "Kimi and Qwen tell the cache at the end",
    [
      start({ input_tokens: 0, output_tokens: 0 }),
      delta({ input_tokens: 30, cache_read_input_tokens: 70, output_tokens: 9 }),
    ],
    [100, 9, 70, null, null],
  ],
  [
    "repeated totals are not added",
    [
      start({ input_tokens: 43, cache_read_input_tokens: 7, output_tokens: 1 }),
      delta({ input_tokens: 43, cache_read_input_tokens: 7, output_tokens: 282 }),
    ],
    [50, 282, 7, null, null],
  ],
  [
    "nulls say nothing",
    [start({ input_tokens: 43, output_tokens: 1 }), delta({ input_tokens: null, output_tokens: 5 })],
    [43, 5, null, null, null],
  ],
] as const) {
  test(`Anthropic usage: ${name}`, () => {
    const stream = open("/v1/messages");
    feed(stream, events);
    const { usage } = stream.answer;
    assert.deepEqual(
      [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
      ],
      expected,
    );
  });
}

for (const [name, usage, expected] of [
  [
    "OpenAI: both include their parts",
    {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 80, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 40, audio_tokens: 2 },
    },
    [100, 50, 80, 40],
  ],
  [
    "xAI: reasoning is apart",
    {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 115,
      completion_tokens_details: { reasoning_tokens: 100 },
    },
    [10, 105, null, 100],
  ],
  [
    "DeepSeek's cache",
    { prompt_tokens: 100, completion_tokens: 5, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 },
    [100, 5, 64, null],
  ],
  [
    "Mistral's cache",
    { prompt_tokens: 77, completion_tokens: 12, total_tokens: 89, num_cached_tokens: 76 },
    [77, 12, 76, null],
  ],
  [
    "counts that are no counts stay unknown",
    { prompt_tokens: "10", completion_tokens: -1, total_tokens: 1.5 },
    [null, null, null, null],
  ],
] as const) {
  test(`chat usage: ${name}`, () => {
    const stream = open(chat);
    feed(stream, [{ choices: [], usage }]);
    const known = stream.answer.usage;
    assert.deepEqual(
      [known.input_tokens, known.output_tokens, known.cache_read_tokens, known.reasoning_tokens],
      expected,
    );
  });
}

test("usage in Groq's and Moonshot's own places, and on every frame of a stream", () => {
  for (const frame of [
    { choices: [], x_groq: { usage: { prompt_tokens: 7, completion_tokens: 9 } } },
    { choices: [{ index: 0, delta: {}, usage: { prompt_tokens: 7, completion_tokens: 9 } }] },
  ]) {
    const stream = open(chat);
    feed(stream, [{ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1 } }, frame]);
    assert.deepEqual([stream.answer.usage.input_tokens, stream.answer.usage.output_tokens], [7, 9]);
  }
});

test("a call of a custom tool has a name and an input", () => {
  const stream = open(chat);
  feed(stream, [
    chunk({ tool_calls: [{ index: 0, id: "c", type: "custom", custom: { name: "run", input: "" } }] }),
    chunk({ tool_calls: [{ index: 0, custom: { input: "print" } }] }),
    chunk({ tool_calls: [{ index: 0, custom: { input: "(1)" } }] }),
  ]);
  assert.deepEqual(message(stream)["tool_calls"], [
    { id: "c", type: "custom", custom: { name: "run", input: "print(1)" } },
  ]);
});

test("a tool call that is in no list, as Text Generation Inference sends it", () => {
  const stream = open(chat);
  const piece = (name: string | null, args: string) => ({
    tool_calls: { index: 0, id: "0", type: "function", function: { name, arguments: args } },
  });
  assert.deepEqual(feed(stream, [chunk(piece("f", '{"a"')), chunk(piece(null, ":1}"))]), [true, true]);
  assert.deepEqual(message(stream)["tool_calls"], [
    { id: "0", type: "function", function: { name: "f", arguments: '{"a":1}' } },
  ]);
});

const whole = (content: string) => ({ choices: [{ index: 0, message: { role: "assistant", content } }] });

for (const [name, frames, content, toolCalls] of [
  [
    "a message beside the deltas and after them repeats what they said",
    [
      chunk({ content: "Hel" }, { message: { role: "assistant", content: "Hel" } }),
      chunk({ content: "lo" }),
      whole("Hello"),
    ],
    "Hello",
    0,
  ],
  ["without any delta, messages are what was said", [whole("Hel"), whole("lo")], "Hello", 0],
  ["a delta that says but the role", [chunk({ role: "assistant", content: "" }), whole("Hello")], "Hello", 0],
  ["an empty delta", [chunk({}), whole("Hello")], "Hello", 0],
  [
    "empty deltas before those with text",
    [chunk({ content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" }), whole("Hello")],
    "Hello",
    0,
  ],
  ["a call, and a message that repeats it", [chunk(call(0, "a", "f", "{}")), whole("")], null, 1],
] as const) {
  test(`whole messages in a chat stream: ${name}`, () => {
    const stream = open(chat);
    feed(stream, frames);
    assert.equal(message(stream)["content"], content);
    assert.equal(((message(stream)["tool_calls"] ?? []) as Json[]).length, toolCalls);
  });
}

test("OpenRouter says what a call cost", () => {
  const stream = open(chat);
  feed(stream, [{ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.00085, is_byok: false } }]);
  assert.equal(stream.answer.costNanoUsd, 850_000);
});

test("an Anthropic message with thinking, tools and citations is put together", () => {
  const stream = open("/v1/messages");
  const contents = feed(stream, [
    start({ input_tokens: 1, output_tokens: 1 }),
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
    { type: "ping" },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
    { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "sig" } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "a" } },
    '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b\\n"}        }',
    { type: "content_block_delta", index: 1, delta: { type: "citations_delta", citation: { url: 1 } } },
    { type: "content_block_start", index: 2, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "" } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"x":"é' } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '"}' } },
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ]);
  assert.equal(contents.indexOf(true), 3);
  assert.equal(stream.isComplete, true);
  const whole = assembled(stream);
  assert.equal(whole["stop_reason"], "tool_use");
  assert.deepEqual(whole["usage"], { input_tokens: 1, output_tokens: 9 });
  assert.deepEqual(whole["content"], [
    { type: "thinking", thinking: "hm", signature: "sig" },
    { type: "text", text: "ab\n", citations: [{ url: 1 }] },
    { type: "tool_use", id: "t", name: "f", input: { x: "é" } },
  ]);
});

test("a Responses stream that breaks off keeps its pieces", () => {
  const stream = open("/v1/responses");
  const contents = feed(stream, [
    { type: "response.created", response: { id: "resp", model: "gpt-5", status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { id: "rs", type: "reasoning", summary: [] } },
    { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "th" },
    {
      type: "response.output_item.added",
      output_index: 1,
      item: { id: "msg", type: "message", role: "assistant", content: [] },
    },
    { type: "response.output_text.delta", output_index: 1, content_index: 0, delta: "Par" },
    { type: "response.output_text.delta", output_index: 1, content_index: 0, delta: "is" },
    {
      type: "response.output_item.added",
      output_index: 2,
      item: { id: "fc", type: "function_call", name: "f", arguments: "" },
    },
    { type: "response.function_call_arguments.delta", output_index: 2, delta: '{"x":' },
  ]);
  assert.deepEqual(contents, [false, false, true, false, true, true, false, true]);
  assert.equal(stream.isComplete, false);
  assert.equal(stream.answer.model, "gpt-5");
  assert.deepEqual(assembled(stream)["output"], [
    { id: "rs", type: "reasoning", summary: [{ type: "summary_text", text: "th" }] },
    {
      id: "msg",
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "Paris", annotations: [] }],
    },
    { id: "fc", type: "function_call", name: "f", arguments: '{"x":' },
  ]);
});

for (const [name, events, member, count] of [
  ["one event's many pieces of a tool's result", [{ toolResult: many({ json: 1 }) }], "toolResult", 50_000],
  ["a text's many pieces in a tool's result", [{ toolResult: many({ text: "a" }) }], "toolResult", 1],
  ["many events with a piece each", many({ toolResult: [{ json: 1 }] }), "toolResult", 50_000],
  ["many citations", many({ citation: { title: "t" } }), "citationsContent", 50_000],
] as const) {
  test(`Converse: ${name}, far too many to copy what is there for each`, () => {
    const stream = open("/model/m/converse-stream", 16 << 20);
    feed(
      stream,
      events.map((delta) => ({ contentBlockDelta: { contentBlockIndex: 0, delta } })),
    );
    const { output } = assembled(stream) as { output: { message: { content: Record<string, Json>[] } } };
    const { citations, content } = output.message.content[0]?.[member] ?? {};
    assert.equal([citations ?? content].flat().length, count);
  });
}

function many<T>(piece: T): T[] {
  return Array.from({ length: 50_000 }, () => piece);
}

test("an answer over its allowance is cut, and says so", () => {
  const budget = new CaptureBudget(1 << 20);
  const allowance = new ByteAllowance(100, budget);
  const stream = apiOf("POST", chat).openStream?.(allowance);
  assert.ok(stream);
  feed(
    stream,
    Array.from({ length: 50 }, () => chunk({ content: "twelve bytes" })),
  );
  assert.equal(allowance.isExceeded, true);
  assert.equal(message(stream)["content"], "twelve bytes".repeat(8));
  allowance.release();
  assert.equal(budget.usedBytes, 0);
});

const big = "x".repeat(60_000);

for (const [name, path, event] of [
  [
    "members of an interaction's steps",
    "/v1beta/interactions",
    (index: number) => ({ event_type: "step.start", index, step: { type: "code_execution_result", result: big } }),
  ],
  [
    "an interaction's annotated texts",
    "/v1beta/interactions",
    (index: number) => ({
      event_type: "step.start",
      index,
      step: { type: "model_output", content: [{ type: "text", text: "a", annotations: [big] }] },
    }),
  ],
  [
    "members of the interaction",
    "/v1beta/interactions",
    (index: number) => ({ event_type: "interaction.created", interaction: { [`member${index}`]: big } }),
  ],
  [
    "members of Claude's blocks",
    "/v1/messages",
    (index: number) => ({ type: "content_block_start", index, content_block: { type: "tool_result", content: big } }),
  ],
  [
    "Claude's citations",
    "/v1/messages",
    () => ({ type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: { text: big } } }),
  ],
  [
    "members of Claude's message",
    "/v1/messages",
    (index: number) => ({ type: "message_delta", delta: { [`member${index}`]: big } }),
  ],
  [
    "members of Converse's blocks",
    "/model/m/converse-stream",
    (contentBlockIndex: number) => ({
      contentBlockStart: { contentBlockIndex, start: { toolResult: { content: [{ text: big }] } } },
    }),
  ],
] as const) {
  test(`what is kept of a stream is within its allowance: ${name}`, () => {
    const allowance = new ByteAllowance(1 << 16, new CaptureBudget(1 << 24));
    const stream = apiOf("POST", path).openStream?.(allowance);
    assert.ok(stream);
    feed(
      stream,
      Array.from({ length: 50 }, (_, index) => event(index)),
    );
    assert.equal(allowance.isExceeded, true);
    // One of them fits, and is kept.
    const { length } = stream.assemble();
    assert.ok(length > big.length && length < 1 << 16, `${length} bytes`);
  });
}

for (const [name, path, text, end] of [
  [
    "Claude",
    "/v1/messages",
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: big } },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
  ],
  [
    "Gemini's Interactions",
    "/v1beta/interactions",
    { event_type: "step.delta", index: 0, delta: { type: "text", text: big } },
    {
      event_type: "interaction.completed",
      interaction: { status: "end_turn", usage: { total_output_tokens: 9 } },
    },
  ],
] as const) {
  test(`how an answer ended is kept though its text was too long: ${name}`, () => {
    const stream = open(path, 1000);
    feed(stream, [text, end]);
    const { answer } = stream;
    assert.deepEqual([answer.finish, answer.usage.output_tokens], ["end_turn", 9]);
    const whole = assembled(stream);
    assert.equal(whole["stop_reason"] ?? whole["status"], "end_turn");
  });
}

for (const [method, path, operation, route] of [
  ["POST", "/v1/chat/completions", "chat", "/v1/chat/completions"],
  ["POST", "/openai/v1/chat/completions", "chat", "/v1/chat/completions"],
  ["POST", "/v1beta/openai/chat/completions", "chat", "/v1/chat/completions"],
  ["POST", "/chat/completions", "chat", "/v1/chat/completions"],
  ["POST", "/v1/completions", "text_completion", "/v1/completions"],
  ["POST", "/v1/responses", "chat", "/v1/responses"],
  ["GET", "/v1/responses", "", "/v1/responses"],
  ["POST", "/v1/messages", "chat", "/v1/messages"],
  ["POST", "/anthropic/v1/messages", "", "/anthropic/v1/messages"],
  ["POST", "/v1/messages/count_tokens", "count_tokens", "/v1/messages/count_tokens"],
  ["POST", "/v1/threads/thread_abc123/messages", "", "/v1/threads/{id}/messages"],
  ["GET", "/v1/files/file-Ab12/content", "", "/v1/files/{id}/content"],
  ["POST", "/v1beta/models/gemini-2.5:generateContent", "chat", "/v1beta/models/{model}:generateContent"],
  ["POST", "/v1beta/models/veo-3:predictLongRunning", "", "/models/{model}:predictLongRunning"],
  ["GET", "/v1beta/models/gemini-2.5", "", "/v1beta/models/{id}"],
] as const) {
  test(`${method} ${path} is ${operation || "an HTTP call"}`, () => {
    const api = apiOf(method, path);
    if (path === "/anthropic/v1/messages") assert.equal(api.operation, "chat");
    else assert.deepEqual([api.operation, api.route], [operation, route]);
  });
}
