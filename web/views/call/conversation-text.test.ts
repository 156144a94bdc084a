import assert from "node:assert/strict";
import { test } from "node:test";
import { readConversation } from "@weir/model/browser";
import { conversationText, curlCommand } from "./conversation-text.ts";

const chat = {
  provider: "openai",
  http_route: "POST /v1/chat/completions",
  content_format: "openai.chat",
  content_state: "full",
  attributes: {},
  input: JSON.stringify({
    model: "gpt-5",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Weather in Faro?" },
    ],
  }),
  output: JSON.stringify({
    choices: [
      {
        message: {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Faro"}' } }],
        },
        finish_reason: "tool_calls",
      },
    ],
  }),
};

test("a conversation as text", () => {
  assert.equal(
    conversationText(readConversation(chat)),
    'system:\nBe brief.\n\nuser:\nWeather in Faro?\n\nassistant:\n[tool call weather]\n{"city":"Faro"}',
  );
});

test("a call as curl goes through this install and holds no secret", () => {
  const command = curlCommand(chat, "http://127.0.0.1:8080") ?? "";
  assert.match(command, /^curl "http:\/\/127\.0\.0\.1:8080\/openai\/v1\/chat\/completions" \\\n/);
  assert.match(command, /Bearer \$OPENAI_API_KEY/);
  assert.ok(command.endsWith(`<<'JSON'\n${chat.input}\nJSON`));
});

for (const [name, patch, want] of [
  [
    "Anthropic's key header",
    { content_format: "anthropic.messages", provider: "anthropic", http_route: "POST /v1/messages" },
    /x-api-key: \$ANTHROPIC_API_KEY/,
  ],
  [
    "the gateway's own id of a provider",
    { provider: "aws.bedrock", attributes: { "weir.provider": "bedrock" } },
    /\/bedrock\/v1/,
  ],
  ["a call recorded elsewhere", { http_route: "" }, /\/v1\/chat\/completions/],
] as const) {
  test(`curl: ${name}`, () => assert.match(curlCommand({ ...chat, ...patch }, "http://weir") ?? "", want));
}

for (const patch of [
  { content_state: "truncated" },
  { input: "" },
  { content_format: "weir.messages", http_route: "" },
]) {
  test(`no curl for ${JSON.stringify(patch)}`, () =>
    assert.equal(curlCommand({ ...chat, ...patch }, "http://weir"), undefined));
}
