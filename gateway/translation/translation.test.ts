import assert from "node:assert/strict";
import { test } from "node:test";
import { readConversation, textOf, toolCallsOf } from "@weir/model";
import fc from "fast-check";
import { encodeAwsEvent } from "../recording/aws-event-frames.ts";
import { type Exchange, hasExchanges, readExchanges } from "../testing/exchanges.ts";
import { type DialectId, dialects, isTranslatable, translate } from "./index.ts";

type Json = Record<string, unknown>;

const image = "data:image/jpeg;base64,/9j/";
const request = {
  model: "p/m",
  messages: [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "What?" },
        { type: "image_url", image_url: { url: image } },
      ],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "c1", type: "function", function: { name: "f", arguments: '{"a":1}' } },
        { id: "c2", type: "function", function: { name: "g", arguments: "{}" } },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: "18" },
    { role: "tool", tool_call_id: "c2", content: '{"b":2}' },
  ],
  tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
  tool_choice: "required",
  max_completion_tokens: 50,
  temperature: 0.5,
  stop: "END",
};

function bodyFor(dialect: DialectId, changes: Json = {}): { path: string; body: Json } {
  const translation = translate(dialect, "chat", Buffer.from(JSON.stringify({ ...request, ...changes })), "m", "p/m");
  return { path: translation.path, body: JSON.parse(translation.body.toString()) as Json };
}

test("a request in Anthropic's words", () => {
  assert.deepEqual(bodyFor("anthropic"), {
    path: "/v1/messages",
    body: {
      model: "m",
      max_tokens: 50,
      system: "Be brief.",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What?" },
            { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "/9j/" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "tool_use", id: "c1", name: "f", input: { a: 1 } },
            { type: "tool_use", id: "c2", name: "g", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "18" }] },
            { type: "tool_result", tool_use_id: "c2", content: [{ type: "text", text: '{"b":2}' }] },
          ],
        },
      ],
      tools: [{ name: "f", description: "d", input_schema: { type: "object" } }],
      tool_choice: { type: "any" },
      temperature: 0.5,
      stop_sequences: ["END"],
    },
  });
});

test("a request in Gemini's words", () => {
  assert.deepEqual(bodyFor("gemini"), {
    path: "/v1beta/models/m:generateContent",
    body: {
      contents: [
        { role: "user", parts: [{ text: "What?" }, { inlineData: { mimeType: "image/jpeg", data: "/9j/" } }] },
        {
          role: "model",
          parts: [{ functionCall: { name: "f", args: { a: 1 } } }, { functionCall: { name: "g", args: {} } }],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "f", response: { result: "18" } } },
            { functionResponse: { name: "g", response: { b: 2 } } },
          ],
        },
      ],
      systemInstruction: { parts: [{ text: "Be brief." }] },
      tools: [{ functionDeclarations: [{ name: "f", description: "d", parametersJsonSchema: { type: "object" } }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
      generationConfig: { temperature: 0.5, maxOutputTokens: 50, stopSequences: ["END"] },
    },
  });
  assert.equal(bodyFor("gemini", { stream: true }).path, "/v1beta/models/m:streamGenerateContent?alt=sse");
  const vertex = "projects/p/locations/us-east5/publishers/google/models/m";
  const onVertex = translate("gemini", "chat", Buffer.from(JSON.stringify(request)), vertex, `vertex/${vertex}`);
  assert.equal(onVertex.path, `/v1/${vertex}:generateContent`);
});

test("a request in Cohere's words", () => {
  const { path, body } = bodyFor("cohere");
  assert.equal(path, "/v2/chat");
  assert.deepEqual(body["messages"], [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "What?" },
        { type: "image_url", image_url: { url: image } },
      ],
    },
    { role: "assistant", tool_calls: request.messages[2]?.tool_calls },
    { role: "tool", tool_call_id: "c1", content: "18" },
    { role: "tool", tool_call_id: "c2", content: '{"b":2}' },
  ]);
  assert.deepEqual(
    [body["tool_choice"], body["max_tokens"], body["stop_sequences"], body["stream"]],
    ["REQUIRED", 50, ["END"], false],
  );
});

test("a request in Converse's words", () => {
  assert.deepEqual(bodyFor("bedrock"), {
    path: "/model/m/converse",
    body: {
      messages: [
        { role: "user", content: [{ text: "What?" }, { image: { format: "jpeg", source: { bytes: "/9j/" } } }] },
        {
          role: "assistant",
          content: [
            { toolUse: { toolUseId: "c1", name: "f", input: { a: 1 } } },
            { toolUse: { toolUseId: "c2", name: "g", input: {} } },
          ],
        },
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "c1", content: [{ text: "18" }] } },
            { toolResult: { toolUseId: "c2", content: [{ text: '{"b":2}' }] } },
          ],
        },
      ],
      system: [{ text: "Be brief." }],
      inferenceConfig: { maxTokens: 50, temperature: 0.5, stopSequences: ["END"] },
      toolConfig: {
        tools: [{ toolSpec: { name: "f", description: "d", inputSchema: { json: { type: "object" } } } }],
        toolChoice: { any: {} },
      },
    },
  });
});

