import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayConfig, reservedSegments } from "./config.ts";
import { providerTable, targetOf, upstreamPath } from "./provider-table.ts";
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
    assert.ok(!row.baseUrl.endsWith("/") && new URL(row.baseUrl).search === "");
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
  assert.deepEqual(table.get("ollama")?.target, { origin: "http://gpu:11434", pathPrefix: "" });
  const mine = table.get("mine");
  assert.deepEqual([mine?.auth, mine?.otelName, mine?.target.pathPrefix], ["x-api-key", "mine", "/x"]);
});

for (const [base, path, expected] of [
  ["https://api.openai.com", "/v1/models?a=1", "/v1/models?a=1"],
  ["https://api.groq.com/openai", "/v1/models", "/openai/v1/models"],
  ["https://api.groq.com/openai", "/openai/v1/models", "/openai/v1/models"],
  ["https://api.groq.com/openai", "/openaiv1", "/openai/openaiv1"],
] as const) {
  test(`${base} + ${path}`, () => assert.equal(upstreamPath(targetOf(base), path), expected));
}
