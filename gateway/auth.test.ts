import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProjectId, projectId } from "@weir/model";
import { admit, type GatewayCatalog, takeQueryKey } from "./auth.ts";
import { gatewayConfig } from "./config.ts";
import { keysInEnvironment } from "./environment-keys.ts";
import { readRequestHead } from "./headers.ts";
import { providerTable } from "./provider-table.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

const key = "weir_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg";
const oddKey = "initial-key-of-the-operator";
const connections: Record<string, { baseUrl?: string; secret: string }> = {
  openai: { secret: "sk-real-openai-0123456789" },
  anthropic: { secret: "sk-ant-real-0123456789" },
  gemini: { secret: "AIza-real-0123456789" },
};

const catalog: GatewayCatalog = {
  current: () => ({
    apiKey: (secret) =>
      secret === key || secret === oddKey ? { id: "key_1", projectId: projectId("shop") } : undefined,
    connection: (project: ProjectId, provider) => (project === "shop" ? connections[provider] : undefined),
  }),
};
const table = providerTable(gatewayConfig.parse({}));

function admission(provider: string, headers: readonly string[], isLoopback = true) {
  const row = table.get(provider);
  assert.ok(row);
  return admit(readRequestHead(headers, false), row, catalog, { isLoopback, environmentKeys: new Map() }, "/v1/x");
}

const environmentKeys = keysInEnvironment(
  {
    OPENAI_API_KEY: "sk-of-the-environment",
    ANTHROPIC_API_KEY: "sk-ant-of-the-environment",
    GOOGLE_API_KEY: "AIza-of-the-environment",
    MINE_API_KEY: "mine-of-the-environment",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "aws-of-the-environment",
    GROQ_API_KEY: "",
  },
  ["mine"],
);

for (const [name, provider, headers, path, isLoopback, expected] of [
  ["who sends none", "openai", [], "/v1/x", true, ["authorization", "Bearer sk-of-the-environment"]],
  ["in the provider's header", "anthropic", [], "/v1/messages", true, ["x-api-key", "sk-ant-of-the-environment"]],
  ["in Google's", "gemini", [], "/v1beta/x", true, ["x-goog-api-key", "AIza-of-the-environment"]],
  [
    "who names a project",
    "openai",
    ["x-weir-key", key],
    "/v1/x",
    true,
    ["authorization", "Bearer sk-of-the-environment"],
  ],
  [
    "who sends one of their own",
    "openai",
    ["authorization", "Bearer sk-mine"],
    "/v1/x",
    true,
    ["authorization", "Bearer sk-mine"],
  ],
  ["who sends one in the query", "gemini", [], "/v1beta/x?key=AIza-mine", true, []],
  [
    "who sends one as a browser's protocol",
    "openai",
    ["sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-mine"],
    "/v1/realtime",
    true,
    [],
  ],
  ["a provider without one", "groq", [], "/v1/x", true, []],
  ["who calls from elsewhere", "openai", ["x-weir-key", key], "/v1/x", false, []],
  [
    "a page of another site",
    "openai",
    ["x-weir-key", key, "origin", "https://evil.example", "sec-fetch-site", "cross-site"],
    "/v1/x",
    true,
    [],
  ],
] as const) {
  test(`a key of the environment: ${name}`, () => {
    const row = table.get(provider);
    assert.ok(row);
    const listener = { isLoopback, environmentKeys };
    assert.deepEqual(admit(readRequestHead(headers, false), row, catalog, listener, path).credentials, expected);
  });
}

test("a key of the environment: an access key of AWS signs, a provider of one's own has its own variable", () => {
  const row = table.get("bedrock");
  assert.ok(row);
  const admitted = admit(
    readRequestHead([], false),
    row,
    catalog,
    { isLoopback: true, environmentKeys },
    "/model/m/converse",
  );
  assert.equal(admitted.signer?.accessKeyId, "AKIAIOSFODNN7EXAMPLE");
  assert.equal(environmentKeys.get("mine"), "mine-of-the-environment");
  assert.equal(environmentKeys.has("groq"), false);
});

for (const [name, provider, headers, project, keyId, credentials] of [
  [
    "a provider key passes through",
    "openai",
    ["Authorization", "Bearer sk-mine-0123456789"],
    "default",
    "",
    ["Authorization", "Bearer sk-mine-0123456789"],
  ],
  [
    "x-weir-key names the project",
    "openai",
    ["authorization", "Bearer sk-mine", "X-Weir-Key", key],
    "shop",
    "key_1",
    ["authorization", "Bearer sk-mine"],
  ],
  ["x-weir-key as a bearer", "openai", ["x-weir-key", `Bearer ${key}`], "shop", "key_1", []],
  [
    "a virtual key is replaced",
    "openai",
    ["Authorization", `Bearer ${key}`],
    "shop",
    "key_1",
    ["authorization", "Bearer sk-real-openai-0123456789"],
  ],
  [
    "one without our prefix too",
    "openai",
    ["Authorization", `Bearer ${oddKey}`],
    "shop",
    "key_1",
    ["authorization", "Bearer sk-real-openai-0123456789"],
  ],
  ["in Anthropic's header", "anthropic", ["x-api-key", key], "shop", "key_1", ["x-api-key", "sk-ant-real-0123456789"]],
  [
    "as a bearer to Anthropic",
    "anthropic",
    ["authorization", `Bearer ${key}`],
    "shop",
    "key_1",
    ["x-api-key", "sk-ant-real-0123456789"],
  ],
  [
    "where the client put it, for Gemini",
    "gemini",
    ["x-goog-api-key", key],
    "shop",
    "key_1",
    ["x-goog-api-key", "AIza-real-0123456789"],
  ],
  [
    "a virtual key drops what else looks like one",
    "openai",
    ["authorization", `Bearer ${key}`, "api-key", "other"],
    "shop",
    "key_1",
    ["authorization", "Bearer sk-real-openai-0123456789"],
  ],
  ["no key at all on loopback", "ollama", [], "default", "", []],
] as const) {
  test(name, () => {
    const admitted = admission(provider, headers);
    assert.deepEqual([admitted.projectId, admitted.apiKeyId, admitted.credentials], [project, keyId, credentials]);
  });
}

