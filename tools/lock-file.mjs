// Reads package-lock.json: which packages belong to an install, and which of them fit this machine.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function readLock(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** The checkout's lock, with each workspace's dependencies as its own manifest says them, as npm reads it. */
export function readProjectLock(root) {
  const lock = readLock(join(root, "package-lock.json"));
  const manifests = Object.keys(lock.packages).filter((path) => !inModules(path));
  for (const path of manifests) {
    if (existsSync(join(root, path, "package.json"))) lock.packages[path] = readLock(join(root, path, "package.json"));
  }
  return lock;
}

/**
 * The paths (`node_modules/x`) of all packages that these workspaces need, their development dependencies included,
 * as far as they fit this machine. `workspaces` undefined means everything.
 */
export function neededPackages(lock, workspaces) {
  const start = workspaces ?? ["", ...Object.keys(lock.packages).filter((path) => path && !inModules(path))];
  const needed = new Set();
  const queue = [...start];
  const seen = new Set(queue);
  while (queue.length > 0) {
    const from = queue.pop();
    const entry = lock.packages[from];
    for (const name of dependencyNames(entry, !inModules(from))) {
      const path = resolvePackage(lock, from, name);
      if (path === undefined || seen.has(path)) continue;
      seen.add(path);
      const target = lock.packages[path];
      if (target.link) {
        if (!seen.has(target.resolved)) queue.push(target.resolved);
        seen.add(target.resolved);
      } else if (fitsThisMachine(target)) {
        needed.add(path);
        queue.push(path);
      }
    }
  }
  return needed;
}

/** The needed packages that a hidden lock file (`node_modules/.package-lock.json`) does not hold in that version. */
export function missingPackages(lock, installed, workspaces) {
  return [...neededPackages(lock, workspaces)].filter(
    (path) => !lock.packages[path].optional && installed.packages[path]?.version !== lock.packages[path].version,
  );
}

function inModules(path) {
  return path.includes("node_modules/");
}

function dependencyNames(entry, withDevelopment) {
  return Object.keys({
    ...entry?.dependencies,
    ...entry?.optionalDependencies,
    ...entry?.peerDependencies,
    ...(withDevelopment ? entry?.devDependencies : {}),
  });
}

function resolvePackage(lock, from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/")))) {
    if (!base.endsWith("node_modules")) {
      const path = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
      if (lock.packages[path]) return path;
    }
    if (base === "") return undefined;
  }
}

function fitsThisMachine(entry) {
  const fits = (allowed, value) => {
    if (!allowed) return true;
    const list = [allowed].flat();
    if (list.includes(`!${value}`)) return false;
    return list.every((item) => item.startsWith("!")) || list.includes(value);
  };
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch) && fits(entry.libc, libc());
}

function libc() {
  if (process.platform !== "linux") return undefined;
  return process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
}
