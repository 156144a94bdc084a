import assert from "node:assert/strict";
import { test } from "node:test";
import { readConversation, textOf, toolCallsOf, unknownUsage } from "@weir/model";
import { encodeAwsEvent } from "../recording/aws-event-frames.ts";
import { CaptureBudget } from "../recording/capture.ts";
import { ResponseObserver } from "../recording/observe.ts";
import { apiOf } from "./index.ts";

const limits = { contentBytes: 1 << 20, decodedBytes: 1 << 20, budget: new CaptureBudget(1 << 24) };

/** What the gateway makes of an answer, cut into pieces of a few bytes. */
function observe(path: string, contentType: string, body: Buffer, vendorHeaders = {}, status = 200) {
  const observer = new ResponseObserver(
    apiOf("POST", path),
    { status, contentType, contentEncoding: "", vendorHeaders },
    limits,
  );
  for (let at = 0; at < body.length; at += 5) observer.push(body.subarray(at, at + 5), at + 1);
  observer.end(() => {});
  const source = { content_format: apiOf("POST", path).format, input: "", output: observer.output.toString() };
  const { response } = readConversation(source);
  const parts = response?.parts ?? [];
  const tools = toolCallsOf(parts).map((call) => [call.name, call.arguments]);
  const reasoning = parts.flatMap((part) => (part.type === "reasoning" ? [part.text || "encrypted"] : [])).join("");
  return { observer, answer: observer.answer, text: textOf(parts), tools, reasoning, parts };
}

const events = (...list: readonly unknown[]) =>
  Buffer.from(list.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(""));
const lines = (...list: readonly unknown[]) => Buffer.from(list.map((event) => `${JSON.stringify(event)}\n`).join(""));
const aws = (...list: readonly (readonly [string, unknown])[]) =>
  Buffer.concat(
    list.map(([type, data]) => {
      const headers = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
      return encodeAwsEvent(headers, Buffer.from(JSON.stringify(data)));
    }),
  );
const chunks = (...list: readonly unknown[]) =>
  aws(...list.map((event) => ["chunk", { bytes: Buffer.from(JSON.stringify(event)).toString("base64") }] as const));

const gemini = "/v1beta/models/gemini-2.5-pro:streamGenerateContent";
const candidate = (parts: unknown, rest: object = {}) => ({
  candidates: [{ content: { role: "model", parts }, index: 0, ...rest }],
});

test("Gemini: thoughts, parallel calls, an image, cached and audio tokens", () => {
  const usageMetadata = {
    promptTokenCount: 100,
    cachedContentTokenCount: 40,
    toolUsePromptTokenCount: 5,
    thoughtsTokenCount: 7,
    candidatesTokenCount: 3,
    promptTokensDetails: [{ modality: "AUDIO", tokenCount: 60 }],
    candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 2 }],
    trafficType: "ON_DEMAND",
  };
  const { observer, answer, text, tools, reasoning, parts } = observe(
    gemini,
    "text/event-stream",
    events(
      {
        ...candidate([{ text: "" }]),
        usageMetadata: { promptTokenCount: 100 },
        responseId: "r",
        modelVersion: "gemini-2.5-pro",
      },
      candidate([{ text: "Let me ", thought: true }]),
      candidate([{ text: "see.", thought: true, thoughtSignature: "s" }]),
      candidate([{ text: "Both " }]),
      candidate([
        { text: "then." },
        { functionCall: { name: "a", args: { x: 1 } } },
        { functionCall: { id: "2", name: "b" } },
      ]),
      candidate([{ inlineData: { mimeType: "image/png", data: "AA==" } }]),
      { ...candidate([{ text: "" }], { finishReason: "STOP" }), usageMetadata },
    ),
  );
  assert.deepEqual(
    [text, reasoning, tools],
    [
      "Both then.",
      "Let me see.",
      [
        ["a", '{"x":1}'],
        ["b", "{}"],
      ],
    ],
  );
  assert.deepEqual(
    parts.map(({ type }) => type),
    ["reasoning", "text", "tool_call", "tool_call", "image"],
  );
  assert.deepEqual(
    { ...answer.usage },
    {
      input_tokens: 105,
      output_tokens: 10,
      cache_read_tokens: 40,
      cache_write_tokens: null,
      cache_write_1h_tokens: null,
      reasoning_tokens: 7,
      input_audio_tokens: 60,
      output_audio_tokens: 2,
    },
  );
  assert.deepEqual(
    [answer.finish, answer.id, answer.model, observer.isComplete],
    ["STOP", "r", "gemini-2.5-pro", true],
  );
  assert.equal(observer.gaps.chunkCount, 5);
});

test("Gemini: several candidates, each finished by itself", () => {
  const { observer, answer } = observe(
    gemini,
    "application/json",
    Buffer.from(
      JSON.stringify([
        {
          candidates: [
            { index: 1, content: { parts: [{ text: "B" }] } },
            { index: 0, content: { parts: [{ text: "A" }] }, finishReason: "MAX_TOKENS" },
          ],
        },
        { candidates: [{ index: 1, finishReason: "STOP" }] },
      ]),
    ),
  );
  assert.deepEqual([answer.finish, observer.isComplete, observer.isStream], ["MAX_TOKENS", true, true]);
  const { candidates } = JSON.parse(observer.output.toString()) as { candidates: { content: { parts: unknown } }[] };
  assert.deepEqual(
    candidates.map(({ content }) => content.parts),
    [[{ text: "A" }], [{ text: "B" }]],
  );
});