for (const [name, provider, headers, isLoopback, code] of [
  ["no key beyond loopback", "openai", ["authorization", "Bearer sk-mine"], false, "UNAUTHENTICATED"],
  ["an unknown x-weir-key", "openai", ["x-weir-key", "nonsense"], true, "GATEWAY_KEY_INVALID"],
  [
    "an unknown key of our kind in the provider's place",
    "openai",
    ["authorization", "Bearer weir_revoked"],
    true,
    "GATEWAY_KEY_INVALID",
  ],
  [
    "a virtual key without a connection",
    "groq",
    ["authorization", `Bearer ${key}`],
    true,
    "PROVIDER_CONNECTION_MISSING",
  ],
] as const) {
  test(`refused: ${name}`, () => {
    assert.throws(() => admission(provider, headers, isLoopback), { code });
  });
}

// Case 20: what must never go on.

test("no Weir key and no header meant for a gateway reaches the provider", async () => {
  await using fixture = await GatewayFixture.start({ catalog });
  fixture.mock.on("/v1/chat/completions", { headers: { "content-type": "application/json" }, body: "{}" });
  const meantForGateways = {
    "x-weir-key": key,
    "x-weir-user": "ann",
    "x-weir-anything": "1",
    "Helicone-Auth": "Bearer sk-helicone",
    "Helicone-Property-Plan": "pro",
    "x-portkey-api-key": "pk",
    "x-litellm-tags": "a,b",
    "cf-aig-metadata": '{"team":"x"}',
    "x-openwebui-user-id": "u",
    "x-bf-vk": "sk-bf-1",
  };
  for (const authorization of ["Bearer sk-mine", `Bearer ${key}`]) {
    const response = await fixture.post(
      "/v1/chat/completions",
      {},
      { headers: { ...meantForGateways, authorization } },
    );
    assert.equal(response.status, 200);
    const seen = (fixture.mock.requests.at(-1)?.headers ?? []).join("\n");
    assert.doesNotMatch(seen, /weir|helicone|portkey|litellm|cf-aig|openwebui|x-bf/i);
    assert.ok(!seen.includes(key));
  }
  const rows = await fixture.rows(2);
  for (const row of rows) {
    assert.deepEqual([row.project_id, row.api_key_id, row.user_id], ["shop", "key_1", "ann"]);
    const text = JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value));
    assert.doesNotMatch(text, /sk-mine|sk-real|weir_Ab|sk-helicone|sk-bf/);
  }
});

for (const [path, expected, taken] of [
  [`/v1beta/models/g:generateContent?key=${key}`, "/v1beta/models/g:generateContent", [key]],
  [`/v1beta/models?key=${key}&pageSize=2`, "/v1beta/models?pageSize=2", [key]],
  [`/v1beta/models?alt=sse&key=${key}`, "/v1beta/models?alt=sse", [key]],
  ["/v1beta/models?key=weir_revoked", "/v1beta/models", ["weir_revoked"]],
  ["/v1beta/models?key=AIza-mine", "/v1beta/models?key=AIza-mine", []],
  ["/v1/files?monkey=1", "/v1/files?monkey=1", []],
] as const) {
  test(`a key in the query: ${path}`, () => {
    const head = readRequestHead([], false);
    assert.equal(takeQueryKey(path, head, catalog), expected);
    assert.deepEqual(
      head.credentials.filter((_, index) => index % 3 === 2),
      taken,
    );
  });
}

test("a connection may lie elsewhere", async () => {
  await using elsewhere = await GatewayFixture.start();
  elsewhere.mock.on("/proxy/v1/chat/completions", {
    headers: { "content-type": "application/json" },
    body: '{"id":"there"}',
  });
  const moved: GatewayCatalog = {
    current: () => ({
      apiKey: () => ({ id: "k", projectId: projectId("shop") }),
      connection: () => ({ baseUrl: `${elsewhere.mock.url}/proxy`, secret: "s" }),
    }),
  };
  await using fixture = await GatewayFixture.start({ catalog: moved, isLoopbackListener: false });
  const response = await fixture.post("/v1/chat/completions", {}, { headers: { authorization: "Bearer weir_x" } });
  assert.equal(await response.text(), '{"id":"there"}');
});

test("a refusal is told in the words of the API, and counted", async () => {
  await using fixture = await GatewayFixture.start({ isLoopbackListener: false });
  const response = await fixture.post("/anthropic/v1/messages", {});
  assert.equal(response.status, 401);
  const body = (await response.json()) as { type: string; error: { type: string; code: string } };
  assert.deepEqual([body.type, body.error.type, body.error.code], ["error", "authentication_error", "UNAUTHENTICATED"]);
  assert.equal(fixture.events.at(-1)?.fields["code"], "UNAUTHENTICATED");
});
