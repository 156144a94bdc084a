import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OutgoingGuard, silentTelemetry } from "@weir/model";
import type { FastifyInstance } from "fastify";
import { createAccessTokens } from "./access-tokens.ts";
import { apiConfig } from "./config.ts";
import { createApi } from "./create-api.ts";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };

/** What core does when it starts again: an API of its own over the same catalog. */
function startAgain(): Promise<FastifyInstance> {
  const { store, catalog, live, webDirectory } = api;
  return createApi({
    ...{ store, catalog, live, webDirectory, telemetry: silentTelemetry, config: apiConfig.parse({}) },
    retention: { spansDays: 90, logsDays: 60 },
    outgoing: new OutgoingGuard([]),
    install: { version: "1.2.3", is_loopback: true, providers: [] },
  });
}

async function statusAt(server: FastifyInstance, headers: Record<string, string>): Promise<number> {
  return (await server.inject({ url: "/api/v1/auth/me", headers })).statusCode;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("after a rotation of the master key tokens go on until the next start, sessions and keys for good", async () => {
  const signedIn = await api.ask("/api/v1/auth/login", {
    method: "POST",
    headers: json,
    payload: JSON.stringify({ email: "ana@example.com", password: "correct horse" }),
  });
  const { access_token: token } = signedIn.body;
  const cookie = { cookie: String(signedIn.headers["set-cookie"]).split(";", 1)[0] ?? "" };
  assert.equal(await statusAt(api.server, bearer(token)), 200);
  await api.catalog.rotateMasterKey();
  assert.equal(await statusAt(api.server, bearer(token)), 200);

  const server = await startAgain();
  try {
    assert.equal(await statusAt(server, bearer(token)), 401);
    assert.equal(await statusAt(server, cookie), 200);
    assert.equal(await statusAt(server, bearer(api.keys.default)), 200);
    const fresh = await server.inject({
      method: "POST",
      url: "/api/v1/auth/token",
      headers: { ...cookie, "sec-fetch-site": "same-origin" },
    });
    assert.equal(await statusAt(server, bearer(fresh.json().access_token)), 200);
    assert.equal(await statusAt(api.server, bearer(fresh.json().access_token)), 401, "what runs still has the old key");
  } finally {
    await server.close();
  }
});

test("a token is good for its time, with its signature and issuer alone", async () => {
  let now = Date.parse("2026-11-01T12:00:00Z");
  const tokens = createAccessTokens(new Uint8Array(32).fill(1), () => now);
  const others = createAccessTokens(new Uint8Array(32).fill(2), () => now);
  const token = await tokens.issue("ses_1");
  const [head = "", body = "", signature = ""] = token.split(".");
  const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
  assert.equal(await tokens.sessionOf(token), "ses_1");
  assert.equal(await others.sessionOf(token), undefined);
  for (const changed of [`${unsigned}.${body}.`, `${head}.${body}.`, `${head}.${body}A.${signature}`, "eyJ.a.b", ""]) {
    assert.equal(await tokens.sessionOf(changed), undefined, changed);
  }
  now += tokens.lifetimeSeconds * 1000 - 1000;
  assert.equal(await tokens.sessionOf(token), "ses_1");
  now += 1000;
  assert.equal(await tokens.sessionOf(token), undefined);
});