test("Gemini: a refused prompt, and an error inside 200", () => {
  const refused = observe(
    gemini,
    "text/event-stream",
    events({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }),
  );
  assert.deepEqual([refused.answer.finish, refused.observer.isComplete], ["PROHIBITED_CONTENT", true]);
  const failed = observe(
    gemini,
    "text/event-stream",
    events({ error: { code: 503, message: "Overloaded.", status: "UNAVAILABLE" } }),
  );
  assert.deepEqual([failed.answer.errorType, failed.answer.errorMessage], ["UNAVAILABLE", "Overloaded."]);
});

test("Vertex: a call's arguments by pieces", () => {
  const { tools } = observe(
    "/v1/projects/p/locations/l/publishers/google/models/gemini-3:streamGenerateContent",
    "text/event-stream",
    events(
      candidate([{ functionCall: { name: "f", willContinue: true } }]),
      candidate([
        {
          functionCall: {
            partialArgs: [{ jsonPath: "$.city", stringValue: "Par", willContinue: true }],
            willContinue: true,
          },
        },
      ]),
      candidate([
        {
          functionCall: {
            partialArgs: [
              { jsonPath: "$.city", stringValue: "is" },
              { jsonPath: "$.days[0].n", numberValue: 3 },
            ],
            willContinue: true,
          },
        },
      ]),
      candidate([{ functionCall: {} }], { finishReason: "STOP" }),
    ),
  );
  assert.deepEqual(tools, [["f", '{"city":"Paris","days":[{"n":3}]}']]);
});

test("Cohere 2: thinking, a plan, parallel calls, citations; billed apart from used", () => {
  const delta = (message: object) => ({ delta: { message } });
  const { observer, answer, text, tools, reasoning } = observe(
    "/v2/chat",
    "text/event-stream",
    events(
      { type: "message-start", id: "m", delta: { message: { role: "assistant", content: [] } } },
      { type: "tool-plan-delta", ...delta({ tool_plan: "I will " }) },
      { type: "tool-plan-delta", ...delta({ tool_plan: "look." }) },
      {
        type: "tool-call-start",
        index: 0,
        ...delta({ tool_calls: { id: "1", type: "function", function: { name: "a", arguments: "" } } }),
      },
      { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: '{"x":' } } }) },
      { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: "1}" } } }) },
      { type: "tool-call-end", index: 0 },
      {
        type: "tool-call-start",
        index: 1,
        ...delta({ tool_calls: { id: "2", type: "function", function: { name: "b", arguments: "{}" } } }),
      },
      { type: "content-start", index: 0, ...delta({ content: { type: "thinking", thinking: "Hm" } }) },
      { type: "content-start", index: 1, ...delta({ content: { type: "text", text: "" } }) },
      { type: "content-delta", index: 1, ...delta({ content: { text: "Hi" } }) },
      { type: "citation-start", index: 0, ...delta({ citations: { start: 0, end: 2, text: "Hi" } }) },
      {
        type: "message-end",
        delta: {
          finish_reason: "TOOL_CALL",
          usage: {
            billed_units: { input_tokens: 7, output_tokens: 2 },
            tokens: { input_tokens: 69, output_tokens: 9 },
            cached_tokens: 16,
          },
        },
      },
    ),
  );
  assert.deepEqual(
    [text, reasoning, tools],
    [
      "Hi",
      "I will look.Hm",
      [
        ["a", '{"x":1}'],
        ["b", "{}"],
      ],
    ],
  );
  assert.deepEqual(
    [answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cache_read_tokens],
    [69, 9, 16],
  );
  assert.deepEqual([answer.billed?.input_tokens, answer.billed?.output_tokens], [7, 2]);
  assert.deepEqual([answer.id, answer.finish, observer.isComplete], ["m", "TOOL_CALL", true]);
});

test("Cohere 1: lines, whose last repeats the response", () => {
  const response = {
    generation_id: "g",
    text: "Hello",
    tool_calls: [{ name: "f", parameters: { a: 1 } }],
    finish_reason: "COMPLETE",
    meta: { billed_units: { input_tokens: 3, output_tokens: 1 } },
  };
  const body = lines(
    { is_finished: false, event_type: "stream-start", generation_id: "g" },
    { is_finished: false, event_type: "text-generation", text: "Hel" },
    { is_finished: false, event_type: "text-generation", text: "lo" },
    { is_finished: true, event_type: "stream-end", finish_reason: "COMPLETE", response },
  );
  const whole = observe("/v1/chat", "application/stream+json", body);
  assert.deepEqual([whole.text, whole.tools, whole.answer.finish], ["Hello", [["f", '{"a":1}']], "COMPLETE"]);
  assert.deepEqual([whole.answer.usage.input_tokens, whole.observer.gaps.chunkCount], [3, 2]);
  const cut = observe("/v1/chat", "application/stream+json", body.subarray(0, 180));
  assert.deepEqual([cut.text, cut.observer.isComplete], ["Hel", false]);
});

for (const [name, path, body, input, output, units] of [
  [
    "embeddings",
    "/v2/embed",
    { id: "e", embeddings: { float: [[1]] }, meta: { billed_units: { input_tokens: 2 } } },
    2,
    null,
    undefined,
  ],
  [
    "rerank",
    "/v2/rerank",
    { id: "r", results: [{ index: 0, relevance_score: 0.9 }], meta: { billed_units: { search_units: 1 } } },
    null,
    null,
    1,
  ],
  ["Jina's rerank", "/v1/rerank", { model: "j", results: [], usage: { total_tokens: 8 } }, 8, null, undefined],
] as const) {
  test(`${name}: usage`, () => {
    const { answer } = observe(path, "application/json", Buffer.from(JSON.stringify(body)));
    assert.deepEqual([answer.hasUsage, answer.usage.input_tokens, answer.usage.output_tokens], [true, input, output]);
    assert.equal(answer.details["search_units"], units);
  });
}

