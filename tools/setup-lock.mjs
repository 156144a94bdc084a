// One set-up at a time in one checkout: two `npm start` at once must not write node_modules together.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

const folder = join(root, ".setup");
const lockFolder = join(folder, "lock");
const ownerFile = join(lockFolder, "pid");

/** Runs `work` while no other process of this checkout is in here. Waits for as long as the other one lives. */
export async function withSetupLock(work) {
  mkdirSync(folder, { recursive: true });
  let said = false;
  while (!tryTake()) {
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

function tryTake() {
  try {
    mkdirSync(lockFolder);
    writeFileSync(ownerFile, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (ownerIsGone()) rmSync(lockFolder, { recursive: true, force: true });
    return false;
  }
}

// A folder without a pid is one that its owner has just made; it gets a second look after the pause.
let emptySince = 0;
function ownerIsGone() {
  let pid;
  try {
    pid = Number(readFileSync(ownerFile, "utf8"));
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
