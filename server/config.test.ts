import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CodedError } from "@weir/model";
import { loadConfig } from "./config.ts";

const examples = join(import.meta.dirname, "testdata", "config");
const folder = mkdtempSync(join(tmpdir(), "weir-config-"));
after(() => rmSync(folder, { recursive: true }));

function load(environment: Record<string, string> = {}, yaml?: string) {
  const file = join(folder, "some.yaml");
  if (yaml !== undefined) writeFileSync(file, yaml);
  return loadConfig({ environment, directory: folder, file: yaml === undefined ? undefined : file });
}

function problemsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof CodedError && error.code === "CONFIG_INVALID", String(error));
    return error.message;
  }
  return assert.fail("the configuration was accepted");
}

for (const name of readdirSync(examples).filter((it) => it.endsWith(".yaml"))) {
  test(`${name} is refused with its line and fix`, () => {
    const file = join(examples, name);
    const wanted = readFileSync(file.replace(/\.yaml$/, ".want.txt"), "utf8").trimEnd();
    assert.equal(
      problemsOf(() => loadConfig({ file, environment: {}, directory: folder })),
      wanted,
    );
  });
}

for (const [variable, value, wanted] of [
  ["WEIR_PORT", "80a", /^WEIR_PORT: must be a number, not "80a"\. Correct it, or unset the variable/],
  ["WEIR_PROT", "1", /^WEIR_PROT: there is no such variable\. Did you mean WEIR_PORT\?$/],
  ["WEIR_OPENIA_BASE_URL", "http://x", /Did you mean WEIR_OPENAI_BASE_URL\?$/],
  ["WEIR_OPENAI_BASE_URL", "localhost", /^WEIR_OPENAI_BASE_URL: must be a URL such as http:\/\/host:port\. Correct it/],
  [
    "WEIR_POSTGRES_URL",
    "http://x",
    /^WEIR_POSTGRES_URL: must be a URL such as postgres:\/\/user:password@host\/database\./,
  ],
  ["WEIR_INIT_API_KEY", "short", /^WEIR_INIT_API_KEY: must be at least 8 characters\. /],
  ["WEIR_GATEWAY_CAPTURE_CONTENT", "maybe", /must be true or false/],
] as const) {
  test(`${variable}=${value} is refused`, () =>
    assert.match(
      problemsOf(() => load({ [variable]: value })),
      wanted,
    ));
}

test("a secret is not repeated in a problem", () => {
  assert.doesNotMatch(
    problemsOf(() => load({ WEIR_INIT_API_KEY: "hunter2" })),
    /hunter2/,
  );
});

test("the environment wins over the file, and both over the defaults", () => {
  const config = load({ WEIR_PORT: "9001" }, "port: 9000\nworkers: 2\nproviders: {openai: {baseUrl: 'http://a:1'}}");
  assert.equal(config.port, 9001);
  assert.equal(config.workers, 2);
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.providers["openai"]?.baseUrl, "http://a:1");
});

/** A certificate is nothing without its key. */
const withKey = { WEIR_TLS_CERT_FILE: "a.crt", WEIR_TLS_KEY_FILE: "a.key" };
for (const [variable, value, pick, wanted] of [
  ["WEIR_OTLP_GRPC_PORT", "14317", (c) => c.otlp.grpcPort, 14317],
  ["WEIR_OTLP_HTTP_PORT", "14318", (c) => c.otlp.httpPort, 14318],
  ["WEIR_DATA_DIR", "/var/lib/weir", (c) => c.dataDir, "/var/lib/weir"],
  ["WEIR_DATA_DIR", "data", (c) => c.dataDir, join(folder, "data")],
  ["WEIR_TLS_CERT_FILE", "weir.crt", (c) => c.tls.certFile, join(folder, "weir.crt")],
  ["WEIR_CLICKHOUSE_URL", "http://u:p@h:8123", (c) => c.clickhouse.url, "http://u:p@h:8123"],
  ["WEIR_POSTGRES_URL", "postgres://u@h/weir", (c) => c.postgres.url, "postgres://u@h/weir"],
  ["WEIR_LOG_LEVEL", "debug", (c) => c.log.level, "debug"],
  ["WEIR_INIT_API_KEY", "12345678", (c) => c.init.apiKey, "12345678"],
  ["WEIR_GATEWAY_CAPTURE_CONTENT", "off", (c) => c.gateway.capture.content, false],
  ["WEIR_ANTHROPIC_BASE_URL", "http://127.0.0.1:9", (c) => c.providers["anthropic"]?.baseUrl, "http://127.0.0.1:9"],
  ["WEIR_HOMEMADE_BASE_URL", "http://127.0.0.1:9", (c) => c.providers["homemade"]?.baseUrl, "http://127.0.0.1:9"],
] satisfies [string, string, (config: ReturnType<typeof load>) => unknown, unknown][]) {
  test(`${variable}=${value} is read`, () => assert.equal(pick(load({ ...withKey, [variable]: value })), wanted));
}

test("an empty variable counts as unset, and variables of tests are not ours", () => {
  assert.equal(load({ WEIR_PORT: "", WEIR_TEST_POSTGRES_URL: "x" }).port, 8080);
});

test("a file that is named and missing is a problem", () => {
  const file = join(folder, "none.yaml");
  assert.match(
    problemsOf(() => loadConfig({ file, environment: {}, directory: folder })),
    /none\.yaml: cannot be read/,
  );
});