test("Converse: reasoning with its signature, parallel calls, cached input counted in", () => {
  const { observer, answer, text, tools, reasoning } = observe(
    "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
    "application/vnd.amazon.eventstream",
    aws(
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm" } } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { signature: "s" } } }],
      ["contentBlockStart", { contentBlockIndex: 1, start: { toolUse: { toolUseId: "1", name: "a" } } }],
      ["contentBlockStart", { contentBlockIndex: 2, start: { toolUse: { toolUseId: "2", name: "b" } } }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '{"x"' } } }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: ":1}" } } }],
      ["contentBlockDelta", { contentBlockIndex: 3, delta: { text: "Hi" } }],
      ["contentBlockDelta", { contentBlockIndex: 4, delta: { reasoningContent: { redactedContent: "AA==" } } }],
      ["messageStop", { stopReason: "tool_use" }],
      [
        "metadata",
        {
          usage: {
            inputTokens: 5,
            outputTokens: 9,
            cacheReadInputTokens: 20,
            cacheWriteInputTokens: 10,
            cacheDetails: [{ inputTokens: 4, ttl: "1h" }],
          },
        },
      ],
    ),
  );
  assert.deepEqual(
    [text, reasoning, tools],
    [
      "Hi",
      "Hmencrypted",
      [
        ["a", '{"x":1}'],
        ["b", "{}"],
      ],
    ],
  );
  const { input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens } = answer.usage;
  assert.deepEqual([input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens], [35, 20, 10, 4]);
  assert.deepEqual([answer.finish, observer.isComplete], ["tool_use", true]);
  assert.equal(
    apiOf("POST", "/model/arn:aws:bedrock:us-east-1:1:inference-profile/us.x/converse").model.endsWith("/us.x"),
    true,
  );
});

test("Converse: a tool that Bedrock runs itself, and what it gave back", () => {
  const { tools, text, parts } = observe(
    "/model/us.amazon.nova-2-lite-v1%3A0/converse-stream",
    "application/vnd.amazon.eventstream",
    aws(
      [
        "contentBlockStart",
        { contentBlockIndex: 0, start: { toolUse: { toolUseId: "1", name: "code", type: "server_tool_use" } } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"snippet":"1+1"}' } } }],
      [
        "contentBlockStart",
        { contentBlockIndex: 1, start: { toolResult: { toolUseId: "1", type: "code_result", status: "success" } } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolResult: [{ text: "Out: " }] } }],
      [
        "contentBlockDelta",
        { contentBlockIndex: 1, delta: { toolResult: [{ text: "2" }, { json: { exitCode: 0 } }] } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 2, delta: { text: "It is 2." } }],
      ["messageStop", { stopReason: "end_turn" }],
    ),
  );
  assert.deepEqual([tools, text], [[["code", '{"snippet":"1+1"}']], "It is 2."]);
  assert.deepEqual(parts[1], {
    type: "tool_result",
    id: "1",
    parts: [
      { type: "text", text: "Out: 2" },
      { type: "json", value: { exitCode: 0 } },
    ],
    isError: false,
  });
});

test("Converse: an exception within the stream, and a stream that was damaged", () => {
  const exception = encodeAwsEvent(
    { ":exception-type": "throttlingException", ":message-type": "exception" },
    Buffer.from('{"message":"Slow down."}'),
  );
  const type = "application/vnd.amazon.eventstream";
  const failed = observe(
    "/model/m/converse-stream",
    type,
    Buffer.concat([aws(["messageStart", { role: "assistant" }]), exception]),
  );
  assert.deepEqual([failed.answer.errorType, failed.answer.errorMessage], ["throttlingException", "Slow down."]);
  const bytes = aws(
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hi" } }],
    ["messageStop", { stopReason: "end_turn" }],
  );
  bytes[bytes.length - 1] = 0;
  const damaged = observe("/model/m/converse-stream", type, bytes);
  assert.deepEqual([damaged.text, damaged.observer.outputState], ["Hi", "truncated"]);
});

const metrics = { "amazon-bedrock-invocationMetrics": { inputTokenCount: 3, outputTokenCount: 2 } };
for (const [name, list, finish] of [
  [
    "Llama",
    [
      { generation: "Hel", prompt_token_count: 3, generation_token_count: 1, stop_reason: null },
      { generation: "lo", generation_token_count: 2, stop_reason: "stop", ...metrics },
    ],
    "stop",
  ],
  [
    "Titan",
    [
      { outputText: "Hel", completionReason: null, inputTextTokenCount: 3 },
      { outputText: "lo", completionReason: "FINISH", totalOutputTextTokenCount: 2, ...metrics },
    ],
    "FINISH",
  ],
  [
    "Mistral",
    [{ outputs: [{ text: "Hel", stop_reason: null }] }, { outputs: [{ text: "lo", stop_reason: "stop" }], ...metrics }],
    "stop",
  ],
  [
    "Mistral's chat",
    [
      { choices: [{ index: 0, message: { role: "assistant", content: "Hel" }, stop_reason: null }] },
      { choices: [{ index: 0, message: { content: "lo" }, stop_reason: "stop" }], ...metrics },
    ],
    "stop",
  ],
  [
    "gpt-oss",
    [
      { id: "c", model: "m", choices: [{ index: 0, delta: { content: "Hel" }, finish_reason: null }] },
      { choices: [{ index: 0, delta: { content: "lo" }, finish_reason: "stop" }], ...metrics },
    ],
    "stop",
  ],
  [
    "Claude's completions",
    [
      { completion: "Hel", stop_reason: null },
      { completion: "lo", stop_reason: "stop_sequence", ...metrics },
    ],
    "stop_sequence",
  ],
  [
    "Command R",
    [
      { event_type: "text-generation", text: "Hel", is_finished: false },
      { event_type: "text-generation", text: "lo" },
      { event_type: "stream-end", finish_reason: "COMPLETE", response: { text: "Hello" }, ...metrics },
    ],
    "COMPLETE",
  ],
  [
    "Nova",
    [
      { messageStart: { role: "assistant" } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: "Hel" } } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: "lo" } } },
      { messageStop: { stopReason: "end_turn" } },
      { metadata: { usage: { inputTokens: 3, outputTokens: 2 } }, ...metrics },
    ],
    "end_turn",
  ],
] as const) {
  test(`InvokeModel streams of ${name}: text, finish and usage`, () => {
    const { observer, answer, text } = observe(
      "/model/m/invoke-with-response-stream",
      "application/vnd.amazon.eventstream",
      chunks(...list),
    );
    assert.deepEqual([text, answer.finish, observer.isComplete], ["Hello", finish, true]);
    assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens, answer.errorMessage], [3, 2, ""]);
    assert.equal(observer.gaps.chunkCount, 2);
  });
}

