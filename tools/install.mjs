// Installs what package-lock.json says when it is missing or stale.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPackages, neededPackages, readLock, readProjectLock } from "./lock-file.mjs";
import { hasWeirNode, modules, root, withoutTools } from "./paths.mjs";
import { withProgress } from "./progress.mjs";
import { withSetupLock } from "./setup-lock.mjs";

const stampFile = join(modules, ".weir-setup.json");

/** What each purpose installs. `run` is enough for `npm start`: two thirds of the packages, and no test tools. */
const workspacesOf = { run: ["server", "web", "demo"], all: undefined };

/** Makes node_modules hold at least what `purpose` ("run" or "all") needs. Costs a few ms when it does already. */
export async function ensureInstalled(purpose) {
  if (isSufficient(readStamp(), purpose)) return;
  await withSetupLock(async () => {
    const stamp = readStamp();
    if (isSufficient(stamp, purpose)) return;
    if (adoptExisting(purpose)) return;
    const level = stamp?.level === "all" ? "all" : purpose;
    await install(level, stamp !== undefined);
    writeStamp(level);
  });
}

/** Of what an install is made from: the lock, and what the manifests depend on. */
function wantedHash() {
  const lock = readProjectLock(root);
  const dependencies = Object.values(lock.packages).map((entry) => [
    entry.version,
    entry.dependencies,
    entry.optionalDependencies,
    entry.devDependencies,
  ]);
  const text = JSON.stringify([process.platform, process.arch, Object.keys(lock.packages), dependencies]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined;
  }
}

function writeStamp(level) {
  writeFileSync(stampFile, `${JSON.stringify({ level, hash: wantedHash() })}\n`);
}

function isSufficient(stamp, purpose) {
  return stamp !== undefined && (stamp.level === "all" || stamp.level === purpose) && stamp.hash === wantedHash();
}

/** Somebody ran npm by hand, or little has changed: what is there in the right versions is used as it is. */
function adoptExisting(purpose) {
  const hiddenLock = join(modules, ".package-lock.json");
  if (!existsSync(hiddenLock) || !hasWeirNode()) return false;
  const lock = readProjectLock(root);
  const installed = readLock(hiddenLock);
  for (const level of ["all", purpose]) {
    if (missingPackages(lock, installed, workspacesOf[level]).length > 0) continue;
    writeStamp(level);
    return true;
  }
  return false;
}

async function install(level, incremental) {
  const lock = readProjectLock(root);
  const needed = [...neededPackages(lock, workspacesOf[level])];
  const selection = (workspacesOf[level] ?? []).flatMap((name) => ["-w", name]);
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  // `npm ci` starts from nothing; an install that exists already is brought up to date in place.
  const command = incremental ? ["install", "--no-save", ...selection, ...quiet] : ["ci", ...selection, ...quiet];
  const title = `Installing ${needed.length} packages${level === "run" ? " (npm test adds its own tools later)" : ""}`;
  await withProgress(
    title,
    () => `${countUnpacked(needed)} of ${needed.length},`,
    () => runNpm(command),
  );
  process.stderr.write(`  node_modules holds ${sizeMb()} MB\n`);
}

/** npm makes all the folders first and fills them then; a package's manifest shows that it was reached. */
function countUnpacked(paths) {
  return paths.filter((path) => existsSync(join(root, path, "package.json"))).length;
}

function sizeMb() {
  const measured = spawnSync("du", ["-sm", modules], { encoding: "utf8" });
  return measured.stdout?.split("\t")[0] || "?";
}

/** Runs npm outside of node_modules' own Node; its output is shown only when it fails. */
function runNpm(args) {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd: root, env: npmEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
      });
    child.on("error", (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(" ")} failed:\n${output.trim()}`));
    });
  });
}

// Inside `npm start`, npm hands its own settings down; those of the outer run (workspace, omit …) must not leak in.
function npmEnvironment() {
  const entries = Object.entries(withoutTools()).filter(
    ([name]) => !/^npm_(config_(workspace|omit|include|production)|lifecycle|package)/i.test(name),
  );
  return Object.fromEntries(entries);
}
