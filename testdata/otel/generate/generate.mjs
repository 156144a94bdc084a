// Runs real packages against the mock provider and keeps what they emit as OTLP JSON:
//
//   node testdata/otel/generate/generate.mjs [--check] [PACKAGE…]
//
// JavaScript packages are installed into js/node_modules, Python packages into .venv/<name> here (WEIR_OTEL_VENVS names
// another folder that has them), when they are missing. Ids, times and ports are replaced, so that a run gives the same
// bytes as the one before. --check writes nothing and fails when a capture would change.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startMockProvider } from "../../../demo/mock-provider.ts";
import { scrub } from "./scrub.mjs";

const here = import.meta.dirname;
const captures = join(here, "..");

const js = (folder, packages, script, ...args) => ({ folder, packages, command: jsCommand, script, args });
const py = (folder, venv, packages, script, ...args) => ({ folder, venv, packages, command: pyCommand, script, args });

/** Folder of captures ← emitter. `packages` are those whose versions tell what was captured. */
const emitters = [
  js("ai-sdk-4", ["ai-v4", "ai-openai-v1"], "ai-sdk.mjs", "4"),
  js("ai-sdk-5", ["ai-v5", "ai-openai-v2"], "ai-sdk.mjs", "5"),
  js("ai-sdk-7", ["ai", "@ai-sdk/otel", "@ai-sdk/openai", "@ai-sdk/anthropic"], "ai-sdk.mjs", "7"),
  js("traceloop-openai-js", ["@traceloop/instrumentation-openai", "openai"], "openai.mjs", "traceloop"),
  js("traceloop-anthropic-js", ["@traceloop/instrumentation-anthropic", "anthropic-sdk-v0"], "anthropic.mjs", "traceloop"),
  js("openinference-openai-js", ["@arizeai/openinference-instrumentation-openai", "openai"], "openai.mjs", "openinference"),
  js(
    "openinference-anthropic-js",
    ["@arizeai/openinference-instrumentation-anthropic", "anthropic-sdk-v0"],
    "anthropic.mjs",
    "openinference",
  ),
  js("opentelemetry-openai-js", ["@opentelemetry/instrumentation-openai", "openai"], "openai.mjs", "opentelemetry"),
  js("anthropic-sdk-js", ["@anthropic-ai/sdk"], "anthropic.mjs", "own"),
  py("openllmetry", "openllmetry", ["traceloop-sdk", "openai", "anthropic"], "openllmetry.py"),
  py(
    "openinference",
    "openinference",
    [
      "openinference-instrumentation-openai",
      "openinference-instrumentation-anthropic",
      "openinference-instrumentation-langchain",
      "openinference-instrumentation-llama-index",
      "langchain",
      "llama-index-core",
    ],
    "openinference_sdk.py",
  ),
  py(
    "opentelemetry-openai-v2",
    "opentelemetry-openai-v2",
    ["opentelemetry-instrumentation-openai-v2", "openai"],
    "opentelemetry_openai_v2.py",
    "old",
  ),
  py("pydantic-ai", "pydantic-ai", ["pydantic-ai-slim"], "pydanticai.py"),
  py("haystack", "haystack", ["haystack-ai", "opentelemetry-haystack"], "haystack_pipeline.py"),
  py("openlit", "openlit", ["openlit", "openai", "anthropic"], "openlit_sdk.py"),
  py("langfuse", "langfuse", ["langfuse", "openai"], "langfuse_sdk.py"),
  py("mlflow", "mlflow", ["mlflow-tracing", "openai"], "mlflow_autolog.py"),
  py("langsmith", "langsmith", ["langsmith", "openai"], "langsmith_otel.py"),
];

function jsCommand({ script, args }) {
  const folder = join(here, "js");
  if (!existsSync(join(folder, "node_modules"))) {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return { program: process.execPath, args: [join(folder, script), ...args], cwd: folder };
}

function pyCommand({ venv, script, args }) {
  const folder = join(here, "python");
  const home = join(process.env.WEIR_OTEL_VENVS ?? join(here, ".venv"), venv);
  const python = join(home, "bin/python");
  if (!existsSync(python)) {
    execFileSync("python3", ["-m", "venv", home], { stdio: "inherit" });
    const requirements = join(folder, "requirements", `${venv}.txt`);
    execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], {
      stdio: "inherit",
    });
  }
  return { program: python, args: [join(folder, script), ...args], cwd: folder };
}

function versionsOf({ venv, packages }) {
  return Object.fromEntries(packages.map((name) => [name, venv === undefined ? jsVersion(name) : pyVersion(venv, name)]));
}

function jsVersion(name) {
  const { dependencies } = JSON.parse(readFileSync(join(here, "js/package.json"), "utf8"));
  return dependencies[name].replace(/^npm:/, "");
}

function pyVersion(venv, name) {
  const lines = readFileSync(join(here, "python/requirements", `${venv}.txt`), "utf8").split("\n");
  return lines.find((line) => line.startsWith(`${name}==`))?.slice(name.length + 2) ?? "unknown";
}

/** Runs an emitter in a process of its own; resolves with its cases. */
async function runApart(emitter, mockUrl) {
  const { program, args, cwd } = emitter.command(emitter);
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    MOCK_URL: mockUrl,
    OTEL_BSP_SCHEDULE_DELAY: "100",
    NODE_NO_WARNINGS: "1",
    PYTHONWARNINGS: "ignore",
    PYTHONHASHSEED: "0",
  };
  const { stdout } = await promisify(execFile)(program, args, { cwd, env, maxBuffer: 1 << 28, timeout: 300_000 });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1));
}

const isCheck = process.argv.includes("--check");
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
let changed = 0;
for (const emitter of emitters) {
  if (wanted.length > 0 && !wanted.includes(emitter.folder)) continue;
  // A mock of its own: what an emitter sees must not depend on who ran before it.
  await using mock = await startMockProvider({ pace: 0 });
  const port = new URL(mock.url).port;
  // The mock answers in this process, so the emitter must not block it.
  const cases = await runApart(emitter, mock.url);
  const folder = join(captures, emitter.folder);
  mkdirSync(folder, { recursive: true });
  const files = new Map();
  for (const [name, captured] of Object.entries(cases)) {
    if (captured.traces.resourceSpans === undefined || captured.traces.resourceSpans.length === 0) continue;
    const whole = { packages: versionsOf(emitter), ...scrub(captured, port) };
    files.set(`${name}.json`, `${JSON.stringify(whole, null, 1)}\n`);
  }
  for (const [file, text] of files) {
    const path = join(folder, file);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    changed += 1;
    console.log(`${isCheck ? "would change" : "wrote"} ${emitter.folder}/${file}`);
    if (!isCheck) writeFileSync(path, text);
  }
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".expected.json") || files.has(file)) continue;
    changed += 1;
    console.log(`${isCheck ? "would remove" : "removed"} ${emitter.folder}/${file}`);
    if (!isCheck) rmSync(join(folder, file));
  }
}
console.log(`${changed} captures ${isCheck ? "differ" : "changed"}`);
process.exitCode = isCheck && changed > 0 ? 1 : 0;
