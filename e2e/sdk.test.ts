import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { type CallDetail, callsOfUser, newUser } from "./calls-api.ts";
import { Program, Weir } from "./weir-process.ts";

/** The official SDKs, each call made twice: straight to the mock provider and through Weir. What they give must be equal. */

let mock: Program;
let weir: Weir;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.15");
  weir = await Weir.start({ upstream: mock.url });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

const prompt = "Why does this print 3 three times? for (var i = 0; i < 3; i++) setTimeout(() => console.log(i));";
const messages = [{ role: "user" as const, content: prompt }];
const tools = [
  {
    type: "function" as const,
    function: { name: "find_order", parameters: { type: "object", properties: { order_id: { type: "string" } } } },
  },
  {
    type: "function" as const,
    function: { name: "track_parcel", parameters: { type: "object", properties: { city: { type: "string" } } } },
  },
];

function openai(baseURL: string): OpenAI {
  return new OpenAI({ baseURL, apiKey: "sk-e2e-provider-key", maxRetries: 0 });
}

function anthropic(baseURL: string): Anthropic {
  return new Anthropic({ baseURL, apiKey: "sk-ant-e2e-provider-key", maxRetries: 0 });
}

/** Runs a call both ways with the same case, and gives both results and what Weir recorded. */
async function bothWays<Result>(
  name: string,
  call: (base: string, headers: Record<string, string>) => Promise<Result>,
): Promise<{ straight: Result; through: Result; recorded: CallDetail }> {
  const user = newUser();
  const headers = { "x-mock-case": name };
  const straight = await call(mock.url, headers);
  const through = await call(weir.url, { ...headers, "x-weir-user": user });
  const [recorded] = await callsOfUser(weir, user);
  assert.ok(recorded);
  return { straight, through, recorded };
}

/** The base URL of a provider: Weir's has the provider in its path. */
function base(url: string, provider: string, rest = ""): string {
  return url === weir.url ? `${url}/${provider}${rest}` : `${url}${rest}`;
}

const nanoUsdPerToken = { "gpt-4o-mini": [150, 600], "claude-haiku-4-5-20251001": [1000, 5000] } as const;

function costOf(model: keyof typeof nanoUsdPerToken, inputTokens: number, outputTokens: number): number {
  const [input, output] = nanoUsdPerToken[model];
  return inputTokens * input + outputTokens * output;
}

test("openai: a chat completion", async () => {
  const { straight, through, recorded } = await bothWays("openai chat", (url, headers) =>
    openai(base(url, "openai", "/v1")).chat.completions.create({ model: "gpt-4o-mini", messages }, { headers }),
  );
  assert.deepEqual(through, straight);
  assert.equal(recorded.status, "ok");
  assert.equal(recorded.request_model, "gpt-4o-mini");
  assert.equal(recorded.response_model, straight.model);
  assert.equal(recorded.input_tokens, straight.usage?.prompt_tokens);
  assert.equal(recorded.output_tokens, straight.usage?.completion_tokens);
  assert.equal(recorded.cost_nano_usd, costOf("gpt-4o-mini", recorded.input_tokens ?? 0, recorded.output_tokens ?? 0));
  assert.equal(recorded.response_id, straight.id);
  assert.equal(recorded.content_state, "full");
  assert.deepEqual(JSON.parse(recorded.output), JSON.parse(JSON.stringify(straight)));
  assert.deepEqual(JSON.parse(recorded.input).messages, messages);
});

