import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayConfig, reservedSegments } from "./config.ts";
import { providerTable, regionalUrl, targetOf, upstreamPath, upstreamTarget } from "./provider-table.ts";
import { providerRows } from "./providers/index.ts";

test("nothing set gives a gateway on loopback that waits longer than any model thinks", () => {
  const config = gatewayConfig.parse({});
  assert.deepEqual([config.host, config.port, config.defaultProvider], ["127.0.0.1", 8080, "openai"]);
  assert.ok(config.timeouts.firstByteMs > 600_000 && config.timeouts.idleMs > 300_000);
});

for (const [name, providers, message] of [
  ["a reserved word", { api: { baseUrl: "http://x" } }, /path of Weir's own/],
  ["an own provider without address", { mine: {} }, /needs a baseUrl/],
  ["an address that is none", { openai: { baseUrl: "ftp://x" } }, /URL/],
  ["an unknown setting", { openai: { url: "http://x" } }, /Unrecognized key/],
] as const) {
  test(`refused: ${name}`, () => assert.throws(() => gatewayConfig.parse({ providers }), message));
}

test("vendors are rows: no id twice, none reserved, each address a clean URL", () => {
  const ids = providerRows.map((row) => row.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const row of providerRows) {
    assert.ok(!reservedSegments.has(row.id));
    if (row.baseUrl === "") continue;
    const url = regionalUrl(row.baseUrl, row.region?.usual ?? "");
    assert.ok(!url.endsWith("/") && new URL(url).search === "");
  }
});

test("the configuration moves a vendor and adds one", () => {
  const table = providerTable(
    gatewayConfig.parse({
      providers: {
        ollama: { baseUrl: "http://gpu:11434/" },
        mine: { baseUrl: "https://llm.corp/x/", shape: "anthropic" },
      },
    }),
  );
  const { ollama, mine } = Object.fromEntries(table);
  assert.ok(ollama !== undefined && mine !== undefined);
  assert.deepEqual(upstreamTarget(ollama, undefined, "/", ""), {
    origin: "http://gpu:11434",
    pathPrefix: "",
    isUserGiven: false,
  });
  assert.deepEqual([mine.auth, mine.otelName], ["x-api-key", "mine"]);
  assert.equal(upstreamTarget(mine, undefined, "/", "").pathPrefix, "/x");
});

for (const [id, path, region, origin] of [
  [
    "vertex",
    "/v1/projects/p/locations/us-east5/publishers/google/models/m:generateContent",
    "",
    "https://us-east5-aiplatform.googleapis.com",
  ],
  [
    "vertex",
    "/v1/projects/p/locations/global/publishers/google/models/m:generateContent",
    "",
    "https://aiplatform.googleapis.com",
  ],
  ["vertex", "/v1/projects/p/locations/evil.example%2f/x", "", "https://aiplatform.googleapis.com"],
  ["vertex", "/v1/publishers/google/models/m:generateContent", "", "https://aiplatform.googleapis.com"],
  ["bedrock", "/model/m/converse", "eu-central-1", "https://bedrock-runtime.eu-central-1.amazonaws.com"],
  ["bedrock", "/model/m/converse", "", "https://bedrock-runtime.us-east-1.amazonaws.com"],
  ["bedrock", "/model/m/converse", "x.evil.example/", "https://bedrock-runtime.us-east-1.amazonaws.com"],
] as const) {
  test(`${id} ${path} in ${JSON.stringify(region)}: ${origin}`, () => {
    const provider = providerTable(gatewayConfig.parse({})).get(id);
    assert.ok(provider);
    assert.equal(upstreamTarget(provider, undefined, path, region).origin, origin);
  });
}

test("a provider without a common address needs one, and takes the connection's", () => {
  const azure = providerTable(gatewayConfig.parse({})).get("azure");
  assert.ok(azure);
  assert.throws(() => upstreamTarget(azure, undefined, "/", ""), { code: "PROVIDER_CONNECTION_MISSING" });
  assert.equal(upstreamTarget(azure, "https://mine.openai.azure.com", "/", "").origin, "https://mine.openai.azure.com");
});

for (const [base, path, expected] of [
  ["https://api.openai.com", "/v1/models?a=1", "/v1/models?a=1"],
  ["https://api.groq.com/openai", "/v1/models", "/openai/v1/models"],
  ["https://api.groq.com/openai", "/openai/v1/models", "/openai/v1/models"],
  ["https://api.groq.com/openai", "/openaiv1", "/openai/openaiv1"],
] as const) {
  test(`${base} + ${path}`, () => assert.equal(upstreamPath(targetOf(base), path), expected));
}