for (const [name, body, finish] of [
  ["Llama", { generation: "Hello", prompt_token_count: 3, generation_token_count: 2, stop_reason: "stop" }, "stop"],
  [
    "Titan",
    { inputTextTokenCount: 3, results: [{ tokenCount: 2, outputText: "Hello", completionReason: "FINISH" }] },
    "FINISH",
  ],
  ["Mistral", { outputs: [{ text: "Hello", stop_reason: "stop" }] }, "stop"],
  ["Cohere", { response_id: "r", text: "Hello", finish_reason: "COMPLETE" }, "COMPLETE"],
  [
    "Jamba",
    {
      id: "j",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    },
    "stop",
  ],
  ["DeepSeek", { choices: [{ text: "Hello", stop_reason: "stop" }] }, "stop"],
] as const) {
  test(`InvokeModel of ${name}: the headers tell what the body does not`, () => {
    const headers = { "x-amzn-bedrock-input-token-count": "3", "x-amzn-bedrock-output-token-count": "2" };
    const { answer, text } = observe("/model/m/invoke", "application/json", Buffer.from(JSON.stringify(body)), headers);
    assert.deepEqual([text, answer.finish], ["Hello", finish]);
    assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens, answer.hasUsage], [3, 2, true]);
  });
}

test("Bedrock's error is named by its header", () => {
  const headers = { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/x" };
  const { answer } = observe(
    "/model/m/converse",
    "application/json",
    Buffer.from('{"message":"Slow down."}'),
    headers,
    429,
  );
  assert.deepEqual([answer.errorType, answer.errorMessage], ["ThrottlingException", "Slow down."]);
});

test("Ollama: thinking, tools, counts and durations; an error in the middle", () => {
  const call = { function: { name: "f", arguments: { a: 1 } } };
  const { observer, answer, text, tools, reasoning } = observe(
    "/api/chat",
    "application/x-ndjson",
    lines(
      { model: "qwen3", message: { role: "assistant", content: "", thinking: "Hm" }, done: false },
      { model: "qwen3", message: { role: "assistant", content: "H" }, done: false },
      { model: "qwen3", message: { role: "assistant", content: "i", tool_calls: [call] }, done: false },
      { model: "qwen3", message: { role: "assistant", content: "", tool_calls: [call] }, done: false },
      {
        model: "qwen3",
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: "stop",
        prompt_eval_count: 4,
        eval_count: 6,
        eval_duration: 9,
      },
    ),
  );
  assert.deepEqual(
    [text, reasoning, tools],
    [
      "Hi",
      "Hm",
      [
        ["f", '{"a":1}'],
        ["f", '{"a":1}'],
      ],
    ],
  );
  assert.deepEqual(
    [answer.usage.input_tokens, answer.usage.output_tokens, answer.details["eval_duration_ns"]],
    [4, 6, 9],
  );
  assert.deepEqual(
    [answer.finish, answer.model, observer.isComplete, observer.gaps.chunkCount],
    ["stop", "qwen3", true, 4],
  );
  const failed = observe(
    "/api/generate",
    "application/x-ndjson",
    lines({ response: "Hi", done: false }, { error: "out of memory" }),
  );
  assert.deepEqual(
    [failed.text, failed.answer.errorMessage, failed.observer.isComplete],
    ["Hi", "out of memory", false],
  );
});

test("images, transcripts and speech: what came out, and what it took", () => {
  const usage = { input_tokens: 50, output_tokens: 1056, input_tokens_details: { text_tokens: 10, image_tokens: 40 } };
  const image = observe(
    "/v1/images/generations",
    "text/event-stream",
    events(
      { type: "image_generation.partial_image", b64_json: "AA==" },
      { type: "image_generation.completed", b64_json: "BB==", usage },
    ),
  );
  assert.deepEqual(
    image.parts.map(({ type }) => type),
    ["image"],
  );
  assert.deepEqual([image.answer.usage.input_tokens, image.answer.details["input_image_tokens"]], [50, 40]);
  const transcript = observe(
    "/v1/audio/transcriptions",
    "text/event-stream",
    events(
      { type: "transcript.text.delta", delta: "Hel" },
      {
        type: "transcript.text.done",
        text: "Hello",
        usage: { type: "tokens", input_tokens: 14, output_tokens: 2, input_token_details: { audio_tokens: 14 } },
      },
    ),
  );
  assert.deepEqual(
    [transcript.text, transcript.answer.usage.input_audio_tokens, transcript.observer.isComplete],
    ["Hello", 14, true],
  );
  const plain = observe("/v1/audio/transcriptions", "text/plain; charset=utf-8", Buffer.from("Hello\n"));
  assert.equal(plain.text, "Hello\n");
});

test("PaLM: text and messages, and what Vertex counted", () => {
  const text = observe(
    "/v1beta2/models/text-bison-001:generateText",
    "application/json",
    Buffer.from('{"candidates":[{"output":"Hi"}]}'),
  );
  assert.deepEqual([text.text, text.answer.hasUsage], ["Hi", false]);
  const body = {
    predictions: [{ content: "Hi" }],
    metadata: { tokenMetadata: { inputTokenCount: { totalTokens: 3 }, outputTokenCount: { totalTokens: 1 } } },
  };
  const vertex = observe(
    "/v1/projects/p/locations/l/publishers/google/models/text-bison:predict",
    "application/json",
    Buffer.from(JSON.stringify(body)),
  );
  assert.deepEqual([vertex.text, vertex.answer.usage.input_tokens, vertex.answer.usage.output_tokens], ["Hi", 3, 1]);
});

for (const [path, operation, model, streams, format] of [
  [
    "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
    "chat",
    "claude-sonnet-4-5@20250929",
    "always",
    "anthropic.messages",
  ],
  [
    "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
    "count_tokens",
    "",
    "never",
    "anthropic.messages",
  ],
  [
    "/v1/projects/p/locations/l/publishers/mistralai/models/mistral-large:rawPredict",
    "chat",
    "mistral-large",
    "when_asked",
    "openai.chat",
  ],
  ["/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "chat", "", "when_asked", "openai.chat"],
  [
    "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
    "embeddings",
    "text-embedding-005",
    "never",
    "vertex.predict",
  ],
  [
    "/v1/projects/p/locations/l/publishers/google/models/imagen-4:predict",
    "image_generation",
    "imagen-4",
    "never",
    "vertex.predict",
  ],
  [
    "/v1beta/models/gemini-embedding-001:batchEmbedContents",
    "embeddings",
    "gemini-embedding-001",
    "never",
    "gemini.embed",
  ],
  ["/v1beta/interactions", "chat", "", "when_asked", "gemini.interactions"],
  ["/v1beta1/projects/p/locations/global/interactions", "chat", "", "when_asked", "gemini.interactions"],
  ["/v1beta/interactions/v1_abc/cancel", "", "", "never", "json"],
  ["/openai/deployments/my%20gpt/chat/completions", "chat", "my gpt", "when_asked", "openai.chat"],
  ["/openai/deployments/d/embeddings", "embeddings", "d", "never", "openai.embeddings"],
  ["/openai/v1/responses", "chat", "", "when_asked", "openai.responses"],
  ["/v1/sonar", "chat", "", "when_asked", "openai.chat"],
  ["/v1/responses/compact", "chat", "", "never", "openai.responses"],
  [
    "/model/amazon.titan-embed-text-v2%3A0/invoke",
    "embeddings",
    "amazon.titan-embed-text-v2:0",
    "never",
    "bedrock.invoke",
  ],
  ["/api/generate", "text_completion", "", "unless_refused", "ollama.generate"],
  ["/v1/fim/completions", "text_completion", "", "when_asked", "openai.completions"],
  ["/v1/messages/batches", "", "", "never", "json"],
] as const) {
  test(`${path} is ${operation || "HTTP"}`, () => {
    const api = apiOf("POST", path);
    assert.deepEqual([api.operation, api.model, api.streams, api.format], [operation, model, streams, format]);
  });
}

for (const [path, usage, expected] of [
  ["/v1beta/openai/chat/completions", { prompt_tokens: 9, completion_tokens: 14, total_tokens: 233 }, [9, 224, 210]],
  [
    "/v1/projects/p/locations/us-east5/endpoints/openapi/chat/completions",
    { prompt_tokens: 9, completion_tokens: 14, total_tokens: 33, completion_tokens_details: { reasoning_tokens: 10 } },
    [9, 24, 10],
  ],
  ["/v1beta/openai/chat/completions", { prompt_tokens: 9, completion_tokens: 14, total_tokens: 23 }, [9, 14, null]],
  // Mistral counts sound in the total alone: no thoughts.
  ["/v1/chat/completions", { prompt_tokens: 4, completion_tokens: 635, total_tokens: 3264 }, [4, 635, null]],
] as const) {
  test(`thoughts that only the total tells of: ${path} ${JSON.stringify(usage)}`, () => {
    const chunk = { choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }], usage };
    const whole = { choices: [{ message: { content: "Hi" }, finish_reason: "stop" }], usage };
    const read = [
      observe(path, "text/event-stream", events({ ...chunk, usage: { ...usage, total_tokens: 9 } }, chunk)),
      observe(path, "application/json", Buffer.from(JSON.stringify(whole))),
    ];
    for (const { answer } of read) {
      const { input_tokens, output_tokens, reasoning_tokens } = answer.usage;
      assert.deepEqual([input_tokens, output_tokens, reasoning_tokens], expected);
    }
  });
}

