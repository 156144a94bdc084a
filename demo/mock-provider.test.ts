import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { supportHandbook } from "./exchanges.ts";
import { faultNames } from "./faults.ts";
import { type MockProvider, startMockProvider } from "./mock-provider.ts";

let mock: MockProvider;
before(async () => {
  mock = await startMockProvider({ pace: 0 });
});
after(() => mock[Symbol.asyncDispose]());

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${mock.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-test", ...headers },
    body: JSON.stringify(body),
  });
}

interface ChatMessage {
  content: string | null;
  tool_calls: unknown[];
}

/** The fields of the answers that are looked at here. */
interface AnswerJson {
  id: string;
  type: string;
  choices: [{ message: ChatMessage; finish_reason: string }];
  usage: {
    [Name in "input_tokens" | "completion_tokens" | "cache_creation_input_tokens" | "cache_read_input_tokens"]: number;
  };
  error: { message: string };
}

async function json(response: Response | Promise<Response>): Promise<AnswerJson> {
  return (await (await response).json()) as AnswerJson;
}

/** The JSON of each `data:` line. */
function dataOf(stream: string): Record<string, unknown>[] {
  const lines = stream.split("\n").filter((line) => line.startsWith("data: ") && line !== "data: [DONE]");
  return lines.map((line) => JSON.parse(line.slice(6)));
}

const question = {
  model: "gpt-4o",
  messages: [{ role: "user", content: "Explica a diferença entre uma fila e uma pilha com um exemplo do dia a dia." }],
};

const streamed = [
  ["/v1/chat/completions", { ...question, stream: true, stream_options: { include_usage: true } }],
  ["/v1/responses", { model: "gpt-5-mini", input: "Hello", stream: true }],
  ["/v1/messages", { ...question, model: "claude-haiku-4-5", max_tokens: 500, stream: true }],
  ["/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", { contents: [{ parts: [{ text: "Hello" }] }] }],
  ["/v2/chat", { ...question, model: "command-a-03-2025", stream: true }],
  ["/api/chat", { ...question, model: "llama3.2" }],
] as const;

for (const [path, body] of streamed) {
  test(`the same case of ${path} has the same bytes`, async () => {
    const [first, second, other] = await Promise.all(
      ["a", "a", "b"].map(async (name) => (await post(path, body, { "x-mock-case": name })).text()),
    );
    assert.equal(first, second);
    assert.notEqual(first, other);
  });
}

test("without a case every answer has its own id", async () => {
  const ids = await Promise.all([1, 2].map(async () => (await json(post("/v1/chat/completions", question))).id));
  assert.notEqual(ids[0], ids[1]);
});

test("a chat stream adds up to the whole answer and its usage", async () => {
  const named = { "x-mock-case": "sum" };
  const whole = await json(post("/v1/chat/completions", question, named));
  const body = { ...question, stream: true, stream_options: { include_usage: true } };
  const text = await (await post("/v1/chat/completions", body, named)).text();
  const chunks = dataOf(text) as { choices: { delta: { content?: string } }[]; usage: unknown }[];
  const content = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
  assert.equal(content, whole.choices[0].message.content);
  assert.deepEqual(chunks.at(-1)?.usage, whole.usage);
  assert.ok(text.endsWith("data: [DONE]\n\n"));
});

test("usage is not sent on a stream that did not ask for it", async () => {
  const text = await (await post("/v1/chat/completions", { ...question, stream: true })).text();
  assert.ok(!text.includes('"usage"'));
});

test("two tools are called at once unless that is refused, and their results are answered in words", async () => {
  const tools = ["find_order", "track_parcel"].map((name) => ({
    type: "function",
    function: { name, parameters: { type: "object", properties: { order_id: { type: "string" } } } },
  }));
  const both = await json(post("/v1/chat/completions", { ...question, tools }));
  assert.equal(both.choices[0].message.tool_calls.length, 2);
  assert.equal(both.choices[0].finish_reason, "tool_calls");
  const one = await json(post("/v1/chat/completions", { ...question, tools, parallel_tool_calls: false }));
  assert.equal(one.choices[0].message.tool_calls.length, 1);
  const messages = [...question.messages, both.choices[0].message, { role: "tool", tool_call_id: "x", content: "{}" }];
  const done = await json(post("/v1/chat/completions", { ...question, messages, tools }));
  assert.equal(done.choices[0].finish_reason, "stop");
});

test("Anthropic's prompt cache is written, then read, and left out of input_tokens", async () => {
  const body = {
    model: "claude-haiku-4-5",
    max_tokens: 50,
    system: [{ type: "text", text: `cache test ${supportHandbook}`, cache_control: { type: "ephemeral" } }],
    messages: [{ role: "user", content: "Hello" }],
  };
  const first = (await json(post("/v1/messages", body))).usage;
  const second = (await json(post("/v1/messages", body))).usage;
  assert.ok(first.cache_creation_input_tokens > 1024);
  assert.equal(first.cache_read_input_tokens, 0);
  assert.equal(second.cache_read_input_tokens, first.cache_creation_input_tokens);
  assert.equal(second.cache_creation_input_tokens, 0);
  assert.ok(second.input_tokens < 20);
});

const statuses: Record<string, [openai: number, anthropic: number]> = {
  "bad-request": [400, 400],
  unauthorized: [401, 401],
  "rate-limit": [429, 429],
  "server-error": [500, 500],
  overloaded: [503, 529],
};

for (const name of faultNames.filter((name) => name in statuses)) {
  test(`the fault ${name} has its provider's status and shape`, async () => {
    const headers = { "x-mock-fault": name };
    const openai = await post("/v1/chat/completions", question, headers);
    const anthropic = await post("/v1/messages", question, headers);
    assert.deepEqual([openai.status, anthropic.status], statuses[name]);
    assert.equal(typeof (await json(openai)).error.message, "string");
    assert.equal((await json(anthropic)).type, "error");
    if (name === "rate-limit") assert.equal(openai.headers.get("retry-after"), "1");
  });
}

test("a cut stream breaks off without an end", async () => {
  const response = await post("/v1/chat/completions", { ...question, stream: true }, { "x-mock-fault": "cut" });
  await assert.rejects(response.text());
});

test("a call without a credential is refused", async () => {
  const response = await fetch(`${mock.url}/v1/models`);
  assert.equal(response.status, 401);
});

test("max_tokens cuts the answer and says so", async () => {
  const answer = await json(post("/v1/chat/completions", { ...question, max_tokens: 7 }));
  assert.equal(answer.choices[0].finish_reason, "length");
  assert.equal(answer.usage.completion_tokens, 7);
});
