import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Program, Weir } from "./weir-process.ts";
import { writtenFiles } from "./written-files.ts";

/** Plants secrets at every place that takes one, and looks for them in everything that Weir wrote. */

const planted = {
  "a provider's key that Weir holds": "sk-planted-connection-4f1c9a7be2",
  "a provider's key that passes through": "sk-planted-passing-8d20b6c513",
  "an identity provider's secret": "planted-client-secret-77aa01",
  "a password": "planted green river 9381",
  "a wrong password": "planted wrong stone 5512",
  "a password in the place of the address": "planted-in-the-wrong-field-6620",
  "a key that Weir does not know": "weir_planted_unknown_key_19c4",
  "the master key": "planted-master-key-planted-master-key-planA",
} as const;

let mock: Program;
let weir: Weir;
const folder = mkdtempSync(join(tmpdir(), "weir-secrets-"));
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0");
  weir = await Weir.start({
    upstream: mock.url,
    dataDirectory: folder,
    environment: { WEIR_LOG_LEVEL: "debug", WEIR_MASTER_KEY: planted["the master key"] },
  });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const json = { "content-type": "application/json" };

async function ask(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ text: string; cookie: string }> {
  const owner = { authorization: `Bearer ${weir.ownerKey()}` };
  const response = await fetch(weir.url + path, {
    method: "POST",
    headers: { ...json, ...owner, ...headers },
    body: JSON.stringify(body),
  });
  return { text: await response.text(), cookie: response.headers.getSetCookie()[0]?.split(/[=;]/)[1] ?? "" };
}

test("what is secret is in no log, no answer and no file, but where it is kept sealed or hashed", async () => {
  const answers: string[] = [];
  const connection = { provider: "openai", secret: planted["a provider's key that Weir holds"] };
  answers.push((await ask("/api/v1/connections", connection)).text);
  const provider = {
    kind: "oidc",
    name: "Company",
    settings: { issuer: "http://127.0.0.1:1", client_id: "weir" },
    client_secret: planted["an identity provider's secret"],
  };
  const made = await ask("/api/v1/organizations/default/identity-providers", provider);
  answers.push(made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  await fetch(`${weir.url}/api/v1/auth/sso/${id}`, { redirect: "manual" });
  const invited = await ask("/api/v1/organizations/default/invitations", { email: "a@example.com", role: "viewer" });
  const token = /token=([\w-]+)/.exec(invited.text)?.[1] ?? "";
  const accepted = await ask(
    "/api/v1/auth/invitations/accept",
    { token, password: planted["a password"] },
    { authorization: "" },
  );
  const key = await ask("/api/v1/keys", { name: "k" });
  const { secret } = JSON.parse(key.text) as { secret: string };
  for (const [email, password] of [
    ["a@example.com", planted["a wrong password"]],
    [planted["a password in the place of the address"], "x"],
  ]) {
    answers.push((await ask("/api/v1/auth/login", { email, password })).text);
  }
  const call = { model: "gpt-4o-mini", messages: [{ role: "user", content: "hello" }] };
  for (const bearer of [
    secret,
    planted["a provider's key that passes through"],
    planted["a key that Weir does not know"],
  ]) {
    answers.push((await ask("/openai/v1/chat/completions", call, { authorization: `Bearer ${bearer}` })).text);
  }
  for (const path of ["/api/v1/calls", "/api/v1/keys", "/api/v1/connections", "/api/v1/audit", "/metrics"]) {
    const response = await fetch(weir.url + path, { headers: { authorization: `Bearer ${weir.ownerKey()}` } });
    answers.push(await response.text());
  }
  assert.ok(token.length > 20 && accepted.cookie.length > 20 && secret.length > 20, "the secrets were made");
  await weir.stop();

  const secrets: Record<string, string> = {
    ...planted,
    "a Weir key": secret,
    "an invitation": token,
    "a session's cookie": accepted.cookie,
  };
  const found: string[] = [];
  const files = [...writtenFiles(folder)];
  assert.ok(files.some(({ path }) => path.endsWith("catalog.sqlite")));
  for (const [name, text] of Object.entries(secrets)) {
    if (weir.output.includes(text)) found.push(`${name} in the log`);
    if (answers.some((answer) => answer.includes(text))) found.push(`${name} in an answer`);
    for (const { path, bytes } of files) if (bytes.includes(text)) found.push(`${name} in ${path}`);
  }
  assert.deepEqual(found, []);
});