test("Anthropic: what is dearer than the standard tier is named as one that has no price", () => {
  for (const [told, tier] of [
    [{ service_tier: "standard", speed: "fast" }, "fast"],
    [{ service_tier: "standard", speed: "standard", inference_geo: "global" }, "standard"],
    [{ service_tier: "standard", inference_geo: "us" }, "inference_us"],
    [{ service_tier: "batch", inference_geo: "not_available" }, "batch"],
  ] as const) {
    const body = { type: "message", content: [], usage: { input_tokens: 1, output_tokens: 1, ...told } };
    const { answer } = observe("/v1/messages", "application/json", Buffer.from(JSON.stringify(body)));
    assert.equal(answer.serviceTier, tier);
  }
});

const compaction = { type: "compaction", input_tokens: 800, output_tokens: 30, cache_read_input_tokens: 5 };
const sampling = { type: "message", input_tokens: 20, output_tokens: 4, cache_read_input_tokens: 1 };
const advice = { type: "advisor_message", model: "claude-opus-4-6", input_tokens: 50, output_tokens: 9 };
for (const [what, iterations, expected] of [
  ["an answer alone", [sampling], { input: 21, output: 4, read: 1 }],
  ["a conversation that was compacted first", [compaction, sampling], { input: 826, output: 34, read: 6 }],
  ["another model's advice", [sampling, advice], { input: 21, output: 4, read: 1, advised: 50 }],
] as const) {
  test(`Anthropic's iterations: ${what}`, () => {
    const usage = { input_tokens: 20, output_tokens: 4, cache_read_input_tokens: 1, iterations };
    const body = { type: "message", content: [], stop_reason: "end_turn", usage };
    const stream = events(
      { type: "message_start", message: { ...body, usage: { input_tokens: 20, output_tokens: 1 } } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage },
      { type: "message_stop" },
    );
    const read = [
      observe("/v1/messages", "application/json", Buffer.from(JSON.stringify(body))),
      observe("/v1/messages", "text/event-stream", stream),
    ];
    for (const { answer } of read) {
      const { input_tokens: input, output_tokens: output, cache_read_tokens } = answer.usage;
      const advised = answer.details["advisor_input_tokens"];
      const found = { input, output, read: cache_read_tokens, ...(advised === undefined ? {} : { advised }) };
      assert.deepEqual(found, expected);
    }
  });
}

