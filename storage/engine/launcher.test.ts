import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CodedError } from "@weir/model";
import { committedLauncher, compileLauncher, findLauncher } from "./launcher.ts";

const directory = await mkdtemp(join(tmpdir(), "weir-launcher-"));
after(() => rm(directory, { recursive: true, force: true }));

/** The compiler whose output is committed; another one gives other bytes. */
const compilerOfRecord = /Debian 12\.2\.0-14/;
const versionOf = (compiler: string) => spawnSync(compiler, ["--version"], { encoding: "utf8" }).stdout ?? "";
const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;
const linux = process.platform === "linux";

const targets = [
  { target: "linux-x64", compiler: process.arch === "x64" ? "gcc" : "x86_64-linux-gnu-gcc" },
  { target: "linux-arm64", compiler: process.arch === "arm64" ? "gcc" : "aarch64-linux-gnu-gcc" },
];

for (const { target, compiler } of targets) {
  const skip = !linux || !isThere(compiler);
  test(`the committed ${target} launcher is what its source compiles to`, { skip }, async (context) => {
    const rebuilt = join(directory, target);
    await compileLauncher(rebuilt, [compiler]);
    if (!compilerOfRecord.test(versionOf(compiler))) return context.skip("another compiler gives other bytes");
    const [committed, fresh] = await Promise.all([readFile(committedLauncher(target)), readFile(rebuilt)]);
    assert.ok(committed.equals(fresh), "compile it again: see committedLauncher");
  });
}

interface Ended {
  code: number;
  words: string;
}

function runProgram(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(file, args, (error, _, words) => done({ code: Number(error?.code ?? 0), words: words.trim() }));
  });
}

async function checkContract(run: (...args: string[]) => Promise<Ended>): Promise<void> {
  const me = String(process.pid);
  assert.deepEqual((await run()).code, 2);
  assert.deepEqual(await run("/no/library.so", "1", "clickhouse"), { code: 3, words: "the parent process is gone" });
  const missing = await run("/no/library.so", me, "clickhouse");
  assert.equal(missing.code, 4);
  assert.match(missing.words, /\/no\/library\.so: cannot open/);
  assert.deepEqual(await run("libc.so.6", me, "clickhouse"), {
    code: 4,
    words: "the library has no chdb_query_cmdline",
  });
}

test("the committed launcher keeps its contract", { skip: !linux }, () =>
  checkContract((...args) => runProgram(committedLauncher(`linux-${process.arch}`), ...args)),
);

test("a launcher compiled here keeps its contract", { skip: !linux || !isThere("cc") }, async () => {
  const file = join(directory, "compiled");
  await compileLauncher(file);
  await checkContract((...args) => runProgram(file, ...args));
});

const armSysroot = "/usr/aarch64-linux-gnu";
const canEmulate = process.arch === "x64" && isThere("qemu-aarch64") && isThere("aarch64-linux-gnu-gcc");
test("the arm64 launcher keeps its contract, emulated", { skip: !linux || !canEmulate }, () =>
  checkContract((...args) => runProgram("qemu-aarch64", "-L", armSysroot, committedLauncher("linux-arm64"), ...args)),
);

test("both launchers ask for the oldest glibc symbols alone", async () => {
  for (const { target } of targets) {
    const text = (await readFile(committedLauncher(target))).toString("latin1");
    const versions = new Set(text.match(/GLIBC_[\d.]+/g));
    assert.deepEqual([...versions], [target === "linux-x64" ? "GLIBC_2.2.5" : "GLIBC_2.17"]);
  }
});

test("the launcher found is the committed one", { skip: !linux }, async () => {
  assert.deepEqual(await findLauncher(directory), {
    file: committedLauncher(`linux-${process.arch}`),
    leadingArguments: [],
  });
});

test("without a compiler, one sentence says what to do", async () => {
  await assert.rejects(
    () => compileLauncher(join(directory, "none"), ["no-such-compiler"]),
    (error) => error instanceof CodedError && error.code === "ENGINE_UNSUPPORTED",
  );
});