for (const includeUsage of [true, false]) {
  test(`openai: a chat stream ${includeUsage ? "with" : "without"} usage asked for`, async () => {
    let clientTtftMs = 0;
    const { straight, through, recorded } = await bothWays(`openai stream ${includeUsage}`, async (url, headers) => {
      const startedMs = performance.now();
      clientTtftMs = 0;
      const options = includeUsage ? { stream_options: { include_usage: true } } : {};
      const body = { model: "gpt-4o-mini", messages, stream: true, ...options } as const;
      const stream = await openai(base(url, "openai", "/v1")).chat.completions.create(body, { headers });
      const chunks: OpenAI.ChatCompletionChunk[] = [];
      for await (const chunk of stream) {
        if (clientTtftMs === 0 && chunk.choices[0]?.delta.content) clientTtftMs = performance.now() - startedMs;
        chunks.push(chunk);
      }
      return chunks;
    });
    assert.deepEqual(through, straight);
    assert.equal(
      through.some((chunk) => chunk.usage),
      includeUsage,
    );
    assert.equal(recorded.is_stream, true);
    assert.ok(recorded.output_tokens !== null && recorded.output_tokens > 20);
    assert.equal(recorded.cost_nano_usd, costOf("gpt-4o-mini", recorded.input_tokens ?? 0, recorded.output_tokens));
    const ttftMs = (recorded.ttft_ns ?? 0) / 1e6;
    // The client asks before Weir hears it, and reads after Weir has sent it.
    assert.ok(ttftMs > 0 && ttftMs <= clientTtftMs, `TTFT ${ttftMs} ms recorded, ${clientTtftMs} ms seen`);
    const text = straight.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.equal(JSON.parse(recorded.output).choices[0].message.content, text);
  });
}

test("openai: parallel tool calls, streamed", async () => {
  const { straight, through, recorded } = await bothWays("openai tools", (url, headers) =>
    openai(base(url, "openai", "/v1"))
      .chat.completions.stream({ model: "gpt-4o-mini", messages, tools }, { headers })
      .finalMessage(),
  );
  assert.deepEqual(through, straight);
  assert.equal(through.tool_calls?.length, 2);
  assert.equal(JSON.parse(recorded.output).choices[0].message.tool_calls.length, 2);
  assert.notEqual(recorded.ttft_ns, null);
});

for (const stream of [false, true]) {
  test(`openai: the responses API, ${stream ? "streamed" : "whole"}`, async () => {
    const body = { model: "gpt-5-mini", input: prompt, reasoning: { summary: "auto" as const } };
    const { straight, through, recorded } = await bothWays(`responses ${stream}`, async (url, headers) => {
      const client = openai(base(url, "openai", "/v1"));
      return stream
        ? await client.responses.stream(body, { headers }).finalResponse()
        : await client.responses.create(body, { headers });
    });
    assert.deepEqual(through, straight);
    assert.equal(recorded.output_tokens, straight.usage?.output_tokens);
    assert.equal(recorded.reasoning_tokens, straight.usage?.output_tokens_details.reasoning_tokens);
    assert.notEqual(recorded.cost_nano_usd, null);
    assert.equal(JSON.parse(recorded.output).id, straight.id);
  });
}

test("openai: embeddings and models", async () => {
  const { straight, through, recorded } = await bothWays("embeddings", (url, headers) =>
    openai(base(url, "openai", "/v1")).embeddings.create(
      { model: "text-embedding-3-small", input: ["a", "b"] },
      { headers },
    ),
  );
  assert.deepEqual(through, straight);
  assert.equal(recorded.input_tokens, straight.usage.prompt_tokens);
  assert.equal(recorded.cost_nano_usd, straight.usage.prompt_tokens * 20);
  const models = (url: string) => openai(base(url, "openai", "/v1")).models.list({ headers: { "x-mock-case": "m" } });
  assert.deepEqual((await models(weir.url)).data, (await models(mock.url)).data);
});

test("openai: an error keeps its status, headers and body", async () => {
  const failing = (url: string, headers: Record<string, string>) =>
    openai(base(url, "openai", "/v1"))
      .chat.completions.create(
        { model: "gpt-4o-mini", messages },
        { headers: { ...headers, "x-mock-fault": "rate-limit" } },
      )
      .catch((error: unknown) => error as InstanceType<typeof OpenAI.APIError>) as Promise<
      InstanceType<typeof OpenAI.APIError>
    >;
  const { straight, through, recorded } = await bothWays("rate limit", failing);
  assert.equal(through.status, 429);
  assert.deepEqual(through.error, straight.error);
  for (const name of ["retry-after", "retry-after-ms", "x-ratelimit-remaining-tokens"]) {
    assert.equal(through.headers?.get(name), straight.headers?.get(name));
  }
  assert.equal(recorded.status, "error");
  assert.equal(recorded.http_status, 429);
  assert.equal(recorded.cost_nano_usd === null || recorded.cost_nano_usd === 0, true);
});