test("a request in Ollama's words", () => {
  const { path, body } = bodyFor("ollama");
  assert.equal(path, "/api/chat");
  assert.deepEqual(body["messages"], [
    { role: "system", content: "Be brief." },
    { role: "user", content: "What?", images: ["/9j/"] },
    {
      role: "assistant",
      content: "",
      tool_calls: [{ function: { name: "f", arguments: { a: 1 } } }, { function: { name: "g", arguments: {} } }],
    },
    { role: "tool", tool_name: "f", content: "18" },
    { role: "tool", tool_name: "g", content: '{"b":2}' },
  ]);
  assert.deepEqual([body["options"], body["stream"]], [{ temperature: 0.5, num_predict: 50, stop: ["END"] }, false]);
});

for (const dialect of Object.keys(dialects) as DialectId[]) {
  test(`${dialect}: what is no request is refused with words, and any messages are survived`, () => {
    const refuse = (body: string) => () => translate(dialect, "chat", Buffer.from(body), "m", "p/m");
    assert.throws(refuse("{"), { code: "BAD_REQUEST" });
    assert.throws(refuse("[]"), { code: "BAD_REQUEST" });
    assert.throws(refuse('{"messages":"Hi"}'), { code: "BAD_REQUEST" });
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }), (messages) => {
        try {
          refuse(JSON.stringify({ messages }))();
        } catch (error) {
          assert.equal((error as { code?: string }).code, "BAD_REQUEST");
        }
      }),
      { numRuns: 200 },
    );
  });

  test(`${dialect}: an error is OpenAI's, with the provider's message`, () => {
    const { openAnswer } = translate(dialect, "chat", Buffer.from(JSON.stringify(request)), "m", "p/m");
    for (const body of ['{"error":{"type":"t","message":"No."}}', '{"message":"No."}', '{"error":"No."}']) {
      const answer = openAnswer({ status: 429, contentType: "application/json" });
      answer.push(Buffer.from(body));
      const { error } = JSON.parse(answer.end().toString()) as { error: Json };
      assert.equal(error["message"], "No.");
    }
    const page = openAnswer({ status: 502, contentType: "text/html" });
    page.push(Buffer.from("<html>"));
    assert.equal(typeof JSON.parse(page.end().toString()).error.message, "string");
  });
}

/** The content of a stream of chunks, put together as OpenAI's SDKs do. */
function joinChunks(bytes: Buffer) {
  const data = bytes
    .toString()
    .split("\n\n")
    .filter((event) => event !== "");
  const chunks = data.filter((event) => event !== "data: [DONE]").map((event) => JSON.parse(event.slice(6)) as Json);
  const calls: { id: string; name: string; arguments: string }[] = [];
  let text = "";
  let finish: unknown;
  for (const chunk of chunks) {
    const choice = (chunk["choices"] as Json[] | undefined)?.[0];
    const delta = (choice?.["delta"] ?? {}) as {
      content?: string;
      tool_calls?: { index: number; id: string; function: { name: string; arguments: string } }[];
    };
    text += delta.content ?? "";
    for (const { index, id, function: piece } of delta.tool_calls ?? []) {
      calls[index] ??= { id, name: piece.name, arguments: "" };
      (calls[index] as { arguments: string }).arguments += piece.arguments;
    }
    finish = choice?.["finish_reason"] ?? finish;
  }
  const usage = chunks.findLast((chunk) => chunk["usage"] !== undefined)?.["usage"] as Json | undefined;
  return { text, calls, finish, usage, isDone: data.at(-1) === "data: [DONE]", error: chunks.at(-1)?.["error"] };
}

const apis: Readonly<Record<string, DialectId>> = {
  messages: "anthropic",
  generateContent: "gemini",
  streamGenerateContent: "gemini",
  "v2.chat": "cohere",
  converse: "bedrock",
  "converse-stream": "bedrock",
};
const exchanges = hasExchanges ? readExchanges().filter(({ api }) => apis[api] !== undefined) : [];

test("recorded answers are there to be translated", {
  skip: hasExchanges ? false : "no ../shared/data/exchanges",
}, () => {
  assert.ok(exchanges.length > 20);
});

function answerOf(exchange: Exchange, sizes: number): Buffer {
  const asked = { messages: [], stream: exchange.isStream, stream_options: { include_usage: true } };
  const dialect = apis[exchange.api] as DialectId;
  const translation = translate(dialect, "chat", Buffer.from(JSON.stringify(asked)), "m", "p/m");
  const answer = translation.openAnswer({ status: exchange.status, contentType: exchange.contentType });
  const parts: Buffer[] = [];
  for (let at = 0; at < exchange.responseBody.length; at += sizes) {
    parts.push(answer.push(Buffer.from(exchange.responseBody.subarray(at, at + sizes))));
  }
  parts.push(answer.end());
  assert.equal(answer.isComplete, true);
  return Buffer.concat(parts);
}

