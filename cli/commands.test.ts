import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { CodedError } from "@weir/model";
import { Command } from "commander";
import { addApiCommands } from "./commands.ts";

interface Received {
  line: string;
  authorization: string | undefined;
  body: unknown;
}

const received: Received[] = [];
const time = "2026-01-01T00:00:00Z";
const key = {
  id: "key_1",
  project_id: "default",
  name: "ci",
  mask: "weir_…x7Qa",
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};
const connection = { id: "con_1", project_id: "default", provider: "openai", base_url: null };
const answers: Record<string, unknown> = {
  "POST /api/v1/keys": { key, secret: "weir_secret" },
  "GET /api/v1/keys": {
    data: [key, { ...key, id: "key_2", revoked_at: time }, { ...key, id: "key_3", expires_at: time }],
  },
  "GET /api/v1/keys?project_id=shop": { data: [] },
  "DELETE /api/v1/keys/key_1": {},
  "POST /api/v1/connections": connection,
  "GET /api/v1/connections": { data: [connection] },
  "DELETE /api/v1/connections/con_1": {},
  "POST /api/v1/projects": { id: "shop", name: "Shop", created_at: time },
  "GET /api/v1/projects": { data: [{ id: "shop", name: "Shop", created_at: time }] },
  "DELETE /api/v1/projects/demo": { deletion_id: "del_1", status: "running", found_rows: { spans: 12, traces: 3 } },
  "GET /api/v1/deletions/del_1?project_id=demo": { deletion_id: "del_1", status: "done", found_rows: {} },
  "PATCH /api/v1/projects/shop": { id: "shop", name: "Shop", retention: { spans_days: 30, content_days: 7 } },
  "POST /api/v1/auth/links": { path: "/ui/sign-in?token=t", expires_at: time },
  "GET /api/v1/storage": {
    data: [
      {
        ...{ table: "spans", rows: 1000, parts: 2, disk_bytes: 100_000, compressed_bytes: 90_000 },
        ...{
          uncompressed_bytes: 1_500_000,
          compression_ratio: 16.67,
          disk_bytes_per_row: 100,
          oldest: time,
          newest: time,
        },
      },
      {
        ...{ table: "logs", rows: 0, parts: 0, disk_bytes: 0, compressed_bytes: 0, uncompressed_bytes: 0 },
        ...{ compression_ratio: null, disk_bytes_per_row: null, oldest: null, newest: null },
      },
    ],
    total_disk_bytes: 100_000,
  },
  "DELETE /api/v1/keys/key_1?project_id=shop": {},
  "GET /api/v1/organizations": { data: [{ id: "default", name: "Default" }] },
  "GET /api/v1/organizations/default/members": {
    data: [{ user_id: "usr_1", email: "ann@example.org", name: "Ann", role: null, source: "direct" }],
  },
  "POST /api/v1/organizations": { id: "acme", name: "Acme" },
  "POST /api/v1/organizations/default/invitations": { link: { path: "/ui/invitation?token=t", expires_at: time } },
  "POST /api/v1/auth/password-reset-links": { path: "/ui/reset-password?token=t", expires_at: time },
  "GET /api/v1/audit?q=key&limit=50": {
    data: [
      {
        time,
        actor: { kind: "user", name: "ann@example.org" },
        action: "key.create",
        target: { kind: "key", id: "key_1" },
      },
    ],
  },
  "GET /api/v1/audit/verification": { entry_count: 12, first_broken: null, head_hash: "abc", checked_at: time },
  "GET /api/v1/organizations/default/invitations": { data: [] },
  "GET /api/v1/organizations/default/teams": { data: [] },
  "GET /api/v1/organizations/default/identity-providers": { data: [] },
  "GET /api/v1/projects/shop/roles": { data: [] },
  "GET /api/v1/connections?project_id=shop": { data: [] },
  "GET /api/v1/audit/export?format=jsonl": Buffer.from('{"sequence":1}\n'),
  "GET /api/v1/install": { version: "1.2.3" },
  "POST /api/v1/secrets/rotate": { resealed: 2, unreadable: 0, given_by: null },
  "GET /ready": {
    status: "degraded",
    parts: { core: { status: "ok" }, engine: { status: "starting", message: "not yet" } },
  },
};

const server = createServer(async (request: IncomingMessage, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  const line = `${request.method} ${request.url}`;
  received.push({
    line,
    authorization: request.headers.authorization,
    body: text === "" ? undefined : JSON.parse(text),
  });
  const answer = answers[line];
  if (answer instanceof Buffer) {
    response.end(answer);
    return;
  }
  response.statusCode = answer === undefined ? 404 : line === "GET /ready" ? 503 : 200;
  const missing = { error: { code: "NOT_FOUND", message: "There is no such key.", retryable: false } };
  response.end(JSON.stringify(answer ?? missing));
});

