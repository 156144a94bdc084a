import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultProjectId, newSpanRow } from "@weir/model";
import { insertSpans } from "@weir/storage/testing";
import type { InjectOptions } from "fastify";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

const json = (payload: object, headers: Record<string, string>, method: "POST" | "DELETE" = "POST"): InjectOptions => ({
  method,
  headers: { "content-type": "application/json", host: "localhost:8080", ...headers },
  payload: JSON.stringify(payload),
});
const sameOrigin = { "sec-fetch-site": "same-origin" };
const cookieOf = (headers: Record<string, unknown>) => String(headers["set-cookie"]).split(";", 1)[0] ?? "";

describe("without a credential that is known", () => {
  const cases: Record<string, Record<string, string>> = {
    nothing: {},
    "a wrong bearer": { authorization: "Bearer weir_nothing" },
    "basic authentication": { authorization: "Basic YTpi" },
    "a wrong key": { "x-api-key": "weir_nothing" },
    "a wrong cookie": { cookie: "weir_session=nothing" },
  };
  for (const [name, headers] of Object.entries(cases)) {
    test(`(${name}) every route is refused but sign-in and the description`, async () => {
      for (const url of [
        "/api/v1/calls",
        "/api/traces",
        "/api/v1/keys",
        "/api/v1/live",
        "/api/v1/install",
        "/api/v1/auth/me",
      ]) {
        const { status, body } = await api.ask(url, { headers });
        assert.deepEqual([status, body.error.code], [401, "UNAUTHENTICATED"], url);
      }
      assert.equal((await api.ask("/api/openapi.json", { headers: {} })).status, 200);
    });
  }

  test("a wrong key is refused beside a good cookie", async () => {
    const headers = { cookie: await api.signIn(), "x-weir-key": "wrong" };
    assert.equal((await api.ask("/api/v1/calls", { headers })).status, 401);
  });

  test("each header that clients use is read", async () => {
    for (const headers of [
      { authorization: `bearer ${api.keys.default}` },
      { "x-api-key": api.keys.default },
      { "x-weir-key": api.keys.default },
    ]) {
      const { status, body } = await api.ask("/api/v1/auth/me", { headers: headers as Record<string, string> });
      assert.deepEqual([status, body.via, body.key.project_id, body.projects.length], [200, "key", "default", 1]);
    }
  });
});

