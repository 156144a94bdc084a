import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { CodedError } from "@weir/model";
import { engineTarget, findEngineLibrary } from "./library.ts";

const glibc = { hasGlibc: true };

for (const [platform, arch] of [
  ["linux", "x64"],
  ["linux", "arm64"],
  ["darwin", "x64"],
  ["darwin", "arm64"],
] as const)
  test(`${platform}-${arch} has an engine`, () => {
    assert.equal(engineTarget({ platform, arch, ...glibc }), `${platform}-${arch}`);
  });

for (const [machine, words] of [
  [{ platform: "win32", arch: "x64", ...glibc }, "win32-x64"],
  [{ platform: "linux", arch: "riscv64", ...glibc }, "linux-riscv64"],
  [{ platform: "linux", arch: "x64", hasGlibc: false }, "without glibc"],
] as const)
  test(`${words} has none, and is told so in one sentence`, () => {
    assert.throws(
      () => findEngineLibrary(machine),
      (error) =>
        error instanceof CodedError &&
        error.code === "ENGINE_UNSUPPORTED" &&
        error.message.includes(words) &&
        /^[^.]+WEIR_CLICKHOUSE_URL[^.]+\.$/.test(error.message),
    );
  });

test("the library of this machine is found", () => {
  assert.ok(existsSync(findEngineLibrary()));
});