let baseUrl = "";
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

async function weir(
  line: string,
  options: { stdin?: string; environment?: Record<string, string>; url?: string } = {},
) {
  const lines: string[] = [];
  const program = new Command().exitOverride();
  const terminal = {
    print: (text: string) => void lines.push(text),
    readSecret: async () => options.stdin,
    environment: options.environment ?? {},
  };
  addApiCommands(program, { access: async () => ({ baseUrl: options.url ?? baseUrl, key: "local" }), terminal });
  received.length = 0;
  await program.parseAsync(line.split(" "), { from: "user" });
  return lines;
}

for (const [line, asked, body, printed] of [
  ["key create ci", "POST /api/v1/keys", { name: "ci" }, /^weir_secret$/m],
  ["key create ci --project shop", "POST /api/v1/keys", { name: "ci", project_id: "shop" }, /not shown again/],
  ["key list", "GET /api/v1/keys", undefined, /key_1 .*active[\s\S]*key_2 .*revoked[\s\S]*key_3 .*expired/],
  ["key list -p shop", "GET /api/v1/keys?project_id=shop", undefined, /^ID/],
  ["key revoke key_1", "DELETE /api/v1/keys/key_1", undefined, /key_1 is revoked/],
  ["connection list", "GET /api/v1/connections", undefined, /openai +the provider's own/],
  ["connection remove con_1", "DELETE /api/v1/connections/con_1", undefined, /removed/],
  ["project create Shop", "POST /api/v1/projects", { name: "Shop" }, /Project shop/],
  ["project list", "GET /api/v1/projects", undefined, /shop +Shop/],
  [
    "project set shop --spans-days 30 --content-days default",
    "PATCH /api/v1/projects/shop",
    { retention: { spans_days: 30, content_days: null } },
    /spans 30, content 7/,
  ],
  [
    "storage",
    "GET /api/v1/storage",
    undefined,
    /spans +1000 +2 +0\.10 +1\.50 +16\.7:1 +100 +2026-01-01T00:00[\s\S]*logs +0[\s\S]*0\.10 MB in all/,
  ],
  [
    "key create ci --scopes ingest,query",
    "POST /api/v1/keys",
    { name: "ci", scopes: ["ingest", "query"] },
    /weir_secret/,
  ],
  ["key revoke key_1 -p shop", "DELETE /api/v1/keys/key_1?project_id=shop", undefined, /revoked/],
  ["organization list", "GET /api/v1/organizations", undefined, /default +Default/],
  ["organization create Acme --id acme", "POST /api/v1/organizations", { name: "Acme", id: "acme" }, /acme/],
  ["user list", "GET /api/v1/organizations/default/members", undefined, /usr_1 +ann@example.org +by project only/],
  [
    "user invite bob@example.org --role admin",
    "POST /api/v1/organizations/default/invitations",
    { email: "bob@example.org", role: "admin" },
    /\/ui\/invitation\?token=t/,
  ],
  [
    "user reset-password bob@example.org",
    "POST /api/v1/auth/password-reset-links",
    { email: "bob@example.org" },
    /\/ui\/reset-password\?token=t/,
  ],
  ["audit --search key", "GET /api/v1/audit?q=key&limit=50", undefined, /ann@example.org +key.create +key key_1/],
  ["audit verify", "GET /api/v1/audit/verification", undefined, /^12 entries are as they were written.*abc$/],
  ["secrets rotate", "POST /api/v1/secrets/rotate", {}, /2 secrets are sealed/],
  ["status", "GET /ready", undefined, /degraded[\s\S]*engine +starting +not yet/],
] as const) {
  test(`weir ${line}`, async () => {
    const lines = await weir(line);
    assert.deepEqual(
      received.map((entry) => entry.line),
      [asked],
    );
    assert.equal(received[0]?.authorization, "Bearer local");
    assert.deepEqual(received[0]?.body, body);
    assert.match(lines.join("\n"), printed);
  });
}

test("weir demo remove waits until the data is gone", async () => {
  const lines = await weir("demo remove");
  assert.deepEqual(
    received.map(({ line }) => line),
    ["DELETE /api/v1/projects/demo", "GET /api/v1/deletions/del_1?project_id=demo"],
  );
  assert.match(lines.join("\n"), /12 spans, 3 traces.*del_1/);
});

test("weir secrets rotate says what it cannot do with a key that Weir is given", async () => {
  const made = answers["POST /api/v1/secrets/rotate"];
  answers["POST /api/v1/secrets/rotate"] = { resealed: 0, unreadable: 1, given_by: "masterKey.command (vault)" };
  const lines = (await weir("secrets rotate")).join("\n");
  answers["POST /api/v1/secrets/rotate"] = made;
  assert.match(lines, /first key of masterKey\.command \(vault\)[\s\S]*put a new one before[\s\S]*1 could not/);
});

test("weir project export writes whole files, and says last that they are", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "weir-export-")), "shop");
  const path = "GET /api/v1/projects/shop/export";
  const spans = gzipSync('{"input":"a\\nb"}\n{"input":"c"}\n');
  answers[`${path}/settings`] = { format: 1, exported_at: time, project: { id: "shop" } };
  answers[`${path}/spans`] = spans;
  answers[`${path}/logs`] = gzipSync("");
  answers[`${path}/metric_points`] = spans.subarray(0, -6);
  const cut = { code: "PART_UNAVAILABLE", message: /metric_points did not come whole/ };
  await assert.rejects(weir(`project export shop --to ${folder}`), cut);
  assert.deepEqual(readdirSync(folder).sort(), [
    "logs.ndjson.gz",
    "metric_points.ndjson.gz.part",
    "settings.json",
    "spans.ndjson.gz",
  ]);
  await assert.rejects(weir(`project export shop --to ${folder}`), { code: "CONFLICT", message: /not empty/ });
  rmSync(folder, { recursive: true });
  answers[`${path}/metric_points`] = spans;
  const lines = await weir(`project export shop --to ${folder}`);
  assert.match(lines.join("\n"), /2 spans, 0 logs, 2 metric_points/);
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "export.json"), "utf8"));
  const rows = { spans: 2, logs: 0, metric_points: 2 };
  assert.deepEqual(manifest, { format: 1, project_id: "shop", exported_at: time, rows });
  assert.deepEqual(readFileSync(join(folder, "spans.ndjson.gz")), spans);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  rmSync(dirname(folder), { recursive: true });
});

