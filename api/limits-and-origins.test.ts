import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { apiConfig } from "./config.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi({
    config: apiConfig.parse({
      rateLimit: { perAddressPerMinute: 8, perCallerPerMinute: 3 },
      trustedProxies: ["127.0.0.1"],
      corsOrigins: ["https://app.example.com/"],
    }),
  });
});
after(() => api[Symbol.asyncDispose]());

const from = (address: string) => ({ "x-forwarded-for": address });

test("a key may ask so often, whatever the addresses; then 429 says when to go on", async () => {
  const ask = (address: string) =>
    api.ask("/api/v1/projects", { headers: { "x-weir-key": api.keys.other, ...from(address) } });
  for (const left of [2, 1, 0]) {
    const answer = await ask(`192.0.2.${left}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["ratelimit-remaining"], String(left));
  }
  const refused = await ask("192.0.2.9");
  assert.equal(refused.status, 429);
  assert.equal(refused.body.error.code, "RATE_LIMITED");
  assert.equal(refused.body.error.retryable, true);
  const { "retry-after": retryAfter } = refused.headers;
  assert.ok(Number(retryAfter) >= 1 && Number(retryAfter) <= 120, String(retryAfter));
});

test("an address may ask so often, known or not; others are not held up", async () => {
  const ask = (address: string) =>
    api.ask("/api/v1/projects", { headers: { "x-weir-key": "unknown", ...from(address) } });
  const statuses = [];
  for (let asked = 0; asked < 9; asked++) statuses.push((await ask("198.51.100.1")).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 401, 401, 401, 429]);
  assert.equal((await ask("198.51.100.2")).status, 401);
  // A host may take any address of its network.
  const fromNetwork = [];
  for (let asked = 0; asked < 9; asked++) fromNetwork.push((await ask(`2001:db8:1:2::${asked}`)).status);
  assert.equal(fromNetwork.at(-1), 429);
  assert.equal((await ask("2001:db8:1:3::1")).status, 401);
});

test("pages of a named origin may ask with a key; others may not read an answer", async () => {
  const preflight = (origin: string) =>
    api.ask("/api/v1/calls", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-weir-key" },
    });
  const allowed = await preflight("https://app.example.com");
  assert.equal(allowed.headers["access-control-allow-origin"], "https://app.example.com");
  assert.equal(allowed.headers["access-control-allow-credentials"], undefined);
  const other = await preflight("https://evil.example.com");
  assert.equal(other.headers["access-control-allow-origin"], undefined);
});
