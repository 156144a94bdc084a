// Compiles our TypeScript once, after the install and after each change: without it the first start of each process
// would load the compiler, which costs a second and 30 MB of memory for as long as it runs.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileCacheFolder, programFolders, root, weirNode } from "./paths.mjs";

const stampFile = join(compileCacheFolder, "sources");
const processFlags = JSON.parse(readFileSync(join(root, "server", "processes", "v8-flags.json"), "utf8"));
/** What the processes load, as `server/main.ts` does; the flags are part of the cache's key. */
const programs = [
  { flags: [], names: ["command-line"] },
  { flags: processFlags, names: ["run-supervisor", "play-role", "role-gateway", "role-ingest", "role-core"] },
];

/** Never fails: what is not compiled now is compiled when it is loaded. */
export function ensureCompiled() {
  const hash = sourcesHash();
  if (readStamp() === hash) return;
  if (!programs.every(compile)) return;
  mkdirSync(compileCacheFolder, { recursive: true });
  writeFileSync(stampFile, hash);
}

function compile({ flags, names }) {
  const imports = names.map((name) => `import(${JSON.stringify(pathToFileURL(join(root, "server", `${name}.ts`)))})`);
  const script = `await Promise.all([${imports}]); process.exit(0)`;
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCacheFolder };
  const args = [...flags, "--input-type=module", "--eval", script];
  return spawnSync(weirNode(), args, { env, stdio: "ignore" }).status === 0;
}

function readStamp() {
  try {
    return readFileSync(stampFile, "utf8");
  } catch {
    return undefined;
  }
}

function sourcesHash() {
  const hash = createHash("sha256").update(processFlags.join(" "));
  for (const folder of programFolders) {
    for (const name of readdirSync(join(root, folder), { recursive: true })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const { size, mtimeMs } = statSync(join(root, folder, name));
      hash.update(`${folder}/${name} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}