test("a broken audit log is said with the entry, and evidence is written all the same", async () => {
  const verification = "GET /api/v1/audit/verification";
  const sound = answers[verification];
  const folder = mkdtempSync(join(tmpdir(), "weir-evidence-"));
  const lines = await weir(`evidence --to ${folder}`);
  const names = ["audit-verification.json", "audit.jsonl", "evidence.json", "organizations.json", "projects.json"];
  assert.deepEqual(readdirSync(folder).sort(), names);
  assert.match(lines.join("\n"), /audit\.jsonl.*evidence\.json/);
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  assert.equal(read("organizations.json")[0].members[0].email, "ann@example.org");
  assert.deepEqual(read("projects.json")[0].keys, []);
  const { weir_version, sha256 } = read("evidence.json");
  assert.equal(weir_version, "1.2.3");
  assert.equal(sha256["audit.jsonl"], hash("sha256", '{"sequence":1}\n', "hex"));
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  await assert.rejects(weir(`evidence --to ${folder}`), { code: "CONFLICT", message: /not empty/ });
  rmSync(folder, { recursive: true });

  answers[verification] = { entry_count: 12, first_broken: 7, head_hash: "abc", checked_at: time };
  const broken = { code: "CONFLICT", message: /Entry 7 .* altered/ };
  await assert.rejects(weir("audit verify"), broken);
  await assert.rejects(weir(`evidence --to ${folder}`), broken);
  assert.deepEqual(readdirSync(folder).sort(), names);
  rmSync(folder, { recursive: true });
  answers[verification] = sound;
});

test("weir link prints the address of a sign-in page", async () => {
  assert.equal((await weir("link"))[0], `${baseUrl}/ui/sign-in?token=t`);
});

test("a provider's key is piped in or comes from the environment", async () => {
  await weir("connection add openai", { stdin: "sk-piped" });
  assert.deepEqual(received[0]?.body, { provider: "openai", secret: "sk-piped" });
  await weir("connection add openai --from-env MY_KEY --base-url http://x.test", { environment: { MY_KEY: "sk-env" } });
  assert.deepEqual(received[0]?.body, { provider: "openai", secret: "sk-env", base_url: "http://x.test" });
});

for (const [name, line, options, code, message] of [
  ["no secret", "connection add openai", {}, "BAD_REQUEST", /--from-env/],
  ["an unset variable", "connection add openai --from-env NOPE", {}, "BAD_REQUEST", /NOPE is not set/],
  ["an unknown key", "key revoke key_9", {}, "NOT_FOUND", /no such key/],
  ["nobody listening", "key list", { url: "http://127.0.0.1:1" }, "PART_UNAVAILABLE", /npm start/],
] as const) {
  test(`${name} is said plainly`, async () => {
    await assert.rejects(weir(line, options), (error) => {
      assert.ok(error instanceof CodedError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  });
}