describe("signing in", () => {
  test("with a link works once, and sets a cookie that scripts cannot read", async () => {
    const { token } = await api.catalog.createSignInLink();
    const first = await api.ask("/api/v1/auth/redeem", json({ token }, sameOrigin));
    assert.deepEqual([first.status, first.text], [204, ""]);
    assert.match(String(first.headers["set-cookie"]), /^weir_session=.+; Path=\/; Expires=.+; HttpOnly; SameSite=Lax$/);
    assert.equal((await api.ask("/api/v1/auth/redeem", json({ token }, sameOrigin))).status, 401);
    const me = await api.ask("/api/v1/auth/me", { headers: { cookie: cookieOf(first.headers) } });
    assert.deepEqual([me.body.via, me.body.user, me.body.projects.length], ["session", null, 2]);
  });

  test("with a password works, and ends with signing out", async () => {
    const credentials = { email: "ana@example.com", password: "correct horse" };
    const { status, headers } = await api.ask("/api/v1/auth/login", json(credentials, sameOrigin));
    assert.equal(status, 200);
    const cookie = cookieOf(headers);
    assert.equal((await api.ask("/api/v1/auth/me", { headers: { cookie } })).body.user.email, "ana@example.com");
    const out = await api.ask("/api/v1/auth/logout", {
      method: "POST",
      headers: { cookie, ...sameOrigin, "content-type": "application/json" },
      payload: "",
    });
    assert.equal(out.status, 204);
    assert.match(String(out.headers["set-cookie"]), /Expires=Thu, 01 Jan 1970/);
    assert.equal((await api.ask("/api/v1/auth/me", { headers: { cookie } })).status, 401);
    const entries = await api.catalog.auditLog.list({ organizationId: "all", limit: 2 });
    assert.deepEqual(
      entries.map(({ action, actor }) => [action, actor.kind, actor.name, actor.address]),
      ["session.end", "session.create"].map((action) => [action, "user", "ana@example.com", "127.0.0.1"]),
    );
  });

  test("fails alike for a wrong address and a wrong password", async () => {
    const wrong = await api.ask("/api/v1/auth/login", json({ email: "ana@example.com", password: "no" }, {}));
    const unknown = await api.ask("/api/v1/auth/login", json({ email: "bob@example.com", password: "no" }, {}));
    const withoutId = ({ body }: typeof wrong) => ({ ...body.error, request_id: "" });
    assert.deepEqual([wrong.status, unknown.status], [401, 401]);
    assert.deepEqual(withoutId(wrong), withoutId(unknown));
    assert.equal(wrong.headers["set-cookie"], undefined);
  });

  test("behind https the cookie is for https and this very host alone, and none of a neighbour's is taken", async () => {
    const { token } = await api.catalog.createSignInLink();
    const https = { "x-forwarded-proto": "https" };
    const { headers } = await api.ask("/api/v1/auth/redeem", json({ token }, { ...sameOrigin, ...https }));
    const attributes = "; Path=/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax";
    assert.match(String(headers["set-cookie"]), new RegExp(`^__Host-weir_session=[^;]+${attributes}$`));
    const me = (cookie: string) => api.ask("/api/v1/auth/me", { headers: { cookie, ...https } });
    assert.equal((await me(cookieOf(headers))).status, 200);
    const planted = await api.signIn();
    assert.equal((await me(planted)).status, 401);
    const both = await me(`${planted}; ${cookieOf(headers)}`);
    assert.equal(both.status, 200);
  });

  test("links are made by the owner of this machine alone", async () => {
    const owner = { authorization: `Bearer ${api.keys.owner}` };
    const { status, body } = await api.ask("/api/v1/auth/links", json({}, owner));
    assert.equal(status, 201);
    const token = new URL(body.path, "http://localhost").searchParams.get("token") ?? "";
    assert.equal((await api.ask("/api/v1/auth/redeem", json({ token }, {}))).status, 204);
    assert.equal(
      (await api.ask("/api/v1/auth/links", json({}, { authorization: `Bearer ${api.keys.default}` }))).status,
      403,
    );
    const user = await api.catalog.signIn({ email: "ana@example.com", password: "correct horse" });
    const cookie = `weir_session=${user?.secret}`;
    assert.equal((await api.ask("/api/v1/auth/links", json({}, { cookie, ...sameOrigin }))).status, 403);
  });
});

describe("a write by cookie", () => {
  const cases: [string, Record<string, string>, number][] = [
    ["our own page", { "sec-fetch-site": "same-origin" }, 201],
    ["our own page in an older browser", { origin: "http://localhost:8080" }, 201],
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
    ["another port of this machine", { "sec-fetch-site": "same-site", origin: "http://localhost:3000" }, 403],
    ["another site in an older browser", { origin: "https://evil.example" }, 403],
    ["a page without an origin", { origin: "null" }, 403],
    ["who knows where", {}, 403],
  ];
  for (const [name, headers, expected] of cases) {
    test(`from ${name} is answered ${expected}`, async () => {
      const cookie = await api.signIn();
      const { status } = await api.ask("/api/v1/keys", json({ name: "k" }, { cookie, ...headers }));
      assert.equal(status, expected);
    });
  }

  test("from another site signs nobody in", async () => {
    const { token } = await api.catalog.createSignInLink();
    const { status } = await api.ask("/api/v1/auth/redeem", json({ token }, { "sec-fetch-site": "cross-site" }));
    assert.equal(status, 403);
  });
});

