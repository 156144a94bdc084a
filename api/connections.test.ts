import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
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

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keyFile = {
  type: "service_account",
  private_key_id: "kid",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  client_email: "weir@p.iam.gserviceaccount.com",
  token_uri: "https://oauth2.googleapis.com/token",
};

for (const [name, file, status, message] of [
  ["a whole one", keyFile, 201, undefined],
  [
    "a user's own credentials",
    { type: "authorized_user", refresh_token: "1//secret" },
    400,
    /type is not service_account/,
  ],
  ["a broken private key", { ...keyFile, private_key: "-----BEGIN secret" }, 400, /private_key cannot be read/],
  ["a token endpoint inside", { ...keyFile, token_uri: "http://169.254.169.254/token" }, 403, /private network/],
] as const) {
  test(`the key file of a service account: ${name}`, async () => {
    const answer = await api.ask("/api/v1/connections", {
      method: "POST",
      headers: { authorization: `Bearer ${api.keys.owner}` },
      payload: { provider: "vertex", secret: JSON.stringify(file) },
    });
    assert.equal(answer.status, status);
    if (message !== undefined) assert.match(answer.body.error.message, message);
    assert.doesNotMatch(JSON.stringify(answer.body), /1\/\/secret|BEGIN/);
  });
}