for (const exchange of exchanges) {
  test(`${exchange.name} becomes OpenAI's, with text, tools, finish and usage`, () => {
    const { truth } = exchange;
    const tools = truth.tools.map((call) => [call.name, asJson(call.arguments)]);
    const usage = truth.usage ?? {};
    const input =
      usage["input_total"] ?? (usage["input_uncached"] ?? 0) + (usage["cache_read"] ?? 0) + (usage["cache_write"] ?? 0);
    const whole = answerOf(exchange, 1 << 20);
    if (exchange.isStream) {
      const { text, calls, finish, usage: told, isDone } = joinChunks(whole);
      assert.equal(text, truth.text ?? "");
      assert.deepEqual(
        calls.map((call) => [call.name, asJson(call.arguments)]),
        tools,
      );
      assert.deepEqual([finish === "tool_calls", isDone], [tools.length > 0, true]);
      assert.equal(told?.["prompt_tokens"], input);
      assert.equal(told?.["completion_tokens"], usage["output_total"]);
      const bytewise = joinChunks(answerOf(exchange, 1));
      assert.deepEqual([bytewise.text, bytewise.calls], [text, calls]);
      return;
    }
    const output = whole.toString();
    const { response } = readConversation({ content_format: "openai.chat", input: "", output });
    assert.equal(textOf(response?.parts ?? []), truth.text ?? "");
    assert.deepEqual(
      toolCallsOf(response?.parts ?? []).map((call) => [call.name, asJson(call.arguments)]),
      tools,
    );
    const body = JSON.parse(output) as { choices: Json[]; usage: Json };
    assert.equal(body.usage["prompt_tokens"], input);
    assert.equal(body.usage["completion_tokens"], usage["output_total"]);
    if (tools.length > 0) assert.equal(body.choices[0]?.["finish_reason"], "tool_calls");
  });
}

function asJson(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}

test("a stream that breaks off is given no end, and one that fails says so", () => {
  const { openAnswer } = translate("bedrock", "chat", Buffer.from('{"messages":[],"stream":true}'), "m", "p/m");
  const type = "application/vnd.amazon.eventstream";
  const delta = encodeAwsEvent(
    { ":event-type": "contentBlockDelta" },
    Buffer.from('{"contentBlockIndex":0,"delta":{"text":"Hi"}}'),
  );
  const cut = openAnswer({ status: 200, contentType: type });
  const cutBytes = Buffer.concat([cut.push(delta), cut.end()]);
  assert.deepEqual([joinChunks(cutBytes).text, joinChunks(cutBytes).isDone, cut.isComplete], ["Hi", false, false]);
  const failure = encodeAwsEvent(
    { ":exception-type": "modelStreamErrorException" },
    Buffer.from('{"message":"Broken."}'),
  );
  const failed = openAnswer({ status: 200, contentType: type });
  const bytes = Buffer.concat([failed.push(delta), failed.push(failure), failed.end()]);
  assert.deepEqual(joinChunks(bytes).error, {
    message: "Broken.",
    type: "modelStreamErrorException",
    param: null,
    code: null,
  });
});

for (const [dialect, answer] of [
  ["gemini", { embeddings: [{ values: [1, 2] }, { values: [3, 4] }], usageMetadata: { promptTokenCount: 5 } }],
  [
    "cohere",
    {
      embeddings: {
        float: [
          [1, 2],
          [3, 4],
        ],
      },
      meta: { billed_units: { input_tokens: 5 } },
    },
  ],
  [
    "ollama",
    {
      embeddings: [
        [1, 2],
        [3, 4],
      ],
      prompt_eval_count: 5,
    },
  ],
] as const) {
  test(`${dialect}: embeddings as numbers and in base64`, () => {
    for (const encoding_format of ["float", "base64"]) {
      const body = Buffer.from(JSON.stringify({ input: ["a", "b"], encoding_format }));
      const translated = translate(dialect, "embeddings", body, "m", "p/m").openAnswer({
        status: 200,
        contentType: "application/json",
      });
      translated.push(Buffer.from(JSON.stringify(answer)));
      const { data, usage } = JSON.parse(translated.end().toString()) as {
        data: { embedding: unknown }[];
        usage: Json;
      };
      const expected =
        encoding_format === "float"
          ? [
              [1, 2],
              [3, 4],
            ]
          : ["AACAPwAAAEA=", "AABAQAAAgEA="];
      assert.deepEqual(
        data.map(({ embedding }) => embedding),
        expected,
      );
      assert.equal(usage["prompt_tokens"], 5);
    }
  });
}

test("Anthropic has no embeddings", () => assert.equal(isTranslatable("anthropic", "embeddings"), false));