describe("keys", () => {
  test("are made, listed without their secrets, used and revoked", async () => {
    const headers = { authorization: `Bearer ${api.keys.default}` };
    const made = await api.ask("/api/v1/keys", json({ name: "ci" }, headers));
    assert.equal(made.status, 201);
    const { key, secret } = made.body;
    assert.deepEqual(
      [key.project_id, key.name, key.scopes, key.revoked_at],
      ["default", "ci", ["ingest", "query", "gateway"], null],
    );
    const own = { authorization: `Bearer ${secret}` };
    assert.equal((await api.ask("/api/v1/calls", { headers: own })).status, 200);
    assert.equal((await api.ask("/api/v1/keys", { headers: own })).status, 403);
    const list = await api.ask("/api/v1/keys");
    assert.ok(list.body.data.some(({ id }: { id: string }) => id === key.id));
    assert.ok(!list.text.includes(secret));
    assert.equal((await api.ask(`/api/v1/keys/${key.id}`, { method: "DELETE" })).status, 204);
    assert.equal((await api.ask("/api/v1/calls", { headers: own })).status, 401);
  });

  test("of another project cannot be revoked", async () => {
    const [key] = await api.catalog.listApiKeys(api.other);
    assert.equal((await api.ask(`/api/v1/keys/${key?.id}`, { method: "DELETE" })).status, 404);
    assert.equal(
      (
        await api.ask(
          "/api/v1/keys",
          json({ name: "k", project_id: "other" }, { authorization: `Bearer ${api.keys.default}` }),
        )
      ).status,
      403,
    );
  });

  for (const [body, path] of [
    [{}, "name"],
    [{ name: " " }, "name"],
    [{ name: "k", expires_at: "soon" }, "expires_at"],
    [{ name: "k", scopes: ["root"] }, "scopes[0]"],
    [{ name: "k", nmae: "k" }, "nmae"],
  ] as const) {
    test(`a body with a wrong ${path} is refused`, async () => {
      const answer = await api.ask("/api/v1/keys", json(body, { authorization: `Bearer ${api.keys.default}` }));
      assert.equal(answer.status, 400);
      assert.deepEqual(
        answer.body.error.details.map((detail: { path: string }) => detail.path),
        [path],
      );
    });
  }

  for (const [name, options, code] of [
    ["broken JSON", { payload: "{", headers: { "content-type": "application/json" } }, "BAD_REQUEST"],
    ["text", { payload: "name=k", headers: { "content-type": "text/plain" } }, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "a body over the limit",
      { payload: JSON.stringify({ name: "x".repeat(2_000_000) }), headers: { "content-type": "application/json" } },
      "BODY_TOO_LARGE",
    ],
  ] as const) {
    test(`${name} is refused`, async () => {
      const headers = { authorization: `Bearer ${api.keys.default}`, ...options.headers };
      const { body } = await api.ask("/api/v1/keys", { method: "POST", payload: options.payload, headers });
      assert.equal(body.error.code, code);
    });
  }
});

test("connections are made, listed without their secrets and deleted", async () => {
  const headers = { authorization: `Bearer ${api.keys.default}` };
  const made = await api.ask("/api/v1/connections", json({ provider: "openai", secret: "sk-very-private" }, headers));
  assert.deepEqual([made.status, made.body.provider, made.body.base_url], [201, "openai", null]);
  const list = await api.ask("/api/v1/connections");
  assert.equal(list.body.data.length, 1);
  assert.ok(!list.text.includes("sk-very-private") && !made.text.includes("sk-very-private"));
  const again = await api.ask("/api/v1/connections", json({ provider: "openai", secret: "x" }, headers));
  assert.deepEqual([again.status, again.body.error.code], [409, "CONFLICT"]);
  const unknown = await api.ask("/api/v1/connections", json({ provider: "nobody", secret: "x" }, headers));
  assert.deepEqual(
    unknown.body.error.details.map(({ path }: { path: string }) => path),
    ["provider"],
  );
  assert.equal(
    (await api.ask("/api/v1/connections", { headers: { authorization: `Bearer ${api.keys.use}` } })).status,
    403,
  );
  assert.equal((await api.ask(`/api/v1/connections/${made.body.id}`, { method: "DELETE" })).status, 204);
  assert.equal((await api.ask(`/api/v1/connections/${made.body.id}`, { method: "DELETE" })).status, 404);
});

