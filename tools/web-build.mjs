// Builds the web UI when web/dist is missing or older than what it is made of.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, weirNode, withTools } from "./paths.mjs";
import { withProgress } from "./progress.mjs";
import { withSetupLock } from "./setup-lock.mjs";

const stampFile = join(root, "web", "dist", ".build-stamp");
const sources = ["web", "api/contract", "model", "package-lock.json"];

export async function ensureWebBuilt() {
  if (isFresh()) return;
  await withSetupLock(async () => {
    if (isFresh()) return;
    const hash = sourceHash();
    await withProgress("Building the web UI", () => "", build);
    writeFileSync(stampFile, hash);
  });
}

function isFresh() {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === sourceHash();
}

function sourceHash() {
  const hash = createHash("sha256");
  for (const source of sources) addToHash(hash, source);
  return hash.digest("hex");
}

function addToHash(hash, path) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return;
  if (path.includes(".")) {
    if (!/\.test\.|\.md$/.test(path)) hash.update(path).update(readFileSync(absolute));
    return;
  }
  for (const entry of readdirSync(absolute, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = `${path}/${entry.name}`;
    if (entry.name === "dist" || entry.name === "node_modules" || entry.name === "testdata") continue;
    if (entry.isDirectory()) addToHash(hash, inner);
    else if (!/\.test\.|\.md$/.test(entry.name)) hash.update(inner).update(readFileSync(join(root, inner)));
  }
}

function build() {
  return new Promise((resolve, reject) => {
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const child = spawn(weirNode(), [vite, "build", "--logLevel", "warn"], {
      cwd: join(root, "web"),
      env: withTools(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
      });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`The web UI did not build:\n${output.trim()}`)),
    );
  });
}
