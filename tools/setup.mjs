// Brings a fresh or stale checkout to where Weir runs: packages as the lock file says (Node 24 is one of them), the
// engine's launcher and the built web UI. Plain JavaScript for Node 20 with nothing installed; does nothing, quickly,
// when all is there.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureCompiled } from "./compile-cache.mjs";
import { ensureEngineLauncher } from "./engine-launcher.mjs";
import { ensureInstalled } from "./install.mjs";
import { compileCacheFolder, root, weirNode, withTools } from "./paths.mjs";
import { ensureWebBuilt } from "./web-build.mjs";

/**
 * Installs and builds what is missing or stale: for the command ("command"), for running Weir with its web UI ("run"),
 * or for its tests too ("all").
 */
export async function setUp(purpose) {
  await ensureInstalled(purpose === "all" ? "all" : "run");
  if (purpose !== "command") {
    ensureEngineLauncher();
    await ensureWebBuilt();
  }
  ensureCompiled();
}

/** Replaces this process by Node 24 running `script`; where this Node cannot, stays as its parent. */
export function becomeWeir(script, args) {
  const argv = [join(root, script), ...args];
  const node = weirNode();
  const environment = { NODE_COMPILE_CACHE: compileCacheFolder, ...withTools() };
  if (typeof process.execve === "function") process.execve(node, [node, ...argv], environment);
  const child = spawn(node, argv, { stdio: "inherit", env: environment });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
