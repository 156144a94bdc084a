// Where things are, and which Node runs them. Plain JavaScript for Node 20 and newer: nothing is installed yet.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
/** The workspaces that the processes load, in the order of their layers. */
export const programFolders = [
  "model",
  "otlp",
  "query",
  "catalog",
  "pipeline",
  "storage",
  "receivers",
  "gateway",
  "api",
  "cli",
  "export",
  "server",
];
export const modules = join(root, "node_modules");
/** Where Node keeps our compiled TypeScript. */
export const compileCacheFolder = join(modules, ".cache", "weir-compile");
/** Node 24, as the lock file pins it. */
const installedNode = join(modules, ".bin", "node");
const wantedNodeMajor = 24;

/** Whether there is a Node that runs Weir: an install without optional packages brings none. */
export function hasWeirNode() {
  return existsSync(installedNode) || Number(process.versions.node.split(".")[0]) >= wantedNodeMajor;
}

/** The Node that runs Weir: the one that the lock file names, or the running one where it is new enough. */
export function weirNode() {
  if (existsSync(installedNode)) return installedNode;
  if (Number(process.versions.node.split(".")[0]) >= wantedNodeMajor) return process.execPath;
  throw new Error(
    `Weir needs Node ${wantedNodeMajor}, which the lock file brings for Linux on x64 and arm64; on ${process.platform} ${process.arch} install Node ${wantedNodeMajor} yourself and run the same command with it.`,
  );
}

/** The environment with the installed tools first on PATH. */
export function withTools(environment = process.env) {
  return { ...environment, PATH: `${join(modules, ".bin")}${delimiter}${environment.PATH ?? ""}` };
}

/** The environment without any node_modules/.bin on PATH: what npm itself runs in while it replaces them. */
export function withoutTools(environment = process.env) {
  const entries = (environment.PATH ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
  return { ...environment, PATH: entries.join(delimiter) };
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}
