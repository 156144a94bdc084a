import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { describe, test } from "node:test";
import { OutgoingGuard, type ProjectId } from "@weir/model";
import type { GatewayCatalog } from "./auth.ts";
import { gatewayConfig } from "./config.ts";
import { GoogleTokens } from "./google-tokens.ts";
import { eventually, GatewayFixture, RawClient, rawPost } from "./testing/gateway-fixture.ts";
import { type MockAnswer, MockUpstream, type SeenRequest } from "./testing/mock-upstream.ts";
import { Upstream } from "./upstream.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const email = "weir@p.iam.gserviceaccount.com";

function keyFile(tokenUri: string, changes: object = {}): string {
  return JSON.stringify(
    {
      type: "service_account",
      project_id: "p",
      private_key_id: "kid-1",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: email,
      token_uri: tokenUri,
      ...changes,
    },
    null,
    2,
  );
}

function given(token: string, seconds = 3600): MockAnswer {
  const body = JSON.stringify({ access_token: token, expires_in: seconds, token_type: "Bearer" });
  return { headers: { "content-type": "application/json" }, body };
}

/** The claims of a token request, whose signature must be the account's. */
function claimsOf(request: SeenRequest): Record<string, unknown> {
  const form = new URLSearchParams(request.body.toString());
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
  const isSigned = verify(
    "RSA-SHA256",
    Buffer.from(`${header}.${claims}`),
    publicKey,
    Buffer.from(signature, "base64url"),
  );
  assert.ok(isSigned);
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  assert.deepEqual(decode(header), { alg: "RS256", typ: "JWT", kid: "kid-1" });
  return decode(claims) as Record<string, unknown>;
}

/** A token server of the test's own, and a clock that it sets. */
class TokenServer implements AsyncDisposable {
  readonly tokens: GoogleTokens;
  nowMs = Date.parse("2026-11-01T12:00:00Z");
  readonly mock: MockUpstream;
  readonly #upstream: Upstream;

