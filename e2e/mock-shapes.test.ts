import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callsOfUser, newUser } from "./calls-api.ts";
import { Program, Weir } from "./weir-process.ts";

/** Every API that the bundled mock answers, as the gateway reads it: what an application would see of it on the pages. */

let mock: Program;
let weir: Weir;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.02");
  const moved = ["GEMINI", "COHERE", "OLLAMA"].map((id) => [`WEIR_${id}_BASE_URL`, mock.url]);
  weir = await Weir.start({ upstream: mock.url, environment: Object.fromEntries(moved) });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

const messages = [{ role: "user", content: "What is a queue?" }];
const contents = [{ role: "user", parts: [{ text: "What is a queue?" }] }];
const tool = { name: "find_order", parameters: { type: "object", properties: { order_id: { type: "string" } } } };
const tools = [{ type: "function", function: tool }];

for (const [name, path, body, expected] of [
  ["chat", "/openai/v1/chat/completions", { model: "gpt-4o", stream: true, messages }, "stop"],
  ["responses", "/openai/v1/responses", { model: "gpt-5-mini", stream: true, input: "Hi" }, "stop"],
  [
    "messages",
    "/anthropic/v1/messages",
    { model: "claude-haiku-4-5", max_tokens: 4096, stream: true, messages },
    "stop",
  ],
  ["Gemini", "/gemini/v1beta/models/gemini-2.5-flash:generateContent", { contents }, "stop"],
  ["Gemini, streamed", "/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", { contents }, "stop"],
  [
    "Gemini, a tool",
    "/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    { contents, tools: [{ functionDeclarations: [tool] }] },
    "stop",
  ],
  ["Cohere", "/cohere/v2/chat", { model: "command-a-03-2025", messages }, "stop"],
  ["Cohere, streamed", "/cohere/v2/chat", { model: "command-a-03-2025", stream: true, messages }, "stop"],
  ["Cohere, a tool", "/cohere/v2/chat", { model: "command-a-03-2025", stream: true, messages, tools }, "tool_call"],
  ["Ollama", "/ollama/api/chat", { model: "llama3.2", stream: false, messages }, "stop"],
  ["Ollama, streamed", "/ollama/api/chat", { model: "llama3.2", messages, tools }, "stop"],
  ["Ollama, a prompt", "/ollama/api/generate", { model: "llama3.2", prompt: "Hi" }, "stop"],
] as const) {
  test(`${name}: usage, end and first token are read`, async () => {
    const user = newUser();
    const response = await fetch(weir.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-test", "x-weir-user": user },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    const [call] = await callsOfUser(weir, user, 1);
    assert.ok(call);
    assert.deepEqual([call.status, call.finish_reason], ["ok", expected]);
    assert.ok((call.input_tokens ?? 0) > 0 && (call.output_tokens ?? 0) > 0);
    assert.equal(call.cost_nano_usd === null, path.startsWith("/ollama/"));
    if (call.is_stream) assert.ok((call.ttft_ns ?? 0) > 0);
  });
}