describe("projects", () => {
  test("are made by people, and deleted with all their data", async () => {
    const session = { cookie: await api.signIn(), ...sameOrigin };
    const made = await api.ask("/api/v1/projects", json({ name: "Short lived", id: "short" }, session));
    assert.deepEqual([made.status, made.body.id], [201, "short"]);
    const key = await api.ask("/api/v1/keys", json({ name: "k", project_id: "short" }, session));
    await insertSpans(api.store, [
      { ...newSpanRow(api.other, "rest", BigInt(Date.now()) * 1_000_000n), project_id: "short", kind: "llm" },
      { ...newSpanRow(defaultProjectId, "rest", BigInt(Date.now()) * 1_000_000n), kind: "llm" },
    ]);
    const kept = await api.ask("/api/v1/metrics/summary");
    const deleted = await api.ask("/api/v1/projects/short", { method: "DELETE", headers: session });
    assert.equal(deleted.status, 202);
    assert.deepEqual(
      [deleted.body.subject, deleted.body.found_rows.spans, deleted.body.found_rows.traces],
      ["project", 1, 1],
    );
    const receipt = `/api/v1/deletions/${deleted.body.deletion_id}?project_id=short`;
    let { body } = await api.ask(receipt, { headers: session });
    for (let tries = 0; tries < 2400 && body.status !== "done"; tries++) {
      await sleep(50);
      ({ body } = await api.ask(receipt, { headers: session }));
    }
    assert.deepEqual([body.status, body.remaining_rows.spans], ["done", 0]);
    assert.equal((await api.ask(receipt)).status, 403);
    const own = { authorization: `Bearer ${key.body.secret}` };
    assert.equal((await api.ask("/api/v1/calls", { headers: own })).status, 401);
    assert.equal((await api.ask("/api/v1/projects/short", { method: "DELETE", headers: session })).status, 404);
    assert.equal((await api.ask("/api/v1/metrics/summary")).body.total.calls, kept.body.total.calls);
  });

  test("say how long their data is kept, where not as the configuration has it", async () => {
    const session = { cookie: await api.signIn(), ...sameOrigin };
    const patch = (id: string, body: object, headers: Record<string, string> = session) =>
      api.ask(`/api/v1/projects/${id}`, { ...json(body, headers), method: "PATCH" });
    const changed = await patch("other", { retention: { spans_days: 30, content_days: 7 } });
    assert.equal(changed.status, 200, changed.text);
    const holds = { spans_days: 30, content_days: 7, logs_days: 60, metric_points_days: 90 };
    assert.deepEqual(changed.body.retention, holds);
    const says = { spans_days: 30, content_days: 7, logs_days: null, metric_points_days: null };
    assert.deepEqual(changed.body.retention_settings, says);
    const back = await patch("other", { name: "Others", retention: { spans_days: null, content_days: null } });
    assert.deepEqual(
      [back.body.name, back.body.retention.spans_days, back.body.retention.content_days],
      ["Others", 90, 90],
    );
    for (const [id, body, status] of [
      ["nobody", { name: "x" }, 404],
      ["other", { retention: { spans_days: 0 } }, 400],
      ["other", { retention: { days: 1 } }, 400],
    ] as const)
      assert.equal((await patch(id, body)).status, status, JSON.stringify(body));
    assert.equal((await patch("other", { name: "x" }, { authorization: `Bearer ${api.keys.other}` })).status, 403);
  });

  test("are neither made nor deleted with a key", async () => {
    const headers = { authorization: `Bearer ${api.keys.default}` };
    assert.equal((await api.ask("/api/v1/projects", json({ name: "x" }, headers))).status, 403);
    assert.equal((await api.ask("/api/v1/projects/other", { method: "DELETE" })).status, 403);
  });

  test("the default one stays", async () => {
    const headers = { authorization: `Bearer ${api.keys.owner}` };
    const { status, body } = await api.ask("/api/v1/projects/default", { method: "DELETE", headers });
    assert.deepEqual([status, body.error.code], [409, "CONFLICT"]);
  });
});