  private constructor(mock: MockUpstream, allowedRanges: readonly string[]) {
    this.mock = mock;
    this.#upstream = new Upstream(gatewayConfig.parse({}).timeouts, new OutgoingGuard(allowedRanges));
    this.tokens = new GoogleTokens(this.#upstream, () => this.nowMs);
  }

  static async start(allowedRanges: readonly string[] = ["127.0.0.1"]): Promise<TokenServer> {
    return new TokenServer(await MockUpstream.start(), allowedRanges);
  }

  get file(): string {
    return keyFile(`${this.mock.url}/token`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#upstream[Symbol.dispose]();
    await this.mock[Symbol.asyncDispose]();
  }
}

test("a token is signed for as Google asks, once for all that wait, and kept", async () => {
  await using server = await TokenServer.start();
  server.mock.on("/token", given("ya29.one"));
  const asked = await Promise.all([server.tokens.ask(server.file), server.tokens.ask(server.file)]);
  assert.deepEqual(asked, ["ya29.one", "ya29.one"]);
  assert.equal(server.tokens.held(server.file), "ya29.one");
  assert.equal(server.mock.requests.length, 1);
  const [request] = server.mock.requests;
  assert.ok(request);
  assert.deepEqual(claimsOf(request), {
    iss: email,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    aud: `${server.mock.url}/token`,
    iat: server.nowMs / 1000,
    exp: server.nowMs / 1000 + 3600,
  });
});

test("a token is replaced while it can still be used, and not used when it is about to end", async () => {
  await using server = await TokenServer.start();
  server.mock.on("/token", given("ya29.one"));
  await server.tokens.ask(server.file);
  server.mock.on("/token", given("ya29.two"));
  server.nowMs += 54 * 60_000;
  assert.equal(server.tokens.held(server.file), "ya29.one");
  assert.equal(server.mock.requests.length, 1);
  server.nowMs += 2 * 60_000;
  assert.equal(server.tokens.held(server.file), "ya29.one");
  assert.equal(await server.tokens.ask(server.file), "ya29.two");
  assert.equal(server.mock.requests.length, 2);
  assert.equal(server.tokens.held(server.file), "ya29.two");
  server.nowMs += 60 * 60_000 - 20_000;
  assert.equal(server.tokens.held(server.file), undefined);
});

test("while a token cannot be replaced the old one is used, and the endpoint is not asked with every call", async () => {
  await using server = await TokenServer.start();
  server.mock.on("/token", given("ya29.one"));
  await server.tokens.ask(server.file);
  server.mock.on("/token", { status: 503 });
  server.nowMs += 56 * 60_000;
  for (let call = 0; call < 5; call++) {
    assert.equal(server.tokens.held(server.file), "ya29.one");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() => server.mock.requests.length === 2);
  server.nowMs += 11_000;
  assert.equal(server.tokens.held(server.file), "ya29.one");
  await eventually(() => server.mock.requests.length === 3);
});

test("one that the provider refused is forgotten", async () => {
  await using server = await TokenServer.start();
  server.mock.on("/token", given("ya29.one"));
  await server.tokens.ask(server.file);
  server.tokens.forget(server.file);
  assert.equal(server.tokens.held(server.file), undefined);
});

describe("what goes wrong is told without a word of the file", () => {
  const json = { "content-type": "application/json" };
  for (const [name, answer, code, message] of [
    [
      "no",
      { status: 400, headers: json, body: '{"error":"invalid_grant"}' },
      "PROVIDER_CREDENTIAL_REFUSED",
      /400 \(invalid_grant\)/,
    ],
    [
      "an odd reason",
      { status: 401, headers: json, body: '{"error":"<b>x</b>"}' },
      "PROVIDER_CREDENTIAL_REFUSED",
      /401 and gave no token/,
    ],
    ["no JSON", { body: "<html>" }, "PROVIDER_CREDENTIAL_REFUSED", /200 and gave no token/],
    [
      "a redirect",
      { status: 302, headers: { location: "http://169.254.169.254/" } },
      "PROVIDER_CREDENTIAL_REFUSED",
      /302/,
    ],
    [
      "a token that is no header",
      { headers: json, body: '{"access_token":"a\\r\\nb: c"}' },
      "PROVIDER_CREDENTIAL_REFUSED",
      /no token/,
    ],
    ["an endless answer", { body: "x".repeat(70_000) }, "PROVIDER_CREDENTIAL_REFUSED", /no end/],
    ["busy", { status: 503 }, "UPSTREAM_UNREACHABLE", /503/],
    ["cut", { body: "{}", stopAfter: 1, afterwards: "reset" }, "UPSTREAM_CUT", /closed/],
  ] as const) {
    test(name, async () => {
      await using server = await TokenServer.start();
      server.mock.on("/token", answer);
      const { file } = server;
      await assert.rejects(server.tokens.ask(file), (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /PRIVATE|weir@p|assertion/);
        return true;
      });
      assert.equal(server.tokens.held(file), undefined);
    });
  }

  for (const [name, changes, message] of [
    ["another type", { type: "authorized_user" }, /type is not service_account/],
    ["no e-mail", { client_email: undefined }, /client_email is missing/],
    ["no key", { private_key: "-----BEGIN" }, /private_key cannot be read/],
    ["another scheme", { token_uri: "file:///etc/passwd" }, /token_uri is no web address/],
  ] as const) {
    test(`a file with ${name}`, async () => {
      await using server = await TokenServer.start();
      const asked = server.tokens.ask(keyFile(`${server.mock.url}/token`, changes));
      await assert.rejects(asked, { code: "PROVIDER_CREDENTIAL_REFUSED", message });
      assert.equal(server.mock.requests.length, 0);
    });
  }

  test("an address inside", async () => {
    await using server = await TokenServer.start([]);
    await assert.rejects(server.tokens.ask(server.file), { code: "ADDRESS_FORBIDDEN" });
    assert.equal(server.mock.requests.length, 0);
  });
});

const weirKey = "weir_of_the_project";
const path = "/vertex/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash:generateContent";
const upstreamPath = path.slice("/vertex".length);

/** A gateway whose default project has a service account for Vertex; its token endpoint is the provider's mock. */
async function startVertex(): Promise<GatewayFixture> {
  let file = "";
  const catalog: GatewayCatalog = {
    current: () => ({
      apiKey: (secret) => (secret === weirKey ? { id: "key", projectId: "default" as ProjectId } : undefined),
      connection: () => ({ secret: file }),
    }),
  };
  const fixture = await GatewayFixture.start({ catalog });
  file = keyFile(`${fixture.mock.url}/token`);
  fixture.mock.on(upstreamPath, {
    headers: { "content-type": "application/json" },
    body: '{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}',
  });
  return fixture;
}

function authorizations(fixture: GatewayFixture): string[] {
  const seen = fixture.mock.requests.filter(({ path: at }) => at === upstreamPath);
  return seen.map(({ headers }) => headers[headers.indexOf("authorization") + 1] ?? "");
}

describe("a virtual key of Vertex with a service account", () => {
  for (const [place, headers] of [
    ["x-goog-api-key", { "x-goog-api-key": weirKey }],
    ["a bearer token", { authorization: `Bearer ${weirKey}` }],
  ] as const) {
    test(`sent as ${place}, is replaced by a token that is asked for once`, async () => {
      await using fixture = await startVertex();
      fixture.mock.on("/token", { ...given("ya29.token"), delayMs: 50 });
      const calls = [1, 2, 3].map((n) =>
        fixture.post(path, { contents: [{ parts: [{ text: `question ${n}` }] }] }, { headers }),
      );
      for (const response of await Promise.all(calls)) assert.equal(response.status, 200);
      assert.equal((await fixture.post(path, {}, { headers })).status, 200);
      assert.deepEqual(authorizations(fixture), Array(4).fill("Bearer ya29.token"));
      assert.equal(fixture.mock.requests.filter(({ path: at }) => at === "/token").length, 1);
      assert.ok(fixture.mock.requests.every(({ headers: sent }) => !sent.join().includes(weirKey)));
      const rows = await fixture.rows(4);
      assert.deepEqual(
        rows.map((row) => [row.status, row.input_tokens]),
        Array(4).fill(["ok", 1]),
      );
      const told = JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value));
      assert.doesNotMatch(told, /ya29|PRIVATE KEY/);
    });
  }

