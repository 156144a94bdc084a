// Adds stub entries to package-lock.json for platform packages that npm could not resolve when the lock was
// written, so that `npm ci` accepts the lock on every platform (it fails with "Missing: … from lock file" otherwise).
// Run it after each change of the lock: `node tools/lock-stubs.mjs`.
import { readFileSync, writeFileSync } from "node:fs";

const lockPath = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(lockPath, "utf8"));
const osNames = ["darwin", "linux", "win32", "freebsd", "openbsd", "netbsd", "android", "openharmony", "sunos", "aix"];
const cpuNames = ["x64", "arm64", "arm", "ia32", "riscv64", "loong64", "ppc64", "s390x"];
let added = 0;

for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path]) continue;
    const words = name.split(/[-/]/);
    const os = osNames.filter((word) => words.includes(word));
    const cpu = cpuNames.filter((word) => words.includes(word));
    if (os.length === 0 || !/^\d/.test(version)) continue;
    lock.packages[path] = { version, os, ...(cpu.length > 0 && { cpu }), optional: true };
    added += 1;
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform stubs added`);
