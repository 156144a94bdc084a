import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ApiError, apiUrl, ask } from "./client.ts";

test("parameters and repeated query values", () => {
  assert.equal(apiUrl("/api/v1/calls/:span_id", { params: { span_id: "a/b" } }), "/api/v1/calls/a%2Fb");
  assert.equal(
    apiUrl("/api/v1/calls", { query: { model: ["a", "b"], q: undefined, limit: 50 } }),
    "/api/v1/calls?model=a&model=b&limit=50",
  );
});

const answers: readonly [string, () => Promise<Response>, Partial<ApiError>][] = [
  [
    "an error of the contract",
    async () =>
      Response.json(
        { error: { code: "NOT_FOUND", message: "no", retryable: false, request_id: "r1" } },
        { status: 404 },
      ),
    { code: "NOT_FOUND", status: 404, retryable: false, requestId: "r1" },
  ],
  [
    "a proxy's page",
    async () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
    { code: "HTTP_502", retryable: true },
  ],
  ["no answer", () => Promise.reject(new TypeError("fetch failed")), { code: "UNREACHABLE", retryable: true }],
];

for (const [name, answer, want] of answers) {
  test(`what is thrown for ${name}`, async () => {
    const fetched = mock.method(globalThis, "fetch", answer);
    try {
      await assert.rejects(ask("/api/v1/calls"), (thrown) => {
        assert.ok(thrown instanceof ApiError);
        for (const [key, value] of Object.entries(want)) assert.equal(thrown[key as keyof ApiError], value);
        return true;
      });
    } finally {
      fetched.mock.restore();
    }
  });
}

test("204 has no body", async () => {
  const fetched = mock.method(globalThis, "fetch", async () => new Response(null, { status: 204 }));
  assert.equal(await ask("/api/v1/auth/logout", { method: "POST" }), undefined);
  fetched.mock.restore();
});