for (const stream of [false, true]) {
  test(`anthropic: messages, ${stream ? "streamed" : "whole"}`, async () => {
    const body = { model: "claude-haiku-4-5-20251001", max_tokens: 1024, messages };
    const { straight, through, recorded } = await bothWays(`anthropic ${stream}`, async (url, headers) => {
      const client = anthropic(base(url, "anthropic"));
      return stream
        ? await client.messages.stream(body, { headers }).finalMessage()
        : await client.messages.create(body, { headers });
    });
    assert.deepEqual(through, straight);
    assert.equal(recorded.input_tokens, straight.usage.input_tokens);
    assert.equal(recorded.output_tokens, straight.usage.output_tokens);
    const { input_tokens, output_tokens } = straight.usage;
    assert.equal(recorded.cost_nano_usd, costOf("claude-haiku-4-5-20251001", input_tokens, output_tokens));
    assert.deepEqual(JSON.parse(recorded.output).content, JSON.parse(JSON.stringify(straight.content)));
  });
}

test("anthropic: thinking and tools, streamed", async () => {
  const body = {
    model: "claude-sonnet-4-5-20250929",
    max_tokens: 2048,
    messages,
    thinking: { type: "enabled" as const, budget_tokens: 1024 },
    tools: tools.map((tool) => ({
      name: tool.function.name,
      input_schema: tool.function.parameters as Anthropic.Tool.InputSchema,
    })),
  };
  const { straight, through, recorded } = await bothWays("anthropic thinking", (url, headers) =>
    anthropic(base(url, "anthropic")).messages.stream(body, { headers }).finalMessage(),
  );
  assert.deepEqual(through, straight);
  assert.deepEqual(
    through.content.map(({ type }) => type),
    ["thinking", "tool_use", "tool_use"],
  );
  assert.deepEqual(JSON.parse(recorded.output).content, JSON.parse(JSON.stringify(straight.content)));
});

test("anthropic: what the cache took and gave is part of the input and priced apart", async () => {
  const user = newUser();
  const system = [
    {
      type: "text" as const,
      text: `${user} knows the shop. `.repeat(400),
      cache_control: { type: "ephemeral" as const },
    },
  ];
  const body = { model: "claude-haiku-4-5-20251001", max_tokens: 64, system, messages };
  const client = anthropic(base(weir.url, "anthropic"));
  const headers = { "x-weir-user": user };
  const first = await client.messages.create(body, { headers });
  const second = await client.messages.create(body, { headers });
  const [written, read] = await callsOfUser(weir, user, 2);
  assert.ok(written && read);
  const taken = first.usage.cache_creation_input_tokens ?? 0;
  assert.ok(taken > 1024);
  assert.equal(written.cache_write_tokens, taken);
  assert.equal(written.input_tokens, first.usage.input_tokens + taken);
  assert.equal(read.cache_read_tokens, second.usage.cache_read_input_tokens);
  assert.equal(
    written.cost_nano_usd,
    first.usage.input_tokens * 1000 + taken * 1250 + first.usage.output_tokens * 5000,
  );
  assert.equal(read.cost_nano_usd, second.usage.input_tokens * 1000 + taken * 100 + second.usage.output_tokens * 5000);
});

test("anthropic: count_tokens", async () => {
  const { straight, through } = await bothWays("count", (url, headers) =>
    anthropic(base(url, "anthropic")).messages.countTokens(
      { model: "claude-haiku-4-5-20251001", messages },
      { headers },
    ),
  );
  assert.deepEqual(through, straight);
});

