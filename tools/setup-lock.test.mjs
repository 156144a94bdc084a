import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "weir-setup-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A process that goes in, writes its turn, stays a while and comes out. */
async function visit(name, file, body = "await new Promise((done) => setTimeout(done, 100));") {
  const script = `import { withSetupLock } from ${JSON.stringify(join(import.meta.dirname, "setup-lock.mjs"))};
    import { appendFileSync } from "node:fs";
    await withSetupLock(async () => {
      appendFileSync(${JSON.stringify(file)}, "${name} in\\n");
      ${body}
      appendFileSync(${JSON.stringify(file)}, "${name} out\\n");
    }, ${JSON.stringify(join(folder, "setup"))});`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
  await once(child, "exit");
}

test("one goes in at a time", async () => {
  const file = join(folder, "turns");
  await Promise.all(["a", "b", "c"].map((name) => visit(name, file)));
  const lines = readFileSync(file, "utf8").trim().split("\n");
  assert.equal(lines.length, 6);
  for (let index = 0; index < 6; index += 2) {
    assert.equal(lines[index + 1], lines[index].replace("in", "out"));
  }
});

test("the lock of a process that died is taken over", async () => {
  mkdirSync(join(folder, "setup", "lock"), { recursive: true });
  writeFileSync(join(folder, "setup", "lock", "pid"), "4194303");
  const file = join(folder, "after-death");
  await visit("d", file);
  assert.equal(readFileSync(file, "utf8"), "d in\nd out\n");
});

test("one that is killed inside blocks nobody", async () => {
  const file = join(folder, "killed");
  await visit("e", file, "process.kill(process.pid, 'SIGKILL');");
  await visit("f", file);
  assert.equal(readFileSync(file, "utf8"), "e in\nf in\nf out\n");
});