test("a guardrail's text is the whole stream of Bedrock's InvokeModel", () => {
  const blocked = { outputText: "Blocked.", index: 0, totalOutputTextTokenCount: 3, inputTextTokenCount: 6 };
  const body = chunks({ ...blocked, "amazon-bedrock-guardrailAction": "INTERVENED" });
  const path = "/model/amazon.titan-text-express-v1/invoke-with-response-stream";
  const { observer, answer, text } = observe(path, "application/vnd.amazon.eventstream", body);
  assert.equal(observer.isComplete, true);
  assert.equal(text, "Blocked.");
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [6, 3]);
});

const chatPath = "/v1/chat/completions";
const tokens = { prompt_tokens: 30, completion_tokens: 10, total_tokens: 40 };
const responseTokens = { input_tokens: 30, output_tokens: 10, total_tokens: 40 };
for (const [path, usage, expected] of [
  // xAI tells what a call cost, its searches included.
  [chatPath, { ...tokens, cost_in_usd_ticks: 318_319_005 }, { output: 10, cost: 31_831_901 }],
  ["/v1/responses", { ...responseTokens, cost_in_usd_ticks: 10_000 }, { output: 10, cost: 1000 }],
  ["/api/v1/messages", { input_tokens: 30, output_tokens: 10, cost: 0.0002 }, { output: 10, cost: 200_000 }],
  // Perplexity's research reasons beside what it writes.
  [chatPath, { ...tokens, reasoning_tokens: 500, cost: { total_cost: 0.05 } }, { output: 510, cost: 50_000_000 }],
  [chatPath, { ...tokens, completion_tokens_details: { reasoning_tokens: 11 } }, { output: 10, cost: null }],
  [
    chatPath,
    { ...tokens, cost: 0.0133176, server_tool_use_details: { web_search_requests: 1 } },
    { output: 10, cost: 13_317_600, searches: 1 },
  ],
] as const) {
  test(`what vendors add to the usage: ${JSON.stringify(usage)}`, () => {
    const { answer } = observe(path, "application/json", Buffer.from(JSON.stringify({ usage })));
    const searches = answer.details["web_search_requests"];
    const found = { output: answer.usage.output_tokens, cost: answer.costNanoUsd };
    assert.deepEqual(searches === undefined ? found : { ...found, searches }, expected);
  });
}

const interaction = {
  id: "v1_a",
  object: "interaction",
  model: "gemini-2.5-flash",
  status: "requires_action",
  service_tier: "standard",
  usage: {
    total_tokens: 60,
    total_input_tokens: 10,
    total_cached_tokens: 4,
    total_output_tokens: 20,
    total_tool_use_tokens: 5,
    total_thought_tokens: 25,
    input_tokens_by_modality: [
      { modality: "text", tokens: 7 },
      { modality: "audio", tokens: 3 },
    ],
    grounding_tool_count: [{ type: "google_search", count: 2 }],
  },
};
const interactionSteps = [
  { type: "thought", signature: "AA==", summary: [{ type: "text", text: "I look." }] },
  { type: "google_search_call", id: "s1", arguments: { queries: ["x"] } },
  { type: "google_search_result", call_id: "s1", result: [{ url: "https://x.test" }] },
  { type: "model_output", content: [{ type: "text", text: "It is 18 °C." }] },
  { type: "function_call", id: "c1", name: "weather", arguments: { city: "Köln" } },
];
const interactionEvents = [
  { event_type: "interaction.created", interaction: { id: "v1_a", model: "gemini-2.5-flash", status: "in_progress" } },
  { event_type: "step.start", index: 0, step: { type: "thought" } },
  {
    event_type: "step.delta",
    index: 0,
    delta: { type: "thought_summary", content: { type: "text", text: "I " } },
  },
  {
    event_type: "step.delta",
    index: 0,
    delta: { type: "thought_summary", content: { type: "text", text: "look." } },
  },
  { event_type: "step.delta", index: 0, delta: { type: "thought_signature", signature: "AA==" } },
  { event_type: "step.start", index: 1, step: { type: "google_search_call", id: "s1" } },
  { event_type: "step.delta", index: 1, delta: { type: "google_search_call", arguments: { queries: ["x"] } } },
  { event_type: "step.start", index: 2, step: { type: "google_search_result", call_id: "s1" } },
  {
    event_type: "step.delta",
    index: 2,
    delta: { type: "google_search_result", result: [{ url: "https://x.test" }] },
  },
  { event_type: "step.start", index: 3, step: { type: "model_output" } },
  { event_type: "step.delta", index: 3, delta: { type: "text", text: "It is 18" } },
  { event_type: "step.delta", index: 3, delta: { type: "text_annotation_delta", annotations: [] } },
  { event_type: "step.delta", index: 3, delta: { type: "text", text: " °C." } },
  { event_type: "step.start", index: 4, step: { type: "function_call", id: "c1", name: "weather" } },
  { event_type: "step.delta", index: 4, delta: { type: "arguments_delta", arguments: '{"city":' } },
  { event_type: "step.delta", index: 4, delta: { type: "arguments_delta", arguments: '"Köln"}' } },
  { event_type: "interaction.completed", interaction },
];

