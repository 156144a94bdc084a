import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { GivenKeys } from "@weir/catalog";
import { readGivenKeys } from "./given-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-given-keys-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const key = randomBytes(32);
const text = key.toString("base64");

function fileWith(content: string, mode: number): string {
  const file = join(folder, `${randomBytes(4).toString("hex")}.key`);
  writeFileSync(file, content, { mode });
  return file;
}

type MasterKey = Parameters<typeof readGivenKeys>[0]["masterKey"];
const read = (masterKey: Partial<MasterKey>, environment: NodeJS.ProcessEnv = {}): Promise<GivenKeys | undefined> =>
  readGivenKeys({ masterKey: { commandTimeoutMs: 10_000, ...masterKey } }, environment);

const program = (source: string) => [process.execPath, "-e", source];

for (const [name, masterKey, environment] of [
  ["the environment", {}, { WEIR_MASTER_KEY: text }],
  ["a file", { file: fileWith(`${text}\n`, 0o600) }, {}],
  ["a command", { command: program(`console.log(${JSON.stringify(text)})`) }, {}],
  ["what a supervisor read from the command", { command: ["/no/such/program"] }, { WEIR_MASTER_KEY: text }],
] as const) {
  test(`the master key comes from ${name}`, async () => {
    assert.deepEqual((await read({ ...masterKey } as Partial<MasterKey>, environment))?.keys[0].bytes, key);
  });
}

test("without any, Weir has a key of its own", async () => {
  assert.equal(await read({}), undefined);
  assert.equal(await read({}, { WEIR_MASTER_KEY: "" }), undefined);
});

for (const [name, masterKey, message] of [
  ["a file that is not there", { file: join(folder, "none.key") }, /does not exist/],
  ["a file that others can read", { file: fileWith(text, 0o644) }, /mode 0644/],
  ["a file without a key", { file: fileWith("nothing", 0o600) }, /gives no master key/],
  ["a program that is not there", { command: ["/no/such/program"] }, /could not be started \(ENOENT\)/],
  ["a program that fails", { command: program(`console.log("${text}"); process.exit(3)`) }, /ended with exit code 3/],
  ["a program that prints something else", { command: program(`console.log("${text}x")`) }, /gives no master key/],
  [
    "a program that never ends",
    { command: program("setInterval(() => {}, 1000)"), commandTimeoutMs: 300 },
    /within 300 ms/,
  ],
  [
    "a program that never stops printing",
    { command: program(`setInterval(() => console.log("${text}".repeat(1000)), 1)`) },
    /more than 65536 bytes/,
  ],
] as const) {
  test(`${name} is refused, and no key is in the error`, async () => {
    await assert.rejects(read({ ...masterKey } as Partial<MasterKey>), (error: Error & { code?: string }) => {
      assert.equal(error.code, "CONFIG_INVALID");
      assert.match(error.message, message);
      const shown = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
      assert.equal(shown.includes(text.slice(0, 20)), false);
      return true;
    });
  });
}
