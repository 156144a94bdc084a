// Compiles the engine's launcher where the repository brings none for this machine. Without a compiler nothing is
// lost yet: storage/engine has a second way on Linux, and says in one sentence when there is none.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./paths.mjs";

export function ensureEngineLauncher() {
  if (process.platform !== "linux" && process.platform !== "darwin") return;
  const binary = join(root, "storage", "engine", "bin", `launcher-${process.platform}-${process.arch}`);
  const source = join(root, "storage", "engine", "launcher.c");
  if (existsSync(binary) || !existsSync(source)) return;
  mkdirSync(dirname(binary), { recursive: true });
  for (const compiler of ["cc", "gcc", "clang"]) {
    const result = spawnSync(compiler, ["-O2", "-o", binary, source, "-ldl"], { encoding: "utf8" });
    if (result.status === 0) {
      process.stderr.write(`Compiled the engine's launcher for ${process.platform} ${process.arch}\n`);
      return;
    }
  }
}