test("Vercel AI SDK: generateText and streamText, on both providers", async () => {
  for (const provider of ["openai", "anthropic"] as const) {
    const { straight, through, recorded } = await bothWays(`ai ${provider}`, async (url, headers) => {
      const options = { apiKey: "sk-e2e", baseURL: base(url, provider, "/v1"), headers };
      const model =
        provider === "openai"
          ? createOpenAI(options).chat("gpt-4o-mini")
          : createAnthropic(options)("claude-haiku-4-5-20251001");
      const { text, usage } = await generateText({ model, prompt, maxRetries: 0 });
      return { text, usage };
    });
    assert.deepEqual(through, straight);
    assert.equal(recorded.output_tokens, straight.usage.outputTokens);

    const streamed = await bothWays(`ai stream ${provider}`, async (url, headers) => {
      const options = { apiKey: "sk-e2e", baseURL: base(url, provider, "/v1"), headers };
      const model =
        provider === "openai"
          ? createOpenAI(options)("gpt-5-mini")
          : createAnthropic(options)("claude-haiku-4-5-20251001");
      const result = streamText({ model, prompt, maxRetries: 0 });
      const text = await result.text;
      return { text, usage: await result.usage };
    });
    assert.deepEqual(streamed.through, streamed.straight);
    assert.equal(streamed.recorded.output_tokens, streamed.straight.usage.outputTokens);
    assert.equal(streamed.recorded.is_stream, true);
  }
});

const anotherProvider = "anthropic/claude-haiku-4-5-20251001";

/** Claude, called by OpenAI's SDK through Weir, and what was recorded. */
async function claudeByOpenai<Result>(call: (client: OpenAI, headers: Record<string, string>) => Promise<Result>) {
  const user = newUser();
  const result = await call(openai(`${weir.url}/v1`), { "x-mock-case": "claude by openai", "x-weir-user": user });
  const [recorded] = await callsOfUser(weir, user);
  assert.ok(recorded);
  assert.deepEqual([recorded.provider, recorded.content_format], ["anthropic", "anthropic.messages"]);
  return { result, recorded };
}

test("openai's SDK with a model of Anthropic's: a completion says what Anthropic's own SDK is told", async () => {
  const straight = await anthropic(mock.url).messages.create(
    { model: "claude-haiku-4-5-20251001", max_tokens: 4096, messages },
    { headers: { "x-mock-case": "claude by openai" } },
  );
  const { result, recorded } = await claudeByOpenai((client, headers) =>
    client.chat.completions.create({ model: anotherProvider, messages }, { headers }),
  );
  const text = straight.content.map((block) => (block.type === "text" ? block.text : "")).join("");
  assert.equal(result.choices[0]?.message.content, text);
  assert.equal(result.choices[0]?.finish_reason, "stop");
  assert.equal(result.usage?.prompt_tokens, recorded.input_tokens);
  assert.equal(result.usage?.completion_tokens, recorded.output_tokens);
  assert.ok((recorded.cost_nano_usd ?? 0) > 0);
});

test("openai's SDK with a model of Anthropic's: a stream, put together by the SDK", async () => {
  const { result, recorded } = await claudeByOpenai((client, headers) => {
    const body = { model: anotherProvider, messages, stream_options: { include_usage: true } };
    return client.chat.completions.stream(body, { headers }).finalChatCompletion();
  });
  assert.ok((result.choices[0]?.message.content ?? "").length > 20);
  assert.equal(result.usage?.completion_tokens, recorded.output_tokens);
  assert.equal(recorded.is_stream, true);
});

test("openai's SDK with a model of Anthropic's: tools are called, and their results are taken", async () => {
  const order = [{ role: "user" as const, content: "Where is order A-1017?" }];
  const { result } = await claudeByOpenai((client, headers) =>
    client.chat.completions.create({ model: anotherProvider, messages: order, tools }, { headers }),
  );
  const message = result.choices[0]?.message;
  assert.ok(message?.tool_calls !== undefined && message.tool_calls.length > 0, JSON.stringify(message));
  assert.equal(result.choices[0]?.finish_reason, "tool_calls");
  const results = message.tool_calls.map((call) => {
    return { role: "tool" as const, tool_call_id: call.id, content: '{"status":"shipped"}' };
  });
  const { recorded } = await claudeByOpenai((client, headers) =>
    client.chat.completions.create(
      { model: anotherProvider, messages: [...order, message, ...results], tools },
      { headers },
    ),
  );
  assert.equal(recorded.status, "ok");
});
