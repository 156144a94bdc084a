import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

for (const [name, path, status, code] of [
  ["a part of a path without measure", `/api/v1/metrics/${"x".repeat(7000)}`, 400, "BAD_REQUEST"],
  ["a path that is not well encoded", "/api/v1/metrics/%ff", 400, "BAD_REQUEST"],
  ["a name that is too long", `/api/v1/metrics/${"x".repeat(501)}`, 400, "BAD_REQUEST"],
  ["a long name, encoded", `/api/v1/metrics/${encodeURIComponent("é".repeat(500))}`, 404, "NOT_FOUND"],
  ["no route", "/api/v1/nothing", 404, "NOT_FOUND"],
] as const) {
  test(`${name} is answered as every error is`, async () => {
    const { status: answered, body, headers } = await api.ask(path);
    assert.equal(answered, status);
    assert.equal(body.error.code, code);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(String(headers["content-security-policy"]), /default-src 'self'/);
  });
}

test("every route's description says what errors look like", async () => {
  const { body } = await api.ask("/api/openapi.json");
  const paths = body.paths as Record<string, Record<string, { responses: Record<string, unknown> }>>;
  const silent = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { responses }]) => !("4XX" in responses && "5XX" in responses))
      .map(([method]) => `${method} ${path}`),
  );
  assert.deepEqual(silent, []);
});