/** What clients of the API's former revision get: contents in place of steps. */
const interactionOutputs = interactionSteps.flatMap((step): readonly unknown[] =>
  step.type === "model_output" ? (step.content ?? []) : [step],
);
const formerEvents = [
  { event_type: "interaction.start", interaction: { id: "v1_a", model: "gemini-2.5-flash", status: "in_progress" } },
  { event_type: "interaction.status_update", interaction_id: "v1_a", status: "in_progress" },
  { event_type: "content.start", index: 0, content: { type: "thought" } },
  { event_type: "content.delta", index: 0, delta: { type: "thought_summary", content: { type: "text", text: "I " } } },
  {
    event_type: "content.delta",
    index: 0,
    delta: { type: "thought_summary", content: { type: "text", text: "look." } },
  },
  { event_type: "content.delta", index: 0, delta: { type: "thought_signature", signature: "AA==" } },
  { event_type: "content.stop", index: 0 },
  { event_type: "content.start", index: 1, content: { type: "google_search_call" } },
  {
    event_type: "content.delta",
    index: 1,
    delta: { type: "google_search_call", id: "s1", arguments: { queries: ["x"] } },
  },
  { event_type: "content.stop", index: 1 },
  { event_type: "content.start", index: 2, content: { type: "google_search_result" } },
  {
    event_type: "content.delta",
    index: 2,
    delta: { type: "google_search_result", call_id: "s1", result: [{ url: "https://x.test" }] },
  },
  { event_type: "content.stop", index: 2 },
  { event_type: "content.start", index: 3, content: { type: "text", text: "" } },
  { event_type: "content.delta", index: 3, delta: { type: "text", text: "It is 18" } },
  { event_type: "content.delta", index: 3, delta: { type: "text", text: " °C." } },
  { event_type: "content.stop", index: 3 },
  { event_type: "content.start", index: 4, content: { type: "function_call" } },
  {
    event_type: "content.delta",
    index: 4,
    delta: { type: "function_call", id: "c1", name: "weather", arguments: { city: "Köln" } },
  },
  { event_type: "content.stop", index: 4 },
  { event_type: "interaction.complete", interaction },
];

for (const [framing, type, body] of [
  ["whole", "application/json", Buffer.from(JSON.stringify({ ...interaction, steps: interactionSteps }))],
  ["streamed", "text/event-stream", events(...interactionEvents)],
  [
    "whole, of the former revision",
    "application/json",
    Buffer.from(JSON.stringify({ ...interaction, outputs: interactionOutputs })),
  ],
  ["streamed, of the former revision", "text/event-stream", events(...formerEvents)],
] as const) {
  test(`Gemini's Interactions, ${framing}: thoughts, a search, a call, and tokens apart from each other`, () => {
    const { observer, answer, text, tools, reasoning, parts } = observe("/v1beta/interactions", type, body);
    assert.deepEqual([text, reasoning], ["It is 18 °C.", "I look."]);
    assert.deepEqual(tools, [
      ["google_search", '{"queries":["x"]}'],
      ["weather", '{"city":"Köln"}'],
    ]);
    assert.deepEqual(
      parts.map((part) => part.type),
      ["reasoning", "tool_call", "tool_result", "text", "tool_call"],
    );
    assert.deepEqual(answer.usage, {
      ...unknownUsage,
      input_tokens: 15,
      output_tokens: 45,
      reasoning_tokens: 25,
      cache_read_tokens: 4,
      input_audio_tokens: 3,
    });
    assert.deepEqual(answer.details, { tool_use_input_tokens: 5, web_search_requests: 2 });
    assert.deepEqual([answer.finish, answer.model, answer.id], ["requires_action", "gemini-2.5-flash", "v1_a"]);
    assert.deepEqual([observer.isComplete, observer.outputState], [true, "full"]);
  });
}

test("a stream of Gemini's Interactions that fails says why, and is not whole", () => {
  const error = { event_type: "error", error: { message: "High demand.", code: "service_unavailable" } };
  const { observer, answer, text } = observe(
    "/v1beta/interactions",
    "text/event-stream",
    events(...interactionEvents.slice(0, 11), error),
  );
  assert.deepEqual([answer.errorMessage, answer.errorType, text], ["High demand.", "service_unavailable", "It is 18"]);
  assert.equal(observer.isComplete, false);
});