  test("a body in slow pieces arrives whole while the token is awaited", async () => {
    await using fixture = await startVertex();
    const token = Promise.withResolvers<void>();
    fixture.mock.on("/token", async () => {
      await token.promise;
      return given("ya29.token");
    });
    const body = JSON.stringify({ contents: [{ parts: [{ text: "x".repeat(300_000) }] }] });
    const request = rawPost(path, body, { "x-goog-api-key": weirKey });
    const client = new RawClient(fixture.gateway.port);
    for (let at = 0; at < 200_000; at += 50_000) client.send(request.slice(at, at + 50_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    token.resolve();
    client.send(request.slice(200_000));
    await client.waitFor("promptTokenCount");
    assert.equal(fixture.mock.requests.at(-1)?.body.toString(), body);
    client.socket.destroy();
  });

  test("a client that leaves meanwhile is recorded as one that left, and nothing is sent", async () => {
    await using fixture = await startVertex();
    const isAsked = Promise.withResolvers<void>();
    const token = Promise.withResolvers<void>();
    fixture.mock.on("/token", async () => {
      isAsked.resolve();
      await token.promise;
      return given("ya29.token");
    });
    const client = new RawClient(fixture.gateway.port);
    client.send(`GET /vertex/v1/models HTTP/1.1\r\nhost: weir\r\nx-goog-api-key: ${weirKey}\r\n\r\n`);
    await isAsked.promise;
    client.socket.destroy();
    const [row] = await fixture.rows(1);
    token.resolve();
    assert.equal(row?.status, "cancelled");
    assert.deepEqual(
      fixture.mock.requests.map(({ path: at }) => at),
      ["/token"],
    );
  });

  test("a token that cannot be had is an error in the API's words, on record", async () => {
    await using fixture = await startVertex();
    fixture.mock.on("/token", { status: 400, body: '{"error":"invalid_grant"}' });
    const response = await fixture.post(path, {}, { headers: { "x-goog-api-key": weirKey } });
    assert.equal(response.status, 401);
    const { error } = (await response.json()) as { error: { status: string; weir_code: string } };
    assert.deepEqual([error.status, error.weir_code], ["UNAUTHENTICATED", "PROVIDER_CREDENTIAL_REFUSED"]);
    const [row] = await fixture.rows(1);
    assert.deepEqual([row?.status, row?.error_type, row?.http_status], ["error", "authentication", 401]);
  });

  test("a token that Vertex refuses is not sent again", async () => {
    await using fixture = await startVertex();
    fixture.mock.on("/token", given("ya29.revoked"));
    fixture.mock.on(upstreamPath, { status: 401, body: "{}" });
    await fixture.post(path, {}, { headers: { "x-goog-api-key": weirKey } });
    fixture.mock.on("/token", given("ya29.new"));
    await fixture.post(path, {}, { headers: { "x-goog-api-key": weirKey } });
    assert.deepEqual(authorizations(fixture), ["Bearer ya29.revoked", "Bearer ya29.new"]);
  });

  test("an OpenAI client reaches it by the model's name", async () => {
    await using fixture = await startVertex();
    fixture.mock.on("/token", { ...given("ya29.token"), delayMs: 20 });
    const model = `vertex/${upstreamPath.slice("/v1/".length).replace(":generateContent", "")}`;
    const body = { model, messages: [{ role: "user", content: "hi" }] };
    const response = await fixture.post("/v1/chat/completions", body, {
      headers: { authorization: `Bearer ${weirKey}` },
    });
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as { usage: { total_tokens: number } }).usage.total_tokens, 3);
    assert.equal(fixture.mock.requests.at(-1)?.headers.includes("Bearer ya29.token"), true);
  });
});
