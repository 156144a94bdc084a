// `npm test`: sets up what is missing and runs everything, part by part. `npm test -- types unit` runs some.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { programFolders, root, say, weirNode, withTools } from "./paths.mjs";
import { setUp } from "./setup.mjs";

const unitFolders = [...programFolders, "web", "demo", "tools"];
/** Biome colours its output letter by letter, which makes a log unreadable. */
const plainWithoutTerminal = process.stdout.isTTY ? [] : ["--colors=off"];
/** Of one test. It ends what hangs; a machine that is busy otherwise is not to be judged by it. */
const testTimeoutMs = 900_000;
const counts = { pass: 0, fail: 0, skipped: 0 };

/** Debian packages that tests need: the file that shows it is there, and what it is for. */
const packages = [
  { name: "chromium", present: () => existsSync("/usr/bin/chromium"), purpose: "the browser tests" },
  { name: "postgresql", present: () => existsSync("/usr/lib/postgresql"), purpose: "the catalog on PostgreSQL" },
  {
    name: "prometheus",
    present: () => existsSync("/usr/bin/promtool"),
    purpose: "the rules and dashboards of deploy/",
  },
  { name: "gcc", present: () => existsSync("/usr/bin/gcc"), purpose: "rebuilding the engine's launcher" },
  {
    name: "libc6-dev",
    present: () => existsSync("/usr/include/stdlib.h"),
    purpose: "rebuilding the engine's launcher",
  },
];

const parts = {
  packages: installPackages,
  types: async () => {
    await tool("typescript/bin/tsc", "-p", ".");
    await tool("typescript/bin/tsc", "-p", "web");
  },
  lint: () => tool("@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...plainWithoutTerminal, "."),
  unused: () => tool("knip/bin/knip.js"),
  unit: () =>
    tests(
      unitFolders.map((name) => `${name}/**/*.test.{ts,mjs}`),
      2,
    ),
  e2e: () =>
    tests(
      e2eFiles((file) => !isBrowserTest(file)),
      1,
    ),
  browser: () => tests(e2eFiles(isBrowserTest), 1),
};

/** The parts that count their own tests; each other part counts as one. */
const testParts = new Set(["unit", "e2e", "browser"]);

if (process.argv.includes("--help")) {
  say(`npm test [-- PART…] [--no-PART…]   parts: ${Object.keys(parts).join(" ")} (all, when none is named)`);
  process.exit(0);
}

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const unwanted = process.argv
  .slice(2)
  .flatMap((word) => (word.startsWith("--no-") ? [word.slice("--no-".length)] : []));
const unknown = [...wanted, ...unwanted].filter((name) => !(name in parts));
if (unknown.length > 0) {
  say(`There is no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}.`);
  process.exit(2);
}

const failed = [];
try {
  await setUp("all");
  for (const [name, part] of Object.entries(parts)) {
    if ((wanted.length > 0 && !wanted.includes(name)) || unwanted.includes(name)) continue;
    await runPart(name, part);
  }
} catch (error) {
  say(error.message);
  counts.fail += 1;
  failed.push("set-up");
}
if (failed.length > 0) say(`Failed: ${failed.join(", ")}`);
if (counts.skipped > 0) say(`Skipped: ${counts.skipped}, each named above`);
console.log(`${counts.pass} passed, ${counts.fail} failed`);
process.exit(failed.length > 0 ? 1 : 0);

async function runPart(name, part) {
  const started = Date.now();
  say(`── ${name}`);
  const failuresBefore = counts.fail;
  try {
    await part();
    if (!testParts.has(name)) counts.pass += 1;
    say(`── ${name}: ok, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    say(`── ${name}: FAILED, ${error.message}`);
    if (counts.fail === failuresBefore) counts.fail += 1;
    failed.push(name);
  }
}

async function installPackages() {
  const missing = packages.filter(({ present }) => !present());
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const command = `apt-get install -y --no-install-recommends ${names.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      `${missing.map(({ name, purpose }) => `${name} is missing, for ${purpose}`).join("; ")}. Run: sudo ${command}`,
    );
  }
  say(`Installing Debian packages: ${names.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...names], {
    env,
  });
}

function tool(script, ...args) {
  return run(weirNode(), [join(root, "node_modules", script), ...args], { env: withTools() });
}

/** Runs a command in the checkout; resolves when it exits with 0. Its output is shown as it comes. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.once("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0] ?? ""} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

function e2eFiles(wants) {
  const files = readdirSync(join(root, "e2e"), { recursive: true }).filter(
    (file) => file.endsWith(".test.ts") && !file.includes("node_modules"),
  );
  return files.filter(wants).map((file) => `e2e/${file}`);
}

function isBrowserTest(file) {
  return file.includes("browser");
}

/** Runs test files with Node's own runner and adds its counts to the summary. */
function tests(patterns, concurrency) {
  if (patterns.length === 0) throw new Error("there are no tests of this part");
  return new Promise((resolve, reject) => {
    const args = [
      "--test",
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${testTimeoutMs}`,
      "--test-reporter=spec",
      ...(process.env.WEIR_TEST_SEED === undefined ? [] : [`--import=${join(root, "tools/property-seed.mjs")}`]),
      ...patterns,
    ];
    const child = spawn(weirNode(), args, { cwd: root, env: withTools(), stdio: ["ignore", "pipe", "inherit"] });
    let tail = "";
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      tail = (tail + chunk).slice(-200_000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      for (const name of Object.keys(counts))
        counts[name] += Number(tail.match(new RegExp(`ℹ ${name} (\\d+)`))?.[1] ?? 0);
      if (code === 0) resolve();
      else reject(new Error(`tests failed (exit code ${code})`));
    });
  });
}
