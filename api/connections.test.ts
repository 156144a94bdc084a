import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestApi, type TestApi } from "./testing.ts";

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api[Symbol.asyncDispose]());

for (const [baseUrl, status, code] of [
  ["http://169.254.169.254/latest", 403, "ADDRESS_FORBIDDEN"],
  ["http://[::ffff:127.0.0.1]:8123", 403, "ADDRESS_FORBIDDEN"],
  ["http://localhost:9000", 403, "ADDRESS_FORBIDDEN"],
  ["file:///etc/passwd", 400, "BAD_REQUEST"],
  ["http://10.1.2.3:8000", 201, undefined],
] as const) {
  test(`a connection to ${baseUrl} is ${status === 201 ? "made" : "refused"}`, async () => {
    const answer = await api.ask("/api/v1/connections", {
      method: "POST",
      headers: { authorization: `Bearer ${api.keys.owner}` },
      payload: { provider: "openai", secret: "sk-test", base_url: baseUrl },
    });
    assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
  });
}