test("an interaction of Gemini's that failed is an error", () => {
  const failed = { id: "v1_a", status: "failed", errors: [{ code: "internal", message: "It broke." }] };
  const { answer } = observe("/v1beta/interactions", "application/json", Buffer.from(JSON.stringify(failed)));
  assert.deepEqual([answer.finish, answer.errorType, answer.errorMessage], ["failed", "internal", "It broke."]);
});

test("an image on its way is the first content of a response", () => {
  const partial = { type: "response.image_generation_call.partial_image", output_index: 0, partial_image_b64: "AAAA" };
  const response = { id: "resp_1", model: "gpt-5", status: "completed", output: [] };
  const { observer } = observe(
    "/v1/responses",
    "text/event-stream",
    events({ type: "response.created", response }, partial, { type: "response.completed", response }),
  );
  assert.equal(observer.gaps.chunkCount, 1);
  assert.ok(observer.firstContentAtMs > 0);
});

const blocked = { completion: " No.", stop_reason: "stop_sequence", stop: "Human:", log_id: "compl_1" };
for (const [path, body, id] of [
  [
    "/v1/complete",
    events(
      { type: "ping" },
      { type: "completion", completion: " N", stop_reason: null },
      {
        type: "completion",
        model: "claude-2.1",
        ...blocked,
        completion: "o.",
      },
    ),
    "compl_1",
  ],
  [
    "/model/anthropic.claude-v2/invoke-with-response-stream",
    chunks(
      { type: "completion", completion: " N", stop_reason: null, stop: null },
      { type: "completion", ...blocked, completion: "o." },
    ),
    "",
  ],
  ["/v1/complete", Buffer.from(JSON.stringify({ type: "completion", model: "claude-2.1", ...blocked })), "compl_1"],
] as const) {
  test(`Claude's text completions: ${path}, ${body.length} bytes`, () => {
    const type = path.startsWith("/model") ? "application/vnd.amazon.eventstream" : "";
    const { observer, answer, text } = observe(path, type, body);
    assert.deepEqual([text, answer.finish, answer.id, observer.isComplete], [" No.", "stop_sequence", id, true]);
  });
}

test("Gemini: what tools gave back may be images, and a tool of Google's may have no name", () => {
  const usageMetadata = {
    promptTokenCount: 129,
    toolUsePromptTokenCount: 3969,
    toolUsePromptTokensDetails: [
      { modality: "IMAGE", tokenCount: 3600 },
      { modality: "TEXT", tokenCount: 369 },
    ],
    candidatesTokenCount: 106,
    thoughtsTokenCount: 353,
  };
  const parts = [{ toolCall: { id: "1" } }, { toolResponse: { id: "1" } }, { text: "None." }];
  const { answer, text, tools } = observe(
    gemini,
    "text/event-stream",
    events({ ...candidate(parts, { finishReason: "STOP" }), usageMetadata }),
  );
  assert.deepEqual([text, tools], ["None.", [["tool", ""]]]);
  assert.equal(answer.usage.input_tokens, 4098);
  assert.equal(answer.details["input_image_tokens"], 3600);
});

const commandUsage = {
  billed_units: { input_tokens: 3, output_tokens: 1 },
  tokens: { input_tokens: 12, output_tokens: 17 },
};
for (const [what, path, body, expected] of [
  [
    "Cohere's version 2, streamed",
    "/model/cohere.command-a/invoke-with-response-stream",
    chunks(
      { id: "c1", type: "message-start", delta: { message: { role: "assistant" } } },
      { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
      { type: "content-delta", index: 0, delta: { message: { content: { text: "Hi" } } } },
      { type: "message-end", delta: { finish_reason: "COMPLETE", usage: commandUsage } },
    ),
    ["Hi", "", "COMPLETE", 12, 17],
  ],
  [
    "Cohere's version 2",
    "/model/cohere.command-a/invoke",
    Buffer.from(
      JSON.stringify({
        id: "c1",
        finish_reason: "COMPLETE",
        message: { role: "assistant", content: [{ type: "text", text: "Hi" }] },
        usage: commandUsage,
      }),
    ),
    ["Hi", "", "COMPLETE", 12, 17],
  ],
  [
    "Nova's reasoning",
    "/model/us.amazon.nova-2-lite-v1%3A0/invoke-with-response-stream",
    chunks(
      { messageStart: { role: "assistant" } },
      {
        contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { reasoningText: { text: "Hm" } } } },
      },
      { contentBlockDelta: { contentBlockIndex: 1, delta: { text: "Hi" } } },
      { messageStop: { stopReason: "end_turn" } },
      { metadata: { usage: { inputTokens: 5, outputTokens: 6 } } },
    ),
    ["Hi", "Hm", "end_turn", 5, 6],
  ],
] as const) {
  test(`InvokeModel: ${what}`, () => {
    const type = path.endsWith("stream") ? "application/vnd.amazon.eventstream" : "application/json";
    const { answer, text, reasoning } = observe(path, type, body);
    const { input_tokens, output_tokens } = answer.usage;
    assert.deepEqual([text, reasoning, answer.finish, input_tokens, output_tokens], expected);
    assert.equal(answer.billed, null);
  });
}

test("InvokeModel: pictures are pictures", () => {
  const body = Buffer.from(JSON.stringify({ images: ["iVBORw0KGgo="] }));
  const { parts } = observe("/model/amazon.nova-canvas-v1:0/invoke", "application/json", body);
  const source = { kind: "data", mediaType: "", base64: "iVBORw0KGgo=" };
  assert.deepEqual(parts, [{ type: "image", source, name: "" }]);
});
