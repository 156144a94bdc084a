// Brings a fresh or stale checkout to where Weir runs: packages as the lock file says (Node 24 is one of them) and the
// built web UI. Plain JavaScript for Node 20 with nothing installed; does nothing, quickly, when all is there.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** Node 24, as the lock file pins it. */
export const nodePath = join(root, "node_modules/.bin/node");
const installStamp = join(root, "node_modules/.weir-install");
const uiStamp = join(root, "web/dist/.weir-build");
const lockFolder = join(root, ".setup");

/** Installs and builds what is missing or stale. Two at once wait for each other. */
export async function setUp() {
  if (isInstalled() && isUiBuilt()) return;
  await locked(async () => {
    if (!isInstalled()) await install();
    if (!isUiBuilt()) await buildUi();
  });
}

function isInstalled() {
  return existsSync(nodePath) && readText(installStamp) === installHash();
}

function isUiBuilt() {
  return readText(uiStamp) === uiHash();
}

async function install() {
  const started = Date.now();
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const total = Object.entries(lock.packages).filter(([path, entry]) => path.includes("node_modules/") && fits(entry)).length;
  say(`Installing ${total} packages from the lock file (Node 24 and the ClickHouse library are among them; about 400 MB to download once)`);
  rmSync(installStamp, { force: true });
  const ticker = setInterval(() => say(`  ${countPackages()} of ${total} packages, ${seconds(started)}`), 5000);
  try {
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  } finally {
    clearInterval(ticker);
  }
  if (!existsSync(nodePath)) {
    throw new Error(
      `Weir needs Node 24, which the lock file brings for Linux on x64 and arm64; on ${process.platform}-${process.arch} install Node 24 yourself and link it as node_modules/.bin/node.`,
    );
  }
  writeFileSync(installStamp, installHash());
  say(`Packages installed in ${seconds(started)}`);
}

async function buildUi() {
  const started = Date.now();
  say("Building the web UI");
  await run(nodePath, [join(root, "node_modules/vite/bin/vite.js"), "build", join(root, "web"), "--logLevel", "warn"]);
  writeFileSync(uiStamp, uiHash());
  say(`Web UI built in ${seconds(started)}`);
}

function fits(entry) {
  if (entry.link) return false;
  const matches = (list, value) => !list || list.includes(value);
  return matches(entry.os, process.platform) && matches(entry.cpu, process.arch) && matches(entry.libc, "glibc");
}

function countPackages() {
  const folder = join(root, "node_modules");
  if (!existsSync(folder)) return 0;
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .reduce((sum, name) => sum + (name.startsWith("@") ? readdirSync(join(folder, name)).length : 1), 0);
}

function installHash() {
  return hash([process.platform, process.arch, readText(join(root, "package-lock.json"))]);
}

function uiHash() {
  const files = [...sources("web"), ...sources("api/contract"), ...sources("model"), "package-lock.json"];
  return hash(files.flatMap((file) => [file, readText(join(root, file))]));
}

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== "dist" && name !== "node_modules" && !/\.test\.ts$/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** Runs `work` while no other set-up of this checkout runs; a lock left by a dead process is taken over. */
async function locked(work) {
  mkdirSync(lockFolder, { recursive: true });
  const lock = join(lockFolder, "lock");
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!isAlive(Number(readText(lock))) && Date.now() - ageMs(lock) > 1000) rmSync(lock, { force: true });
    else if (!told) say("Another set-up of this checkout is running; waiting for it");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  try {
    await work();
  } finally {
    release();
    process.removeListener("exit", release);
  }
}

function ageMs(file) {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return Date.now();
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Runs a command in the checkout; resolves when it exits with 0, and shows its output only as it comes. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.once("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0] ?? ""} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** Replaces this process by Node 24 running `script`; where this Node cannot, stays as its parent. */
export function becomeNode24(script, args) {
  const argv = [join(root, script), ...args];
  if (typeof process.execve === "function") process.execve(nodePath, [nodePath, ...argv], process.env);
  const child = spawn(nodePath, argv, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function hash(texts) {
  const sum = createHash("sha256");
  for (const text of texts) sum.update(`${text}\0`);
  return sum.digest("hex");
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
