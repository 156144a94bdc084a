import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentTelemetry } from "@weir/model";
import fc from "fast-check";
import { parseGivenKeys } from "./key-ring.ts";
import { readMasterKey, readOrCreateMasterKey } from "./master-key.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { seal, unseal } from "./sealing.ts";
import { maskSecret, newKeySecret, secretHash } from "./secret-text.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-secrets-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const keyFile = (name: string) => join(folder, name, "secret.key");

test("a master key is made once, whole, for this user alone", () => {
  const file = keyFile("made");
  assert.equal(readMasterKey(file), undefined);
  const key = readOrCreateMasterKey(file, silentTelemetry);
  assert.deepEqual(readOrCreateMasterKey(file, silentTelemetry), key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, "made")), ["secret.key"]);
  assert.equal(key.bytes.length, 32);
});

test("a file that holds no key is refused, never replaced", () => {
  const file = keyFile("made");
  for (const content of ["", "short", "x".repeat(44), "!".repeat(43)]) {
    writeFileSync(file, content);
    assert.throws(() => readOrCreateMasterKey(file, silentTelemetry), { code: "CONFIG_INVALID" }, content);
  }
});

test("a master key that others can read is refused", () => {
  const file = keyFile("exposed");
  const { id } = readOrCreateMasterKey(file, silentTelemetry);
  for (const mode of [0o644, 0o604, 0o660, 0o620, 0o601]) {
    chmodSync(file, mode);
    assert.throws(() => readMasterKey(file), { code: "CONFIG_INVALID", message: /chmod 600/ }, mode.toString(8));
  }
  chmodSync(file, 0o400);
  assert.equal(readMasterKey(file)?.id, id);
});

test("given keys are base64 of either alphabet, the newest first; nothing of them is in an error", () => {
  const [one, two] = [randomBytes(32), randomBytes(32)];
  for (const text of [
    one.toString("base64"),
    `${one.toString("base64url")}\n`,
    `${one.toString("base64")}, ${two.toString("base64url")}`,
    `  ${one.toString("base64url")}\r\n${two.toString("base64")}\n`,
  ]) {
    const [first, ...others] = parseGivenKeys(text, "here").keys;
    assert.deepEqual(first.bytes, one);
    for (const key of others) assert.deepEqual(key.bytes, two);
  }
  const wrong = one.toString("hex");
  for (const text of ["", " ", wrong, `${one.toString("base64")} ${wrong}`, one.toString("base64").slice(2)]) {
    assert.throws(
      () => parseGivenKeys(text, "WEIR_MASTER_KEY"),
      (error: Error) => {
        assert.match(error.message, /^WEIR_MASTER_KEY gives no master key/);
        assert.equal(error.message.includes(text.trim().slice(0, 20) || "nothing"), false);
        return true;
      },
    );
  }
});

const key = readOrCreateMasterKey(keyFile("sealing"), silentTelemetry);
const otherKey = readOrCreateMasterKey(keyFile("other"), silentTelemetry);

test("what is sealed opens with the same key and binding, and with no other", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.array(fc.string()), (secret, binding) => {
      const sealed = seal(secret, key, binding);
      assert.equal(unseal(sealed, key, binding), secret);
      assert.equal(unseal(sealed, otherKey, binding), undefined);
      assert.equal(unseal(sealed, { ...otherKey, id: key.id }, binding), undefined);
      assert.equal(unseal(sealed, key, [...binding, ""]), undefined);
    }),
  );
});

test("a changed seal does not open, and nothing throws", () => {
  const sealed = seal("sk-secret", key, ["a"]);
  assert.notEqual(sealed, seal("sk-secret", key, ["a"]));
  fc.assert(
    fc.property(fc.nat(sealed.length - 2), fc.constantFrom("A", "b", ".", "_"), (at, replacement) => {
      const changed = sealed.slice(0, at) + replacement + sealed.slice(at + 1);
      if (changed !== sealed) assert.equal(unseal(changed, key, ["a"]), undefined);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => assert.equal(unseal(text, key, []), undefined)));
});

test("passwords are argon2id, salted, and verified whatever is stored", async () => {
  const [one, two] = [await hashPassword("pass wörd"), await hashPassword("pass wörd")];
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.notEqual(one, two);
  assert.equal(await verifyPassword("pass wo\u0308rd", one), true, "the same text in another Unicode form");
  assert.equal(await verifyPassword("pass word", one), false);
  for (const stored of [null, "", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$AA$AA"]) {
    assert.equal(await verifyPassword("", stored).catch(() => false), false);
  }
});

test("an unknown user takes as long as a wrong password", async () => {
  const stored = await hashPassword("x");
  const time = async (hash: string | null) => {
    const start = performance.now();
    for (let index = 0; index < 3; index++) await verifyPassword("wrong", hash);
    return performance.now() - start;
  };
  const ratio = (await time(null)) / (await time(stored));
  assert.ok(ratio > 0.05 && ratio < 20, String(ratio));
});

test("keys are recognised by their hash and shown by their ends", () => {
  const secret = newKeySecret();
  assert.match(secret, /^weir_[\w-]{43}$/);
  assert.match(secretHash(secret), /^[0-9a-f]{64}$/);
  assert.deepEqual(
    [maskSecret(secret), maskSecret("shorttext"), maskSecret("a long text of somebody's own")],
    [`weir_…${secret.slice(-4)}`, "…", "… own"],
  );
});
