// One set-up at a time in one checkout: two `npm start` at once must not write node_modules together.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

/** Runs `work` while no other process of this checkout is in here. Waits for as long as the other one lives. */
export async function withSetupLock(work, folder = join(root, ".setup")) {
  mkdirSync(folder, { recursive: true });
  const lockFolder = join(folder, "lock");
  let said = false;
  while (!tryTake(lockFolder)) {
    if (!said) process.stderr.write("Another set-up of this checkout is under way; waiting for it …\n");
    said = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(lockFolder, { recursive: true, force: true });
  process.on("exit", release);
  try {
    return await work();
  } finally {
    release();
    process.off("exit", release);
  }
}

function tryTake(lockFolder) {
  try {
    mkdirSync(lockFolder);
    writeFileSync(join(lockFolder, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (ownerIsGone(lockFolder)) removeDeadLock(lockFolder);
    return false;
  }
}

/** One remover at a time, which looks again: it must not remove the lock that another has taken meanwhile. */
function removeDeadLock(lockFolder) {
  const removing = `${lockFolder}.removing`;
  try {
    mkdirSync(removing);
  } catch {
    if (Date.now() - statSync(removing, { throwIfNoEntry: false })?.mtimeMs > 10_000)
      rmSync(removing, { recursive: true });
    return;
  }
  if (ownerIsGone(lockFolder)) rmSync(lockFolder, { recursive: true, force: true });
  rmSync(removing, { recursive: true, force: true });
}

// A folder without a pid is one that its owner has just made; it gets a second look after the pause.
let emptySince = 0;
function ownerIsGone(lockFolder) {
  let pid;
  try {
    pid = Number(readFileSync(join(lockFolder, "pid"), "utf8"));
  } catch {
    pid = 0;
  }
  if (!pid) {
    emptySince ||= Date.now();
    return Date.now() - emptySince > 5000;
  }
  emptySince = 0;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}
