import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequestHead } from "./headers.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

function read(...headers: string[]) {
  const { attribution } = readRequestHead(headers, false);
  return attribution;
}

for (const [name, headers, expected] of [
  [
    "Weir",
    [
      "X-Weir-User",
      "ann",
      "x-weir-session",
      "s1",
      "x-weir-tags",
      "a, b,a",
      "x-weir-prompt-name",
      "greet",
      "x-weir-prompt-version",
      "3",
      "x-weir-metadata-Plan",
      "pro",
    ],
    {
      userId: "ann",
      sessionId: "s1",
      tags: ["a", "b"],
      promptName: "greet",
      promptVersion: "3",
      metadata: { plan: "pro" },
    },
  ],
  [
    "Weir's metadata as JSON",
    ["x-weir-metadata", '{"plan":"pro","n":2,"user_id":"ann"}'],
    { userId: "ann", metadata: { plan: "pro", n: "2" } },
  ],
  [
    "Helicone",
    [
      "Helicone-User-Id",
      "ann",
      "Helicone-Session-Id",
      "s1",
      "Helicone-Property-App",
      "shop",
      "Helicone-Prompt-Id",
      "greet",
    ],
    { userId: "ann", sessionId: "s1", promptName: "greet", metadata: { app: "shop" } },
  ],
  [
    "Portkey",
    ["x-portkey-metadata", '{"_user":"ann","_environment":"prod","team":"x"}', "x-portkey-trace-id", "t-1"],
    { userId: "ann", environment: "prod", traceAlias: "t-1", metadata: { team: "x" } },
  ],
  [
    "LiteLLM",
    ["x-litellm-end-user-id", "ann", "x-litellm-tags", "a,b", "langfuse_session_id", "s1"],
    { userId: "ann", sessionId: "s1", tags: ["a", "b"] },
  ],
  ["Cloudflare", ["cf-aig-metadata", '{"team":"x"}'], { metadata: { team: "x" } }],
  [
    "Open WebUI",
    ["X-OpenWebUI-User-Id", "u1", "X-OpenWebUI-User-Email", "a@b.c"],
    { userId: "u1", metadata: { "user-email": "a@b.c" } },
  ],
  ["Bifrost", ["x-bf-session-id", "s1", "x-bf-dim-team", "x"], { sessionId: "s1", metadata: { team: "x" } }],
  [
    "our own header wins over an alias before or after it",
    ["helicone-user-id", "no", "x-weir-user", "ann", "x-openwebui-user-id", "no"],
    { userId: "ann" },
  ],
  ["broken JSON is kept as text", ["x-weir-metadata", "{no"], { metadata: { raw: "{no" } }],
  ["names that every object has", ["__proto__", "x", "constructor", "y", "x-weir-user", "ann"], { userId: "ann" }],
  ["UTF-8", ["x-weir-user", Buffer.from("Ünal 漢").toString("latin1")], { userId: "Ünal 漢" }],
] as const) {
  test(`headers of ${name}`, () => {
    const attribution = read(...headers);
    assert.ok(attribution);
    for (const [field, value] of Object.entries(expected)) {
      assert.deepEqual(attribution[field as keyof typeof attribution], value, field);
    }
  });
}

test("what a caller may say is bounded", () => {
  const many = Array.from({ length: 500 }, (_, index) => [`x-weir-metadata-k${index}`, "v".repeat(5000)]).flat();
  const attribution = read(...many, "x-weir-tags", Array.from({ length: 500 }, (_, index) => `t${index}`).join(","));
  assert.equal(Object.keys(attribution?.metadata ?? {}).length, 64);
  assert.ok(Object.values(attribution?.metadata ?? {}).every((value) => value.length <= 1024));
  assert.equal(attribution?.tags.length, 64);
});

test("a caller's trace is continued, and its header goes on unchanged", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/chat/completions", { headers: { "content-type": "application/json" }, body: "{}" });
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const headers of [
    { traceparent },
    { traceparent: "00-00000000000000000000000000000000-00f067aa0ba902b7-01" },
    { "x-portkey-trace-id": "order-7" },
    { "x-litellm-trace-id": "order-7" },
  ]) {
    await (
      await fixture.post("/v1/chat/completions", { user: "bob" }, { headers: headers as Record<string, string> })
    ).text();
  }
  assert.ok(fixture.mock.requests[0]?.headers.includes(traceparent));
  const [continued, broken, first, second] = await fixture.rows(4);
  assert.deepEqual(
    [continued?.trace_id, continued?.parent_span_id, continued?.is_entry],
    ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1],
  );
  assert.equal(broken?.parent_span_id, "0000000000000000");
  assert.equal(first?.trace_id, second?.trace_id);
  assert.equal(continued?.user_id, "bob");
});

test("Anthropic's metadata names the user too", async () => {
  await using fixture = await GatewayFixture.start();
  fixture.mock.on("/v1/messages", { headers: { "content-type": "application/json" }, body: "{}" });
  await (await fixture.post("/v1/messages", { model: "claude", metadata: { user_id: "ann" } })).text();
  const [row] = await fixture.rows(1);
  assert.deepEqual([row?.user_id, row?.provider], ["ann", "anthropic"]);
});

test("where another gateway is the provider, its headers go on", () => {
  const head = readRequestHead(["Helicone-User-Id", "ann", "x-weir-user", "bob"], true);
  assert.deepEqual(head.forward, ["Helicone-User-Id", "ann"]);
  assert.equal(head.attribution?.userId, "bob");
});
