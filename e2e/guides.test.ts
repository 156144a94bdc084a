import assert from "node:assert/strict";
import { type ExecFileException, execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CallSummary, listCalls } from "./calls-api.ts";
import { checkout, Program, Weir } from "./weir-process.ts";

/**
 * Each snippet of docs/guides that says `run` is run as it stands, with nothing but its environment set, against a
 * real Weir before the mock provider; what Weir recorded of it must be whole.
 */

const folder = join(checkout, "docs", "guides");
/** Where the packages are found as in a project of a reader. */
const scratch = join(import.meta.dirname, "sdks", ".guides");
const python = join(import.meta.dirname, ".venv", "bin", "python");

interface Snippet {
  readonly guide: string;
  readonly number: number;
  readonly language: string;
  readonly code: string;
  /** How many calls the gateway must have recorded of it, and how many spans must have come by OTLP. */
  readonly calls: number;
  readonly spans: number;
}

function snippetsOf(guide: string): Snippet[] {
  const text = readFileSync(join(folder, guide), "utf8");
  const fences = [...text.matchAll(/^```(\w+) run calls=(\d+)(?: spans=(\d+))?\n([\s\S]*?)^```$/gm)];
  return fences.map(([, language = "", calls, spans = "0", code = ""], index) => ({
    guide,
    number: index + 1,
    language,
    code,
    calls: Number(calls),
    spans: Number(spans),
  }));
}

const guides = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "README.md");
const snippets = guides.flatMap(snippetsOf);

interface Runner {
  /** Writes the code where it can run; the command. */
  readonly command: (file: string, code: string) => readonly [program: string, ...args: string[]];
  /** Why the snippet cannot run here. */
  readonly missing: (code: string) => string | false;
}

const runners: Readonly<Record<string, Runner>> = {
  sh: {
    command: (_file, code) => ["bash", "-euo", "pipefail", "-c", code],
    missing: () => (hasProgram("curl", "--version") ? false : "no curl"),
  },
  python: {
    command(file, code) {
      writeFileSync(`${file}.py`, code);
      return [python, `${file}.py`];
    },
    missing(code) {
      const modules = [...code.matchAll(/^(?:from|import) (\w+)/gm)].map(([, name]) => name);
      const isHere = existsSync(python) && hasProgram(python, "-c", `import ${modules.join(", ")}`);
      return isHere ? false : `no python with ${modules.join(", ")}: \`.ci/run\` installs them into e2e/.venv`;
    },
  },
  ts: {
    command(file, code) {
      writeFileSync(`${file}.ts`, code);
      return [process.execPath, `${file}.ts`];
    },
    missing(code) {
      const packages = [...code.matchAll(/ from "([^"]+)";$/gm)].map(([, name = ""]) => name);
      const folders = [join(import.meta.dirname, "sdks", "node_modules"), join(checkout, "node_modules")];
      const lacking = packages.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
      return lacking.length === 0 ? false : `no ${lacking.join(", ")}: \`.ci/run\` installs them into e2e/sdks`;
    },
  },
  go: {
    command(file, code) {
      mkdirSync(file, { recursive: true });
      writeFileSync(join(file, "main.go"), code);
      for (const name of ["go.mod", "go.sum"]) {
        writeFileSync(join(file, name), readFileSync(join(import.meta.dirname, "guides-go", name)));
      }
      return ["go", "-C", file, "run", "."];
    },
    missing: () => (hasProgram("go", "version") ? false : "no Go tool-chain on PATH"),
  },
};

function hasProgram(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let mock: Program;
let weir: Weir;
before(async () => {
  mkdirSync(scratch, { recursive: true });
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.02");
  weir = await Weir.start({
    upstream: mock.url,
    environment: { WEIR_OLLAMA_BASE_URL: mock.url, WEIR_VLLM_BASE_URL: mock.url },
  });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

test("every guide has a snippet that is run, and the index names every guide", () => {
  const index = readFileSync(join(folder, "README.md"), "utf8");
  for (const guide of guides) {
    assert.ok(index.includes(`(${guide})`), `${guide} is not in the index`);
    assert.ok(snippetsOf(guide).length > 0, `${guide} has no snippet that is run`);
  }
});

for (const snippet of snippets) {
  const { guide, number, language, code, calls, spans } = snippet;
  const runner = runners[language];
  test(`${guide}, snippet ${number}`, { skip: runner?.missing(code) ?? `nothing runs ${language}` }, async () => {
    const before = new Set((await recorded()).map(({ span_id }) => span_id));
    const [program = "", ...args] = runner?.command(join(scratch, `${guide.replace(".md", "")}-${number}`), code) ?? [];
    const output = await run(program, args);
    let fresh: (CallSummary & { source: string })[] = [];
    await weir.until(`recorded: ${calls} call(s) of ${guide}`, 60_000, async () => {
      fresh = (await recorded()).filter(({ span_id }) => !before.has(span_id));
      return count(fresh, "gateway") >= calls && count(fresh, "otlp") >= spans;
    });
    assert.equal(count(fresh, "gateway"), calls, output);
    assert.equal(count(fresh, "otlp"), spans, output);
    for (const call of fresh.filter(({ source }) => source === "gateway")) {
      assert.equal(call.status, "ok");
      assert.notEqual(call.request_model, "");
      assert.ok((call.input_tokens ?? 0) > 0, `${call.request_model} has no input tokens`);
    }
    if (spans > 0)
      assert.equal(new Set(fresh.map(({ trace_id }) => trace_id)).size, 1, "spans and calls are one trace");
  });
}

async function recorded(): Promise<(CallSummary & { source: string })[]> {
  const kinds = ["llm", "embedding", "http", "tool", "agent", "chain"];
  const lists = await Promise.all(kinds.map((kind) => listCalls(weir, { kind })));
  return lists.flat() as (CallSummary & { source: string })[];
}

function count(calls: readonly { source: string }[], source: string): number {
  return calls.filter((call) => call.source === source).length;
}

/** Runs a program with the environment that the guides name; what it printed. Rejects with that when it fails. */
function run(program: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    GOFLAGS: "-mod=mod",
    GOPROXY: process.env["GOPROXY"],
    WEIR_URL: weir.url,
    WEIR_API_KEY: weir.apiKey,
    OPENAI_API_KEY: "sk-guide-provider-key",
    ANTHROPIC_API_KEY: "sk-ant-guide-provider-key",
  };
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      error === null
        ? resolve(stdout + stderr)
        : reject(new Error(`${program}: ${error.message}\n${stdout}\n${stderr}`));
    execFile(program, args, { env, timeout: 240_000, maxBuffer: 16 << 20 }, done);
  });
}
